"""What toys have in common.

All lie on the equator at UTC, where one degree of longitude is 111.2 km. Warehouses never close unless a toy says
so, a pick takes 10 minutes, a parcel 24 hours from collection to door; a parcel costs 0.50 to handle and a line 0.10;
carbon and packaging are free. Trucks come at 12:00 and 18:00. Second 0 is Monday, 2025-03-03 00:00.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from scenarios.collection import Collection
from scenarios.handling import Handling
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS, parse_utc
from scenarios.money import millicents
from scenarios.order_log import LogLine, LogOrder, OrderLog
from scenarios.quantiles import QuantileTable, constant
from scenarios.region import Region
from scenarios.scenario import Scenario
from scenarios.service import CarrierService, Rate, Zone
from scenarios.settings import Settings
from scenarios.sku import Sku
from scenarios.stock import StockRow
from scenarios.warehouse import ALL_WEEK, ALWAYS_OPEN, Shift, Warehouse

EPOCH = "2025-03-03T00:00:00Z"

SETTINGS = Settings(
    max_parcels=2,
    lateness_step_millicents=millicents(5.00),
    lateness_hour_millicents=millicents(0.50),
    lateness_cap_hours=48,
    waiting_hour_millicents=millicents(0.02),
    carbon_kg_millicents=0,
    packaging_parcel_millicents=0,
    packaging_kg_millicents=0,
    price_level_millicents=millicents(4.00),
)


def build_toy(
    scenario_id: str,
    *,
    places: dict[str, float],
    regions: dict[str, float],
    skus: tuple[Sku, ...],
    stock: tuple[StockRow, ...],
    orders: tuple[LogOrder, ...],
    services: tuple[CarrierService, ...],
    collection_hours: dict[str, tuple[str, ...]] | None = None,
    capabilities: dict[str, Handling] | None = None,
    shifts: tuple[Shift, ...] = ALWAYS_OPEN,
    short_pick_shares: dict[str, float] | None = None,
    lead_time: QuantileTable | None = None,
    settings: Settings = SETTINGS,
    **others: Any,
) -> Scenario:
    """Warehouses and regions by longitude; lines take the margin of their SKU; ``others`` are fields of a scenario."""
    hours = collection_hours or {name: ("12:00", "18:00") for name in places}
    priced = tuple(
        replace(order, lines=tuple(replace(line, margin_millicents=_margin(skus, line)) for line in order.lines))
        for order in orders
    )
    return Scenario(
        id=scenario_id,
        epoch=EPOCH,
        horizon_days=1,
        drain_days=5,
        warehouses=tuple(
            Warehouse(
                name=name,
                latitude=0.0,
                longitude=longitude,
                num_stations=2,
                shifts=shifts,
                parcel_millicents=millicents(0.50),
                line_millicents=millicents(0.10),
                pick_parcel_seconds=600,
                capabilities=(capabilities or {}).get(name, Handling.NONE),
                short_pick_share=(short_pick_shares or {}).get(name, 0.0),
                lead_time=lead_time,
            )
            for name, longitude in places.items()
        ),
        services=services,
        collections=tuple(
            Collection(name, service.name, ALL_WEEK, at, 100)
            for name in places
            for service in services
            for at in hours[name]
        ),
        regions=tuple(Region(name, 0.0, longitude) for name, longitude in regions.items()),
        skus=skus,
        stock=stock,
        settings=settings,
        demand=OrderLog.of(priced),
        **others,
    )


def toy_service(
    prices: dict[int, float], name: str = "ground", capabilities: Handling = Handling.NONE
) -> CarrierService:
    """A service with these prices by ``max_km``."""
    day = constant(24 * HOUR_SECONDS)
    zones = tuple(Zone(km, (Rate(10_000, millicents(price)),), day) for km, price in prices.items())
    return CarrierService(name=name, zones=zones, capabilities=capabilities)


def toy_order(
    hour: float, region: int, skus: tuple[int, ...], promise_days: int = 4, customer: int | None = None
) -> LogOrder:
    """One unit of each SKU, promised for the end of a day; every order has its own customer if none is given."""
    epoch, placed_at = parse_utc("epoch", EPOCH), round(hour * HOUR_SECONDS)
    return LogOrder(
        placed_at=epoch + placed_at,
        promise_at=epoch + promise_days * DAY_SECONDS,
        region=region,
        lines=tuple(LogLine(sku, 1) for sku in skus),
        customer_id=placed_at if customer is None else customer,
    )


def _margin(skus: tuple[Sku, ...], line: LogLine) -> int:
    return line.units * skus[line.sku].margin_millicents
