"""``hold-consolidate``: many customers order again within half an hour, and a second parcel is dear."""

from __future__ import annotations

from scenarios.catalogue.board.carriage import Tariff, collections_of
from scenarios.catalogue.board.halls import Hall
from scenarios.catalogue.board.ring import Ring, Site
from scenarios.catalogue.board.shelves import articles, by_demand, daily_units, popularity
from scenarios.demand import Demand, Promise
from scenarios.money import millicents
from scenarios.scenario import Scenario
from scenarios.settings import Settings

HORIZON_DAYS = 5
ORDERS_PER_DAY = 360.0
NUM_SKUS = 30
REPEAT_SHARE, REPEAT_MINUTES = 0.30, 14.0
"""Of first orders; seven eighths of those that come again come within half an hour."""

RING = Ring(
    (
        Site("north", 0.30, 3, num_stations=2),
        Site("east", 0.26, 3),
        Site("south", 0.24, 3),
        Site("west", 0.20, 3),
    )
)
HALL = Hall(parcel_seconds=400, line_seconds=60, parcel_cost=0.90)
TARIFFS = (
    Tariff(
        name="ground",
        prices=(4.60, 5.50, 6.60),
        hours=((10, 4), (15, 6), (22, 8)),
        collections=("12:30", "18:30"),
    ),
    Tariff(name="express", prices=(8.20, 9.40, 11.00), hours=((5, 2), (7, 3), (10, 4)), collections=("12:30", "20:30")),
)
PROMISES = (Promise("tomorrow", 0.55, 1, cutoff="19:00"), Promise("saver", 0.45, 3))
HOUR_WEIGHTS = (
    *(0.20, 0.10, 0.10, 0.10, 0.10, 0.20, 0.50, 0.90, 1.20, 1.40, 1.50, 1.60),
    *(1.50, 1.30, 1.30, 1.40, 1.60, 1.80, 1.80, 1.50, 1.30, 1.10, 0.80, 0.40),
)
SETTINGS = Settings(
    max_parcels=3,
    is_backorder_allowed=False,
    lateness_step_millicents=millicents(6.00),
    lateness_hour_millicents=millicents(0.20),
    waiting_hour_millicents=millicents(0.80),
    packaging_parcel_millicents=millicents(0.70),
    price_level_millicents=0,
    hold_short_minutes=30,
    hold_long_minutes=60,
)


def hold_consolidate() -> Scenario:
    """Three customers in ten order again within the hour; orders can be held for them, at a price."""
    skus = articles(NUM_SKUS, margin=(15.0, 30.0), grams=(150.0, 700.0))
    demand = Demand(
        orders_per_day=ORDERS_PER_DAY,
        region_shares=RING.region_shares(),
        sku_shares=popularity(NUM_SKUS),
        basket_shares=(0.55, 0.25, 0.12, 0.08),
        promises=PROMISES,
        hour_weights=HOUR_WEIGHTS,
        repeat_share=REPEAT_SHARE,
        repeat_minutes=REPEAT_MINUTES,
    )
    daily = daily_units(demand)
    return Scenario(
        id="hold-consolidate@1",
        horizon_days=HORIZON_DAYS,
        drain_days=4,
        warehouses=HALL.warehouses(RING),
        services=tuple(tariff.service() for tariff in TARIFFS),
        collections=collections_of(RING, TARIFFS),
        regions=RING.regions(),
        skus=skus,
        stock=by_demand(RING, skus, daily, days=2.0 * HORIZON_DAYS, safety=3.0),
        settings=SETTINGS,
        demand=demand,
    )
