"""``stationary``: four weeks of single lines at an even pace; what comes is known, and so is what it is worth."""

from __future__ import annotations

from scenarios.catalogue.board.carriage import Tariff, collections_of
from scenarios.catalogue.board.halls import Hall
from scenarios.catalogue.board.ring import Ring, Site
from scenarios.catalogue.board.shelves import articles, by_demand, daily_units, deliveries, popularity
from scenarios.demand import Demand, Promise
from scenarios.money import millicents
from scenarios.scenario import Scenario
from scenarios.settings import Settings

HORIZON_DAYS = 28
ORDERS_PER_DAY = 70.0
NUM_SKUS = 20
START_DAYS = 9.0
RECEIPT_DAYS = (6.0, 13.0, 20.0)
ANNOUNCED_HOURS = 48.0

RING = Ring((Site("north", 0.30, 3), Site("east", 0.26, 3), Site("south", 0.24, 3), Site("west", 0.20, 3)))
HALL = Hall(opens="00:00", closes="24:00", parcel_seconds=300, line_seconds=0)
TRUCKS = ("12:00", "19:00")
TARIFFS = (
    Tariff(name="ground", prices=(3.60, 4.40, 5.40), hours=((7, 4), (12, 6), (18, 8)), collections=TRUCKS),
    Tariff(name="express", prices=(6.60, 7.70, 9.20), hours=((3, 2), (5, 3), (8, 4)), collections=TRUCKS),
)
PROMISES = (Promise("standard", 1.0, 3),)
SETTINGS = Settings(
    max_parcels=1,
    is_backorder_allowed=False,
    lateness_step_millicents=millicents(5.00),
    lateness_hour_millicents=millicents(0.15),
    packaging_parcel_millicents=millicents(0.35),
    price_level_millicents=millicents(1.00),
)


def stationary() -> Scenario:
    """The same demand every hour for four weeks, one line an order, a receipt of every SKU each week."""
    skus = articles(NUM_SKUS, margin=(10.0, 25.0))
    demand = Demand(
        orders_per_day=ORDERS_PER_DAY,
        region_shares=RING.region_shares(),
        sku_shares=popularity(NUM_SKUS),
        promises=PROMISES,
    )
    daily = daily_units(demand)
    stock = by_demand(RING, skus, daily, days=START_DAYS, safety=0.5)
    weekly = {sku.name: 7.0 * units for sku, units in zip(skus, daily, strict=True)}
    return Scenario(
        id="stationary@1",
        horizon_days=HORIZON_DAYS,
        drain_days=5,
        warehouses=HALL.warehouses(RING),
        services=tuple(tariff.service() for tariff in TARIFFS),
        collections=collections_of(RING, TARIFFS),
        regions=RING.regions(),
        skus=skus,
        stock=stock,
        receipts=deliveries(stock, weekly, RECEIPT_DAYS, ANNOUNCED_HOURS),
        settings=SETTINGS,
        demand=demand,
    )
