"""The table of plans that one decision chooses from, and the scratch space of its making."""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

import numpy as np

from envs.costs import NUM_PARTS
from envs.feature_schema import NUM_CONTEXT, NUM_FEATURES
from envs.state import MAX_LINES
from scenarios.network import TABLE_SIZE, TABLE_WEIGHT, Network, record_dtype

MAX_PLANS = 32
"""Slots of a decision (K)."""

MAX_BLOCKS = 5
"""Blocks of lines that are routed together; more lines are merged into this many blocks."""

NUM_SUBSETS = 1 << MAX_BLOCKS


class Rule(IntEnum):
    """Columns by which plans are ranked. Each is a sum over parcels; lower is better.

    The first six are rules on the board, of which the first uses the current weights and bid prices; then come the
    objectives; the tilts are the score with one weight tripled, so that good plans stay when preferences move.
    """

    SCORE = 0  # permille weights times objectives, plus bid prices of the units used
    CHEAPEST = 1  # shipping, handling and packaging
    FASTEST = 2  # expected seconds to the door, per line
    NEAREST = 3  # kilometres, per line
    FEWEST_SPLITS = 4  # parcels
    MYOPIC = 5  # expected total cost, lateness and carbon included, at weights one
    COST = 6
    LATENESS = 7
    CARBON = 8
    COST_TILT = 9
    LATENESS_TILT = 10


NUM_RULES = len(Rule)
SCORE, CHEAPEST, FASTEST, NEAREST, FEWEST_SPLITS, MYOPIC, COST, LATENESS_GOAL, CARBON_GOAL, COST_TILT, LATENESS_TILT = (
    int(r) for r in Rule
)

SCORE_AND_HOLD = NUM_RULES
"""Instead of a rule, where only a router's own best plan is made: the best by score, behind it the shortest hold."""

SPLIT_FLAG, BACKORDER_FLAG, ALWAYS_REAL_FLAG, HOLD_FLAG = (flag << NUM_RULES for flag in (1, 2, 4, 8))

BACKORDER_LAST = 1 << 50
"""Added to the operational rules per line that waits for a receipt or for another line's presale date."""

HOLD_LAST = 1 << 59
"""The operational rules hold an order only if nothing but declining is left."""

DECLINE_LAST = 1 << 60

OPTIONS = record_dtype(  # one parcel of a plan: a subset of blocks from one warehouse with one service
    "subset",
    "warehouse",
    "service",
    "receipt",  # NONE for goods in stock
    "release_at",  # presale: picking is not released before that second; 0 otherwise
    "collection",  # expected; NONE never
    "lines_mask",
    "num_lines",
    "units",
    "grams",
    "pick_seconds",
    "ready_at",
    "collected_at",
    "mean_at",  # expected delivery
    "quoted_at",
    "late_weight",  # probability of a late delivery, TABLE_WEIGHT-ths
    "distance_km",
    "carbon_milligrams",
    "bid_millicents",
)

SLOTS = record_dtype(
    "is_decline",
    "hold_seconds",  # the whole order waits so long and is decided again; 0 otherwise
    "num_parcels",
    "num_backordered_lines",
    "num_later_lines",  # wait for their presale date
    "guarantees",  # bit mask over Rule, then split, backorder, always real, hold
    "bid_millicents",
    "quoted_at",  # of the last parcel
)

SUBSETS = record_dtype(
    "lines_mask",
    "num_lines",
    "units",
    "grams",
    "requirements",
    "release_at",  # the latest presale date to come of its lines; 0 if all may leave now
    "promise_at",  # the earliest of its lines'
    "num_ranked",
    "first_option",  # linked by next_option in the order of pricing; NONE
    "last_option",
)
CANDIDATES = record_dtype("num_parcels", "hold_seconds", "guarantees")
PAIR_MEMOS = record_dtype(
    "due",  # first collection that is still to come; a guess between decisions
    "collected_at",  # of the last option priced for the asked order; NONE before
    "late_weight",  # of one line of it
    "lateness_millicents",  # of one line of it
)
TRANSIT = record_dtype("mean_seconds", "quote_seconds")  # of the quantile tables


class Plans(NamedTuple):
    """Plans in slots 0..n-1, sorted by (score, canonical key), and the options that they hold; the rest is scratch.

    What stays from a decision to the next comes first. Replications that are played one after the other may share the
    ``SCRATCH``, which then stays in the caches.
    """

    counts: np.ndarray  # (5,) int64: plans, options kept, options priced, candidates, described slots
    slots: np.ndarray  # (K,) SLOTS
    chosen: np.ndarray  # (K, MAX_BLOCKS) int64 options of each plan
    costs: np.ndarray  # (K, NUM_PARTS) int64 expected millicents
    rules: np.ndarray  # (K, NUM_RULES) int64
    features: np.ndarray  # (K, NUM_FEATURES) float32, zeros beyond the plans
    context: np.ndarray  # (NUM_CONTEXT,) float32
    options: np.ndarray  # (K * MAX_BLOCKS,) OPTIONS that the plans hold
    option_costs: np.ndarray  # (K * MAX_BLOCKS, NUM_PARTS) int64 of these
    start_at: np.ndarray  # (W,) int64 second at which a parcel released now would be started
    pairs: np.ndarray  # (W, S) PAIR_MEMOS
    transit: np.ndarray  # (tables,) TRANSIT
    parcel_features: np.ndarray  # (K * MAX_BLOCKS, NUM_FEATURES) float32: of a plan that is this option alone
    line_features: np.ndarray  # (MAX_LINES, 2) float64: days that one unit lasts, days that the network lasts
    priced: np.ndarray  # (O,) OPTIONS, all of them
    priced_costs: np.ndarray  # (O, NUM_PARTS) int64
    kept: np.ndarray  # (O,) int64: which row of ``options`` it became; NONE
    option_rules: np.ndarray  # (O, NUM_RULES) int64
    option_keys: np.ndarray  # (O,) int64: parcels of a plan with equal keys would be one parcel; NONE on a receipt
    next_option: np.ndarray  # (O,) int64 of the same subset
    subsets: np.ndarray  # (NUM_SUBSETS,) SUBSETS
    block_receipts: np.ndarray  # (MAX_BLOCKS,) int64 receipt at the warehouse being priced; NONE
    ranked: np.ndarray  # (NUM_SUBSETS, K) int64 options by score
    ranked_scores: np.ndarray  # (NUM_SUBSETS, K) int64 of these
    best: np.ndarray  # (NUM_SUBSETS, NUM_RULES, 2) int64 best option, and for some rules the second; NONE
    best_values: np.ndarray  # (NUM_SUBSETS, NUM_RULES) int64 of the best
    best_backorder: np.ndarray  # (NUM_SUBSETS, 2) int64 best and second by score among backorders; NONE
    candidates: np.ndarray  # (2 K,) CANDIDATES
    candidate_scores: np.ndarray  # (2 K,) int64
    candidate_options: np.ndarray  # (2 K, MAX_BLOCKS) int64
    order: np.ndarray  # (2 K,) int64 candidates in the order of slots
    walk: np.ndarray  # (3, MAX_BLOCKS) int64: place in the ranked list, score so far, bound below


DAILY_RATE, NETWORK_COVER = 0, 1
COUNT_PLANS, COUNT_OPTIONS, COUNT_PRICED, COUNT_CANDIDATES, COUNT_DESCRIBED = range(5)

SCRATCH = Plans._fields[Plans._fields.index("parcel_features") :]
"""Arrays that hold nothing between the making of a table and the next."""


def scratch_of(plans: Plans) -> dict[str, np.ndarray]:
    """The arrays of ``SCRATCH`` by name."""
    return {name: getattr(plans, name) for name in SCRATCH}


def new_plans(network: Network) -> Plans:
    """An empty table with room for every option of this network."""
    num_pairs = network.pairs.size
    num_options = (NUM_SUBSETS - 1 + MAX_BLOCKS) * num_pairs
    num_candidates, num_kept = 2 * MAX_PLANS, MAX_PLANS * MAX_BLOCKS
    pairs, transit = np.zeros(network.pairs.shape, PAIR_MEMOS), np.zeros(len(network.tables), TRANSIT)
    pairs["due"] = network.pairs["first_collection"]
    quote_weight = network.settings["quote_weight"][0]
    for row, table in zip(transit, network.tables, strict=True):
        row["mean_seconds"] = table["moment_up_to"][-1] // TABLE_WEIGHT
        row["quote_seconds"] = table["value"][min(TABLE_SIZE - 1, (table["weight_up_to"] <= quote_weight).sum())]
    return Plans(
        counts=np.zeros(5, np.int64),
        slots=np.zeros(MAX_PLANS, SLOTS),
        chosen=np.full((MAX_PLANS, MAX_BLOCKS), -1, np.int64),
        costs=np.zeros((MAX_PLANS, NUM_PARTS), np.int64),
        rules=np.zeros((MAX_PLANS, NUM_RULES), np.int64),
        features=np.zeros((MAX_PLANS, NUM_FEATURES), np.float32),
        context=np.zeros(NUM_CONTEXT, np.float32),
        options=np.zeros(num_kept, OPTIONS),
        option_costs=np.zeros((num_kept, NUM_PARTS), np.int64),
        start_at=np.zeros(network.pairs.shape[0], np.int64),
        pairs=pairs,
        transit=transit,
        parcel_features=np.zeros((num_kept, NUM_FEATURES), np.float32),
        line_features=np.zeros((MAX_LINES, 2)),
        priced=np.zeros(num_options, OPTIONS),
        priced_costs=np.zeros((num_options, NUM_PARTS), np.int64),
        kept=np.zeros(num_options, np.int64),
        option_rules=np.zeros((num_options, NUM_RULES), np.int64),
        option_keys=np.zeros(num_options, np.int64),
        next_option=np.zeros(num_options, np.int64),
        subsets=np.zeros(NUM_SUBSETS, SUBSETS),
        block_receipts=np.zeros(MAX_BLOCKS, np.int64),
        ranked=np.zeros((NUM_SUBSETS, MAX_PLANS), np.int64),
        ranked_scores=np.zeros((NUM_SUBSETS, MAX_PLANS), np.int64),
        best=np.full((NUM_SUBSETS, NUM_RULES, 2), -1, np.int64),
        best_values=np.zeros((NUM_SUBSETS, NUM_RULES), np.int64),
        best_backorder=np.full((NUM_SUBSETS, 2), -1, np.int64),
        candidates=np.zeros(num_candidates, CANDIDATES),
        candidate_scores=np.zeros(num_candidates, np.int64),
        candidate_options=np.full((num_candidates, MAX_BLOCKS), -1, np.int64),
        order=np.zeros(num_candidates, np.int64),
        walk=np.zeros((3, MAX_BLOCKS), np.int64),
    )
