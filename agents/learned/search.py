"""Direct search for the linear part of the plan scorer, before any gradient is taken.

What a crowded warehouse costs later orders shows hours and days after the decision, far beyond the horizon at which
policy gradients are sharp. A few prices are found faster by playing whole traces: candidates play the same traces
with the same luck, so that their difference is what their prices are worth.

Source: cross-entropy method, Rubinstein 1999; noise against collapse, Szita and Lörincz 2006; common random numbers,
Glasserman and Yao 1992.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from envs.feature_schema import NUM_FEATURES, SLOT_FEATURES
from envs.inner import Code, Inner
from envs.loop import play_alone
from envs.prices import Pricing
from envs.world import World
from scenarios.draw import draw_trace
from scenarios.scenario import Scenario
from scenarios.seeds import require_training_seed

SEARCHED = (
    "is_decline",
    "num_parcels",
    "backordered_share",
    "bid_value",
    "late_probability",
    "pick_start",
    "queue_load",
    "collected",
    "shelf_left",
    "shelf_cover",
    "network_cover",
    "bookings",
    "utilisation",
)
"""Features whose price is searched: what a plan does to later orders, not what it costs itself."""

_COLUMNS = np.array([[feature.name for feature in SLOT_FEATURES].index(name) for name in SEARCHED])
_SPREAD = 1.0
_ELITE_SHARE = 0.2
_KEEP = 0.4


@dataclass(frozen=True)
class SearchState:
    """Where the search stands.

    Attributes:
        generation: generations done.
        mean: (len(SEARCHED),) currency units per squashed feature.
        spread: (len(SEARCHED),) standard deviations.
        cost_per_order: of the generation's starting point on its traces, currency units.
        base_cost_per_order: of the base router on the same traces.
        num_steps: decisions played so far.
    """

    generation: int
    mean: np.ndarray
    spread: np.ndarray
    cost_per_order: float
    base_cost_per_order: float
    num_steps: int

    @classmethod
    def start(cls) -> SearchState:
        """No price at all: the base router."""
        size = len(SEARCHED)
        return cls(0, np.zeros(size), np.full(size, _SPREAD), float("nan"), float("nan"), 0)

    def weights(self) -> np.ndarray:
        """float32 (NUM_FEATURES,): the linear part of the plan scorer."""
        weights = np.zeros(NUM_FEATURES, np.float32)
        weights[_COLUMNS] = self.mean
        return weights


def next_generation(
    scenario: Scenario,
    state: SearchState,
    *,
    seed: int,
    num_candidates: int,
    num_traces: int,
    weights: tuple[float, float, float],
    pricing: Pricing,
    num_threads: int = 1,
) -> SearchState:
    """Plays ``num_candidates`` candidates on ``num_traces`` fresh training traces and moves towards the best.

    The result does not depend on ``num_threads``.
    """
    random = np.random.default_rng([seed, state.generation])
    half = random.standard_normal(((num_candidates - 1) // 2, len(SEARCHED)))
    candidates = np.vstack([np.zeros((1, len(SEARCHED))), half, -half]) * state.spread + state.mean
    players = np.vstack([candidates, np.zeros((1, len(SEARCHED)))])  # the last one is the base router
    trace_seeds = [int(value) for value in random.integers(500_000, 1_000_000, num_traces)]
    for trace_seed in trace_seeds:
        require_training_seed(trace_seed)
    traces = [draw_trace(scenario, trace_seed) for trace_seed in trace_seeds]
    vectors = np.zeros((len(players), NUM_FEATURES))
    vectors[:, _COLUMNS] = players

    def cost(job: tuple[int, int]) -> tuple[float, int]:
        player, trace = job
        world = World(traces[trace], "none", weights, pricing)
        play_alone(world, Inner(Code.PRICES, prices=vectors[player]))
        return world.weighted_cost(weights) / traces[trace].num_orders, int(world.seen.clock["decision_id"][0])

    jobs = [(player, trace) for trace in range(num_traces) for player in range(len(players))]
    with ThreadPoolExecutor(num_threads) as pool:
        played = list(pool.map(cost, jobs))
    costs = np.array([one for one, _ in played]).reshape(num_traces, len(players)).mean(axis=0)
    elite = candidates[np.argsort(costs[:-1], kind="stable")[: max(2, round(_ELITE_SHARE * len(candidates)))]]
    num_steps = sum(count for _, count in played)
    return SearchState(
        state.generation + 1,
        _KEEP * state.mean + (1 - _KEEP) * elite.mean(axis=0),
        _KEEP * state.spread + (1 - _KEEP) * elite.std(axis=0),
        float(costs[0]),
        float(costs[-1]),
        state.num_steps + num_steps,
    )
