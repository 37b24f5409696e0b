"""``single-warehouse``: one warehouse, three services; the only question is how fast a parcel must travel."""

from __future__ import annotations

from scenarios.catalogue.board.carriage import Tariff, collections_of
from scenarios.catalogue.board.halls import Hall
from scenarios.catalogue.board.ring import Ring, Site
from scenarios.catalogue.board.shelves import articles, by_demand, daily_units, popularity
from scenarios.demand import Demand, Promise
from scenarios.money import millicents
from scenarios.scenario import Scenario
from scenarios.settings import Settings

HORIZON_DAYS = 7
ORDERS_PER_DAY = 200.0
NUM_SKUS = 30

RING = Ring((Site("only", 1.0, 16, num_stations=3, radius_km=0.0),))
HALL = Hall(parcel_seconds=360, line_seconds=60)
TRUCKS = ("12:00", "19:00")
TARIFFS = (
    Tariff(name="economy", prices=(3.20, 3.90, 4.80), hours=((22, 8), (28, 10), (36, 14)), collections=("17:00",)),
    Tariff(name="ground", prices=(4.10, 4.90, 5.90), hours=((9, 5), (13, 7), (20, 9)), collections=TRUCKS),
    Tariff(name="express", prices=(6.90, 8.00, 9.60), hours=((4, 2), (6, 3), (9, 4)), collections=TRUCKS),
)
PROMISES = (Promise("tomorrow", 0.35, 1, cutoff="17:00"), Promise("standard", 0.40, 2), Promise("saver", 0.25, 5))
SETTINGS = Settings(
    max_parcels=2,
    lateness_step_millicents=millicents(5.00),
    lateness_hour_millicents=millicents(0.15),
    packaging_parcel_millicents=millicents(0.35),
    price_level_millicents=millicents(1.00),
)


def single_warehouse() -> Scenario:
    """One warehouse with enough stock and stations."""
    skus = articles(NUM_SKUS, margin=(10.0, 25.0))
    demand = Demand(
        orders_per_day=ORDERS_PER_DAY,
        region_shares=RING.region_shares(),
        sku_shares=popularity(NUM_SKUS),
        basket_shares=(0.60, 0.25, 0.15),
        promises=PROMISES,
    )
    daily = daily_units(demand)
    return Scenario(
        id="single-warehouse@1",
        horizon_days=HORIZON_DAYS,
        drain_days=6,
        warehouses=HALL.warehouses(RING),
        services=tuple(tariff.service() for tariff in TARIFFS),
        collections=collections_of(RING, TARIFFS),
        regions=RING.regions(),
        skus=skus,
        stock=by_demand(RING, skus, daily, days=14.0, safety=3.0),
        settings=SETTINGS,
        demand=demand,
    )
