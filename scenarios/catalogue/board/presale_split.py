"""``presale-split``: baskets with goods that ship from a date; wait for them, or split, and who picks them all then."""

from __future__ import annotations

from dataclasses import replace

from scenarios.catalogue.board.carriage import Tariff, collections_of
from scenarios.catalogue.board.daytime import DAYTIME
from scenarios.catalogue.board.halls import Hall
from scenarios.catalogue.board.ring import Ring, Site
from scenarios.catalogue.board.shelves import articles, by_demand, daily_units, popularity
from scenarios.demand import Demand, Promise
from scenarios.money import millicents
from scenarios.scenario import Scenario
from scenarios.settings import Settings

HORIZON_DAYS = 6
ORDERS_PER_DAY = 290.0
NUM_SKUS = 28
PRESALE_DAYS = {0: 4, 2: 4, 3: 3, 5: 4, 8: 3, 11: 4, 14: 4}
"""Rank of the SKU: day from which it ships."""

RING = Ring(
    (
        Site("hub", 0.40, 4, num_stations=2),
        Site("north", 0.24, 3),
        Site("east", 0.20, 3),
        Site("west", 0.16, 2),
    )
)
HALL = Hall(opens="06:00", closes="22:00", parcel_seconds=520, line_seconds=70)
TRUCKS = ("12:00", "19:00")
TARIFFS = (
    Tariff(name="ground", prices=(3.80, 4.60, 5.60), hours=((7, 4), (12, 6), (18, 8)), collections=TRUCKS),
    Tariff(name="express", prices=(6.80, 8.00, 9.60), hours=((3, 2), (5, 3), (8, 4)), collections=TRUCKS),
)
PROMISES = (Promise("tomorrow", 0.55, 1, cutoff="17:00"), Promise("saver", 0.45, 4))
SETTINGS = Settings(
    max_parcels=3,
    is_backorder_allowed=False,
    lateness_step_millicents=millicents(5.00),
    lateness_hour_millicents=millicents(0.15),
    waiting_hour_millicents=millicents(0.04),
    packaging_parcel_millicents=millicents(0.50),
    price_level_millicents=millicents(2.00),
)


def presale_split() -> Scenario:
    """A third of the lines of the first days are of goods that ship from two dates on, mostly together with others."""
    skus = articles(NUM_SKUS, margin=(15.0, 30.0), grams=(150.0, 700.0))
    demand = Demand(
        orders_per_day=ORDERS_PER_DAY,
        region_shares=RING.region_shares(),
        sku_shares=popularity(NUM_SKUS),
        basket_shares=(0.40, 0.32, 0.18, 0.10),
        promises=PROMISES,
        hour_weights=DAYTIME,
    )
    daily = daily_units(demand)
    return Scenario(
        id="presale-split@1",
        horizon_days=HORIZON_DAYS,
        drain_days=5,
        warehouses=HALL.warehouses(RING),
        services=tuple(tariff.service() for tariff in TARIFFS),
        collections=collections_of(RING, TARIFFS),
        regions=RING.regions(),
        skus=tuple(replace(sku, ship_from_day=PRESALE_DAYS.get(rank)) for rank, sku in enumerate(skus)),
        stock=by_demand(RING, skus, daily, days=2.0 * HORIZON_DAYS, safety=3.0),
        settings=SETTINGS,
        demand=demand,
    )
