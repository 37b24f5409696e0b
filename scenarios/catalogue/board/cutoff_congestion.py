"""``cutoff-congestion``: whoever joins a queue delays everybody behind, and three trucks a day wait for nobody."""

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
ORDERS_PER_DAY = 460.0
NUM_SKUS = 20

RING = Ring(
    (
        Site("hub", 0.52, 4, num_stations=2),
        Site("north", 0.18, 3),
        Site("east", 0.16, 3),
        Site("west", 0.14, 2),
    )
)
HALL = Hall(closes="22:00", parcel_seconds=510, line_seconds=50)
TRUCKS = ("11:00", "15:00", "19:00")
TARIFFS = (
    Tariff(name="day", prices=(3.60, 4.30, 5.20), hours=((4, 2.5), (8, 3.5), (14, 5)), collections=TRUCKS),
    Tariff(name="flash", prices=(6.60, 7.60, 9.20), hours=((2, 1.5), (4, 2), (8, 3)), collections=TRUCKS),
)
PROMISES = (
    Promise("today", 0.50, 0, cutoff="13:00"),
    Promise("tomorrow", 0.20, 1),
    Promise("saver", 0.30, 4),
)
HOUR_WEIGHTS = (
    *(0.10, 0.05, 0.05, 0.05, 0.05, 0.20, 0.80, 1.60, 2.20, 2.30, 2.10, 1.70),
    *(1.50, 1.40, 1.40, 1.40, 1.40, 1.30, 1.10, 0.90, 0.80, 0.60, 0.40, 0.20),
)
SETTINGS = Settings(
    max_parcels=2,
    is_backorder_allowed=False,
    lateness_step_millicents=millicents(6.00),
    lateness_hour_millicents=millicents(0.15),
    packaging_parcel_millicents=millicents(0.35),
    price_level_millicents=0,
)


def cutoff_congestion() -> Scenario:
    """Picking at its limit in busy hours, three collections a day, promises for the same day."""
    skus = articles(NUM_SKUS, margin=(15.0, 30.0), grams=(200.0, 900.0))
    demand = Demand(
        orders_per_day=ORDERS_PER_DAY,
        region_shares=RING.region_shares(),
        sku_shares=popularity(NUM_SKUS),
        basket_shares=(0.85, 0.15),
        promises=PROMISES,
        hour_weights=HOUR_WEIGHTS,
    )
    daily = daily_units(demand)
    return Scenario(
        id="cutoff-congestion@1",
        horizon_days=HORIZON_DAYS,
        drain_days=4,
        warehouses=HALL.warehouses(RING),
        services=tuple(tariff.service() for tariff in TARIFFS),
        collections=collections_of(RING, TARIFFS),
        regions=RING.regions(),
        skus=skus,
        stock=by_demand(RING, skus, daily, days=3.0 * HORIZON_DAYS, safety=3.0),
        settings=SETTINGS,
        demand=demand,
    )
