"""``two-tier``: regional warehouses that have everything, and front ones in the cities that have the best sellers."""

from __future__ import annotations

from scenarios.catalogue.board.carriage import Tariff, collections_of
from scenarios.catalogue.board.halls import Hall
from scenarios.catalogue.board.ring import Ring, Site
from scenarios.catalogue.board.shelves import articles, daily_units, popularity
from scenarios.demand import Demand, Promise
from scenarios.money import millicents
from scenarios.scenario import Scenario
from scenarios.settings import Settings
from scenarios.stock import StockRow

HORIZON_DAYS = 6
ORDERS_PER_DAY = 250.0
NUM_SKUS = 36
NUM_IN_FRONT = 12
"""Best sellers that front warehouses keep."""

FRONT_DAYS, REGIONAL_DAYS = 12.0, 8.0
"""Cover at the start: of the city's demand, of the whole country's."""

RING = Ring(
    (
        Site("city-one", 0.34, 4, radius_km=220.0),
        Site("depot-south", 0.06, 2, num_stations=3, radius_km=120.0),
        Site("city-two", 0.30, 4, radius_km=220.0),
        Site("city-three", 0.24, 4, radius_km=220.0),
        Site("depot-north", 0.06, 2, num_stations=3, radius_km=120.0),
    )
)
DEPOTS = ("depot-south", "depot-north")
HALL = Hall(parcel_seconds=260, line_seconds=40)
TRUCKS = ("12:00", "19:00")
TARIFFS = (
    Tariff(name="ground", prices=(3.40, 4.40, 5.40), hours=((6, 4), (12, 6), (18, 8)), collections=TRUCKS),
    Tariff(name="express", prices=(6.40, 7.70, 9.20), hours=((3, 2), (5, 3), (8, 4)), collections=TRUCKS),
)
PROMISES = (Promise("tomorrow", 0.45, 1, cutoff="17:00"), Promise("standard", 0.35, 2), Promise("saver", 0.20, 4))
SETTINGS = Settings(
    max_parcels=3,
    lateness_step_millicents=millicents(5.00),
    lateness_hour_millicents=millicents(0.15),
    packaging_parcel_millicents=millicents(0.35),
    price_level_millicents=millicents(1.00),
)


def two_tier() -> Scenario:
    """Three front warehouses with a dozen best sellers, two depots with the whole range."""
    skus = articles(NUM_SKUS, margin=(10.0, 25.0))
    demand = Demand(
        orders_per_day=ORDERS_PER_DAY,
        region_shares=RING.region_shares(),
        sku_shares=popularity(NUM_SKUS),
        basket_shares=(0.60, 0.25, 0.15),
        promises=PROMISES,
    )
    daily = daily_units(demand)
    stock = []
    for rank, (sku, units) in enumerate(zip(skus, daily, strict=True)):
        for site in RING.sites:
            if site.name in DEPOTS:
                stock.append(StockRow(site.name, sku.name, round(units * REGIONAL_DAYS)))
            elif rank < NUM_IN_FRONT:
                stock.append(StockRow(site.name, sku.name, round(units * FRONT_DAYS * site.share)))
    return Scenario(
        id="two-tier@1",
        horizon_days=HORIZON_DAYS,
        drain_days=5,
        warehouses=HALL.warehouses(RING),
        services=tuple(tariff.service() for tariff in TARIFFS),
        collections=collections_of(RING, TARIFFS),
        regions=RING.regions(),
        skus=skus,
        stock=tuple(stock),
        settings=SETTINGS,
        demand=demand,
    )
