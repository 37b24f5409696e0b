"""``tiny``: small enough for an exact dynamic program.

Two warehouses, two SKUs, orders of one line and one unit, so many stations that nothing queues, fixed pick
and transit times, hourly collections that never fill, no receipts, at most 30 orders. The only question is
which warehouse gives up its unit.
"""

from __future__ import annotations

from scenarios.collection import Collection
from scenarios.demand import Demand, Promise
from scenarios.local_time import HOUR_SECONDS
from scenarios.money import millicents
from scenarios.quantiles import constant
from scenarios.region import Region
from scenarios.scenario import Scenario
from scenarios.service import CarrierService, Rate, Zone
from scenarios.settings import Settings
from scenarios.sku import Sku
from scenarios.stock import StockRow
from scenarios.warehouse import ALL_WEEK, Warehouse

EAST, WEST = "east", "west"


def tiny() -> Scenario:
    """Two warehouses 890 km apart, three regions between them."""
    day = constant(24 * HOUR_SECONDS)
    ground = CarrierService(
        name="ground",
        zones=(
            Zone(150, (Rate(30_000, millicents(3.00)),), day),
            Zone(500, (Rate(30_000, millicents(4.50)),), day),
            Zone(1500, (Rate(30_000, millicents(8.00)),), day),
        ),
        carbon_parcel_milligrams=200_000,
        carbon_kg_km_milligrams=150,
    )
    return Scenario(
        id="tiny@1",
        horizon_days=1,
        drain_days=4,
        warehouses=tuple(
            Warehouse(
                name=name,
                latitude=0.0,
                longitude=longitude,
                num_stations=30,
                parcel_millicents=millicents(0.50),
                line_millicents=millicents(0.10),
                pick_parcel_seconds=300,
            )
            for name, longitude in ((EAST, 8.0), (WEST, 0.0))
        ),
        services=(ground,),
        collections=tuple(
            Collection(name, "ground", ALL_WEEK, f"{hour:02d}:00", 1000) for name in (EAST, WEST) for hour in range(24)
        ),
        regions=(
            Region("sunrise", 0.0, 8.0),
            Region("noon", 0.0, 4.0),
            Region("sunset", 0.0, 0.0),
        ),
        skus=(Sku("lamp", 1500, millicents(15.00)), Sku("book", 400, millicents(8.00))),
        stock=(
            StockRow(EAST, "lamp", 5),
            StockRow(WEST, "lamp", 8),
            StockRow(EAST, "book", 10),
            StockRow(WEST, "book", 5),
        ),
        settings=Settings(max_parcels=1, is_backorder_allowed=False),
        demand=Demand(
            orders_per_day=22.0,
            region_shares=(0.5, 0.3, 0.2),
            sku_shares=(0.45, 0.55),
            promises=(Promise("standard", 1.0, 3),),
            max_orders=30,
        ),
    )
