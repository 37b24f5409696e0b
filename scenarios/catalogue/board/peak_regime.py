"""``peak-regime``: demand multiplies somewhere, unannounced, and stock and stations there are soon used up."""

from __future__ import annotations

from scenarios.catalogue.board.carriage import Tariff, collections_of
from scenarios.catalogue.board.daytime import DAYTIME
from scenarios.catalogue.board.halls import Hall
from scenarios.catalogue.board.ring import Ring, Site
from scenarios.catalogue.board.shelves import articles, by_demand, daily_units, popularity
from scenarios.demand import Demand, Promise
from scenarios.money import millicents
from scenarios.promotion import Promotion
from scenarios.scenario import Scenario
from scenarios.settings import Settings

HORIZON_DAYS = 7
ORDERS_PER_DAY = 210.0
NUM_SKUS = 36
COVER_DAYS, SAFETY = 9.0, 1.5

RING = Ring(
    (
        Site("north", 0.26, 3),
        Site("east", 0.22, 3),
        Site("south", 0.20, 3),
        Site("west", 0.18, 3),
        Site("lake", 0.14, 3),
    )
)
HALL = Hall(opens="06:00", closes="22:00", parcel_seconds=720, line_seconds=80)
TRUCKS = ("11:00", "15:00", "19:00")
TARIFFS = (
    Tariff(name="ground", prices=(3.60, 4.40, 5.40), hours=((4, 2.5), (8, 3.5), (14, 5)), collections=TRUCKS),
    Tariff(name="express", prices=(6.60, 7.70, 9.20), hours=((2, 1.5), (4, 2), (8, 3)), collections=TRUCKS),
)
PROMISES = (
    Promise("today", 0.45, 0, cutoff="13:00"),
    Promise("tomorrow", 0.15, 1, cutoff="18:00"),
    Promise("saver", 0.40, 4),
)
PEAKS = ((3.5, 40.0, 1.2), (2.5, 72.0, 2.2))
"""At each of the sites: factor, hours, mean number in 28 days."""

SETTINGS = Settings(
    max_parcels=3,
    is_backorder_allowed=False,
    lateness_step_millicents=millicents(8.00),
    lateness_hour_millicents=millicents(0.15),
    packaging_parcel_millicents=millicents(0.35),
    price_level_millicents=millicents(6.00),
)


def peak_regime() -> Scenario:
    """Unannounced peaks of up to 3.5 times the demand, each around one of the warehouses."""
    skus = articles(NUM_SKUS, margin=(10.0, 25.0), grams=(200.0, 900.0))
    demand = Demand(
        orders_per_day=ORDERS_PER_DAY,
        region_shares=RING.region_shares(),
        sku_shares=popularity(NUM_SKUS),
        basket_shares=(0.70, 0.22, 0.08),
        promises=PROMISES,
        hour_weights=DAYTIME,
    )
    daily = daily_units(demand)
    return Scenario(
        id="peak-regime@1",
        horizon_days=HORIZON_DAYS,
        drain_days=5,
        warehouses=HALL.warehouses(RING),
        services=tuple(tariff.service() for tariff in TARIFFS),
        collections=collections_of(RING, TARIFFS),
        regions=RING.regions(),
        skus=skus,
        stock=by_demand(RING, skus, daily, days=COVER_DAYS, safety=SAFETY),
        settings=SETTINGS,
        demand=demand,
        promotions=tuple(
            Promotion(factor=factor, hours=hours, per_28_days=number, regions=RING.names_around(site.name))
            for factor, hours, number in PEAKS
            for site in RING.sites
        ),
    )
