"""What a learned router sees: one table of features with unit and fixed physical scale.

Observation space, policy bundle, explanations and docs derive from these tables. There is no running normalisation:
feature = quantity / scale. Changing a row changes ``SCHEMA_VERSION``.
"""

from __future__ import annotations

from typing import NamedTuple

from envs.costs import COST_PARTS

SCHEMA_VERSION = 3

BOUND = 1.0e6
"""Features are clipped to [-BOUND, BOUND]; nothing realistic comes near."""


class Feature(NamedTuple):
    """One column: the quantity in ``unit`` is divided by ``scale``."""

    name: str
    unit: str
    scale: float
    doc: str


SLOT_FEATURES: tuple[Feature, ...] = (
    Feature("is_real", "flag", 1, "1 for a plan, 0 for an empty slot"),
    Feature("is_decline", "flag", 1, "the order is declined"),
    Feature("is_hold", "flag", 1, "the order is held and decided again"),
    Feature("num_parcels", "parcels", 4, "parcels of the plan"),
    Feature("backordered_share", "share", 1, "lines that wait for a receipt, of all lines"),
    Feature("later_share", "share", 1, "lines that wait for a presale date, of all lines"),
    Feature("hold", "hours", 2, "held before it is decided again"),
    *(Feature(f"{part.name}_cost", "currency", 10, f"expected {part.doc}") for part in COST_PARTS),
    Feature("bid_value", "currency", 10, "bid prices of the units used, on the shelf or of a receipt"),
    Feature("score", "currency", 1, "weighted objectives plus bid value: what the base router minimises"),
    Feature("score_gap", "currency", 1, "score above the best plan's"),
    Feature("late_probability", "probability", 1, "largest over parcels"),
    Feature("pick_start", "hours", 24, "until the last parcel's pick is expected to start"),
    Feature(
        "queue_load",
        "hours squared",
        4,
        "own expected pick times hours until it starts, summed: what is put before others",
    ),
    Feature("collected", "hours", 24, "until the last collection"),
    Feature("door", "hours", 72, "until the last expected delivery"),
    Feature("slack", "hours", 24, "from expected delivery to promise, least over parcels"),
    Feature("distance", "km", 1000, "longest lane"),
    Feature("shelf_left", "share", 1, "least share of reference stock left on the shelves used"),
    Feature("shelf_cover", "days", 10, "least days of all demand that the shelves used still cover, at most 10"),
    Feature("network_cover", "days", 10, "least days of demand that all shelves together still cover, at most 10"),
    Feature("bookings", "share", 1, "fullest collection used, booked of capacity"),
    Feature("utilisation", "share", 1, "busiest warehouse used, busy of open stations"),
    Feature("transit_seen", "ratio", 1, "worst recent transit over expectation of the services used, less one"),
    Feature("doubt", "currency", 1, "expected lateness beyond the published, if transit stays as seen lately, summed"),
    Feature("surge", "ratio", 1, "share of recent demand around the warehouses used over the published, less one"),
)
(
    IS_REAL,
    IS_DECLINE,
    IS_HOLD,
    PARCELS,
    BACKORDERED,
    LATER,
    HOLD,
    SHIPPING_COST,
    _HANDLING_COST,
    _PACKAGING_COST,
    _LOST_MARGIN_COST,
    _LATENESS_COST,
    _WAITING_COST,
    _CARBON_COST,
    BID_VALUE,
    SCORE,
    SCORE_GAP,
    LATE_PROBABILITY,
    PICK_START,
    QUEUE_LOAD,
    COLLECTED,
    DOOR,
    SLACK,
    DISTANCE,
    SHELF_LEFT,
    SHELF_COVER,
    NETWORK_COVER,
    BOOKINGS,
    UTILISATION,
    TRANSIT_SEEN,
    DOUBT,
    SURGE,
) = range(len(SLOT_FEATURES))

CONTEXT_FEATURES: tuple[Feature, ...] = (
    Feature("hour_sin", "sine", 1, "local time of day"),
    Feature("hour_cos", "cosine", 1, "local time of day"),
    Feature("week_sin", "sine", 1, "local time of week"),
    Feature("week_cos", "cosine", 1, "local time of week"),
    Feature("num_lines", "lines", 4, "of the order"),
    Feature("units", "units", 4, "of the order"),
    Feature("margin", "currency", 50, "lost if the order is declined"),
    Feature("promise", "hours", 72, "until the earliest promise"),
    Feature("num_orders", "orders", 2, "decided together"),
    Feature("is_again", "flag", 1, "a plan for these lines broke"),
    Feature("held", "hours", 2, "held before"),
    Feature("best_score", "currency", 10, "score of the best plan"),
    Feature("num_plans", "plans", 32, "slots that are real"),
    Feature("mean_pick_start", "hours", 24, "until a pick could start, mean over warehouses"),
    Feature("max_pick_start", "hours", 24, "until a pick could start, worst warehouse"),
    Feature("demand_seen", "ratio", 1, "orders of the last hour over the published mean"),
    Feature("surge", "ratio", 1, "share of recent demand in the order's region over the published, less one"),
    Feature("transit_seen", "ratio", 1, "recent transit over expectation, mean over services, less one"),
    Feature("interrupted", "share", 1, "pairs of warehouse and service whose collections do not come now"),
    Feature("weight_cost", "weight", 1, "preference"),
    Feature("weight_lateness", "weight", 1, "preference"),
    Feature("weight_carbon", "weight", 1, "preference"),
)
(
    HOUR_SIN,
    HOUR_COS,
    WEEK_SIN,
    WEEK_COS,
    NUM_LINES,
    UNITS,
    MARGIN,
    PROMISE,
    NUM_ORDERS,
    IS_AGAIN,
    HELD,
    BEST_SCORE,
    NUM_PLANS,
    MEAN_PICK_START,
    MAX_PICK_START,
    DEMAND_SEEN,
    REGION_SURGE,
    MEAN_TRANSIT_SEEN,
    INTERRUPTED,
    WEIGHT_COST,
    WEIGHT_LATENESS,
    WEIGHT_CARBON,
) = range(len(CONTEXT_FEATURES))

NUM_FEATURES = len(SLOT_FEATURES)
NUM_CONTEXT = len(CONTEXT_FEATURES)
