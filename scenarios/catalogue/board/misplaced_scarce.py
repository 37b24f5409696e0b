"""``misplaced-scarce``: baskets of up to four lines, stock in the wrong places, and receipts that may not come."""

from __future__ import annotations

from scenarios.catalogue.board.carriage import Tariff, collections_of
from scenarios.catalogue.board.halls import Hall
from scenarios.catalogue.board.ring import Ring, Site
from scenarios.catalogue.board.shelves import articles, daily_units, deliveries, misplaced, popularity
from scenarios.demand import Demand, Promise
from scenarios.local_time import HOUR_SECONDS
from scenarios.money import millicents
from scenarios.quantiles import from_quantiles, lognormal
from scenarios.receipt_reliability import ReceiptReliability
from scenarios.scenario import Scenario
from scenarios.settings import Settings

HORIZON_DAYS = 7
ORDERS_PER_DAY = 200.0
NUM_SKUS = 40
HOLDERS, EVENNESS = 3, 0.10
START_DAYS = 6.0
"""Of mean demand, on the shelves at the start."""

RECEIPT_DAYS = (1.5, 3.0, 4.5, 6.0)
RECEIPT_COVER = 0.70
"""Days of mean demand in one receipt."""

ANNOUNCED_HOURS = 48.0

RING = Ring(
    (
        Site("north", 0.30, 3),
        Site("east", 0.24, 3),
        Site("south", 0.18, 3),
        Site("west", 0.16, 3),
        Site("lake", 0.12, 3),
    )
)
HALL = Hall(parcel_seconds=300, line_seconds=50)
TRUCKS = ("12:00", "19:00")
TARIFFS = (
    Tariff(name="ground", prices=(3.60, 5.00, 6.60), hours=((8, 5), (14, 7), (22, 9)), collections=TRUCKS),
    Tariff(name="express", prices=(6.60, 8.00, 9.80), hours=((4, 2), (6, 3), (9, 4)), collections=TRUCKS),
)
PROMISES = (Promise("standard", 0.65, 2), Promise("saver", 0.35, 4))
RELIABILITY = ReceiptReliability(
    delay=lognormal(30 * HOUR_SECONDS, 0.8),
    early_seconds=2 * HOUR_SECONDS,
    short_share=0.60,
    fill=from_quantiles((0.0, 0.3, 1.0), (0.0, 300.0, 900.0)),
)
SETTINGS = Settings(
    max_parcels=3,
    lateness_step_millicents=millicents(6.00),
    lateness_hour_millicents=millicents(0.15),
    waiting_hour_millicents=millicents(0.01),
    packaging_parcel_millicents=millicents(0.35),
    price_level_millicents=millicents(7.00),
)


def misplaced_scarce() -> Scenario:
    """Each SKU lies in a few warehouses, not where it is ordered, and not enough of it."""
    skus = articles(NUM_SKUS, margin=(8.0, 20.0), grams=(200.0, 900.0))
    demand = Demand(
        orders_per_day=ORDERS_PER_DAY,
        region_shares=RING.region_shares(),
        sku_shares=popularity(NUM_SKUS),
        basket_shares=(0.34, 0.28, 0.22, 0.16),
        promises=PROMISES,
    )
    daily = daily_units(demand)
    stock = misplaced(RING, skus, tuple(START_DAYS * units for units in daily), HOLDERS, EVENNESS)
    coming = {sku.name: RECEIPT_COVER * units for sku, units in zip(skus, daily, strict=True)}
    return Scenario(
        id="misplaced-scarce@1",
        horizon_days=HORIZON_DAYS,
        drain_days=5,
        warehouses=HALL.warehouses(RING),
        services=tuple(tariff.service() for tariff in TARIFFS),
        collections=collections_of(RING, TARIFFS),
        regions=RING.regions(),
        skus=skus,
        stock=stock,
        receipts=deliveries(stock, coming, RECEIPT_DAYS, ANNOUNCED_HOURS),
        settings=SETTINGS,
        demand=demand,
        reliability=RELIABILITY,
    )
