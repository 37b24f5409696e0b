"""``carrier-regime``: two cheap carriers turn slow for days, and only their early parcels tell."""

from __future__ import annotations

from scenarios.carrier_regimes import CarrierRegimes
from scenarios.catalogue.board.carriage import Tariff, collections_of
from scenarios.catalogue.board.daytime import DAYTIME
from scenarios.catalogue.board.halls import Hall
from scenarios.catalogue.board.ring import Ring, Site
from scenarios.catalogue.board.shelves import articles, by_demand, daily_units, popularity
from scenarios.demand import Demand, Promise
from scenarios.money import millicents
from scenarios.scenario import Scenario
from scenarios.settings import Settings

HORIZON_DAYS = 14
ORDERS_PER_DAY = 130.0
NUM_SKUS = 24

RING = Ring((Site("north", 0.30, 3), Site("east", 0.26, 3), Site("south", 0.24, 3), Site("west", 0.20, 3)))
HALL = Hall(parcel_seconds=400, line_seconds=60)
TRUCKS = ("12:00", "18:00")
CHEAP_HOURS = ((5, 4), (9, 5), (14, 7))
TARIFFS = (
    Tariff(name="swift", prices=(3.50, 4.20, 5.00), hours=CHEAP_HOURS, collections=TRUCKS, more=(0.40, 1.20, 3.00)),
    Tariff(name="mail", prices=(3.20, 3.90, 4.70), hours=CHEAP_HOURS, collections=TRUCKS, more=(1.20, 2.60, 5.00)),
    Tariff(name="courier", prices=(5.60, 6.70, 8.00), hours=((5, 3), (8, 4), (12, 6)), collections=TRUCKS),
)
PROMISES = (Promise("tomorrow", 0.50, 1, cutoff="17:00"), Promise("standard", 0.30, 2), Promise("saver", 0.20, 4))
REGIMES = tuple(
    CarrierRegimes(
        service=service,
        transit_permille=(1000, 2200, 3600),
        mean_days=(6.0, 3.0, 5.0),
        moves=((0.0, 0.4, 0.6), (0.5, 0.0, 0.5), (0.8, 0.2, 0.0)),
    )
    for service in ("swift", "mail")
)
SETTINGS = Settings(
    max_parcels=2,
    is_backorder_allowed=False,
    lateness_step_millicents=millicents(6.00),
    lateness_hour_millicents=millicents(0.20),
    packaging_parcel_millicents=millicents(0.35),
    price_level_millicents=0,
)


def carrier_regime() -> Scenario:
    """Hidden states of two cheap services that last for days, and a dear one that can be relied on."""
    skus = articles(NUM_SKUS, margin=(15.0, 30.0), grams=(300.0, 2_500.0))
    demand = Demand(
        orders_per_day=ORDERS_PER_DAY,
        region_shares=RING.region_shares(),
        sku_shares=popularity(NUM_SKUS),
        basket_shares=(0.80, 0.20),
        promises=PROMISES,
        hour_weights=DAYTIME,
    )
    daily = daily_units(demand)
    return Scenario(
        id="carrier-regime@1",
        horizon_days=HORIZON_DAYS,
        drain_days=7,
        warehouses=HALL.warehouses(RING),
        services=tuple(tariff.service() for tariff in TARIFFS),
        collections=collections_of(RING, TARIFFS),
        regions=RING.regions(),
        skus=skus,
        stock=by_demand(RING, skus, daily, days=2.0 * HORIZON_DAYS, safety=3.0),
        settings=SETTINGS,
        demand=demand,
        regimes=REGIMES,
    )
