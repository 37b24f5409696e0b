"""``ample-stock``: everything is everywhere, nobody queues; what is left is the cheapest way that is in time."""

from __future__ import annotations

from scenarios.catalogue.board.carriage import Tariff, collections_of
from scenarios.catalogue.board.halls import Hall
from scenarios.catalogue.board.ring import Ring, Site
from scenarios.catalogue.board.shelves import articles, by_demand, daily_units, popularity
from scenarios.demand import Demand, Promise
from scenarios.money import millicents
from scenarios.scenario import Scenario
from scenarios.settings import Settings

HORIZON_DAYS = 6
ORDERS_PER_DAY = 240.0
NUM_SKUS = 40

RING = Ring(
    (
        Site("north", 0.26, 3, num_stations=2),
        Site("east", 0.22, 3, num_stations=2),
        Site("south", 0.20, 3, num_stations=2),
        Site("west", 0.18, 3, num_stations=2),
        Site("lake", 0.14, 3, num_stations=2),
    )
)
HALL = Hall(parcel_seconds=300, line_seconds=50)
TRUCKS = ("12:00", "19:00")
TARIFFS = (
    Tariff(name="ground", prices=(3.60, 4.40, 5.40), hours=((7, 4), (12, 6), (18, 8)), collections=TRUCKS),
    Tariff(name="express", prices=(6.60, 7.70, 9.20), hours=((3, 2), (5, 3), (8, 4)), collections=TRUCKS),
)
PROMISES = (Promise("tomorrow", 0.40, 1, cutoff="17:00"), Promise("standard", 0.35, 2), Promise("saver", 0.25, 4))
SETTINGS = Settings(
    max_parcels=3,
    lateness_step_millicents=millicents(5.00),
    lateness_hour_millicents=millicents(0.15),
    packaging_parcel_millicents=millicents(0.35),
    price_level_millicents=millicents(1.00),
)


def ample_stock() -> Scenario:
    """Five warehouses that have three weeks of their regions' demand, and pickers who wait for work."""
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
        id="ample-stock@1",
        horizon_days=HORIZON_DAYS,
        drain_days=5,
        warehouses=HALL.warehouses(RING),
        services=tuple(tariff.service() for tariff in TARIFFS),
        collections=collections_of(RING, TARIFFS),
        regions=RING.regions(),
        skus=skus,
        stock=by_demand(RING, skus, daily, days=21.0, safety=3.0),
        settings=SETTINGS,
        demand=demand,
    )
