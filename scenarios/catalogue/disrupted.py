"""``metro-disrupted`` and ``metro-reorder``: metro with all that can happen, and with shelves that refill themselves.

Network, demand, stock and calendars are those of ``scenarios.catalogue.metro``, but for what stands here: assumptions
of a plausible size (see ``docs/assumptions.md``).
"""

from __future__ import annotations

from dataclasses import replace

from scenarios.carrier_regimes import CarrierRegimes
from scenarios.catalogue.metro import SITES, metro, metro_small
from scenarios.demand import Demand
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.outage_risk import OutageRisk
from scenarios.patience import Patience
from scenarios.promotion import Promotion
from scenarios.quantiles import exponential, from_quantiles, lognormal
from scenarios.receipt_reliability import ReceiptReliability
from scenarios.scenario import Scenario

HOLD_MINUTES = (30, 60)
PRESALE_DAYS = {7: 2, 48: 3, 90: 5, 152: 4}
"""Rank of the SKU: day from which it ships."""

SHORT_PICK_SHARE = 0.01
REPEAT_SHARE, REPEAT_MINUTES = 0.08, 45.0
"""More customers than in metro order again, and sooner."""

PATIENCE = Patience(exponential(20 * HOUR_SECONDS), share=0.4)

PROMOTIONS = (
    # the best sellers, everywhere, about once a week
    ("item", 4.0, 8.0, 1.8, ()),
    # everything, around the big city, about once a fortnight
    ("", 2.0, 6.0, 1.5, ("capital",)),
)
NUM_PROMOTED = 12
"""SKUs of the first kind of promotion, from the best-selling on."""

# service: mean number in 28 days, median hours, sigma, at one warehouse each (or at all at once)
OUTAGES = {
    "ground": (1.0, 14.0, 0.6, tuple(SITES)),
    "eco": (0.5, 20.0, 0.6, ()),
}
# service: transit in thousandths, mean days of the regimes normal, congested, severe
REGIMES = {
    "eco": ((1000, 1350, 1900), (9.0, 2.5, 1.0)),
    "ground": ((1000, 1300, 1800), (10.0, 2.0, 0.8)),
    "express": ((1000, 1200, 1600), (14.0, 1.0, 0.4)),
    "freight": ((1000, 1300, 1700), (12.0, 2.0, 0.8)),
}
RELIABILITY = ReceiptReliability(
    delay=lognormal(4 * HOUR_SECONDS, 0.9),
    early_seconds=3 * HOUR_SECONDS,
    short_share=0.15,
    fill=from_quantiles((0.0, 0.3, 1.0), (0.0, 600.0, 950.0)),
)

# of metro-reorder
RECEIPT_DAYS = 3
"""Receipts of the first days are on their way already; later ones are reordered."""
REVIEW_HOURS = 12
REORDER_POINT, ORDER_UP_TO = 0.45, 1.10
"""As shares of a shelf's units at the start."""
LEAD_TIME = lognormal(20 * HOUR_SECONDS, 0.4, 8 * HOUR_SECONDS)


def metro_disrupted(horizon_days: int = 7) -> Scenario:
    """Metro with holds, presale, short picks, outages, regimes, promotions, cancellations and uncertain receipts."""
    world = metro(horizon_days)
    assert isinstance(world.demand, Demand)
    days = {world.skus[rank].name: day for rank, day in PRESALE_DAYS.items()}
    short, long = HOLD_MINUTES
    sellers = [sku.name for sku in world.skus if sku.name.startswith("item")][:NUM_PROMOTED]
    regions = [region.name for region in world.regions]
    return replace(
        world,
        id="metro-disrupted@1",
        skus=tuple(replace(sku, ship_from_day=days.get(sku.name)) for sku in world.skus),
        warehouses=tuple(replace(warehouse, short_pick_share=SHORT_PICK_SHARE) for warehouse in world.warehouses),
        settings=replace(world.settings, hold_short_minutes=short, hold_long_minutes=long),
        demand=replace(world.demand, repeat_share=REPEAT_SHARE, repeat_minutes=REPEAT_MINUTES),
        patience=PATIENCE,
        promotions=tuple(
            Promotion(
                factor=factor,
                hours=hours,
                per_28_days=number,
                skus=tuple(sellers) if kind else (),
                regions=tuple(name for name in regions if name.rpartition("-")[0] in sites),
            )
            for kind, number, hours, factor, sites in PROMOTIONS
        ),
        outage_risks=tuple(
            OutageRisk(
                service=service,
                per_28_days=number,
                duration=lognormal(median * HOUR_SECONDS, sigma),
                warehouses=warehouses,
            )
            for service, (number, median, sigma, warehouses) in OUTAGES.items()
        ),
        regimes=tuple(
            CarrierRegimes(service=service, transit_permille=permille, mean_days=days_of)
            for service, (permille, days_of) in REGIMES.items()
        ),
        reliability=RELIABILITY,
    )


def metro_reorder(horizon_days: int = 7) -> Scenario:
    """Metro-small whose warehouses review their shelves twice a day and reorder; few receipts are planned."""
    world = metro_small(horizon_days)
    return replace(
        world,
        id="metro-reorder@1",
        settings=replace(world.settings, review_hours=REVIEW_HOURS),
        warehouses=tuple(replace(warehouse, lead_time=LEAD_TIME) for warehouse in world.warehouses),
        stock=tuple(
            replace(
                row,
                reorder_point_units=round(REORDER_POINT * row.on_hand_units),
                order_up_to_units=max(1, round(ORDER_UP_TO * row.on_hand_units)),
            )
            for row in world.stock
        ),
        receipts=tuple(row for row in world.receipts if row.expected_seconds < RECEIPT_DAYS * DAY_SECONDS),
    )
