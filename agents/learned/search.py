"""Direct search for the linear part of the plan scorer, whose network stays as it is.

What a crowded warehouse costs later orders shows hours and days after the decision, far beyond the horizon at which
policy gradients are sharp. A few prices are found faster by playing whole traces: candidates play the same traces
with the same luck, so that their difference is what their prices are worth.

Source: cross-entropy method, Rubinstein 1999; noise against collapse, Szita and Lörincz 2006; common random numbers,
Glasserman and Yao 1992.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

import numpy as np

from agents.learned.base import Base
from agents.learned.terms import PriceList
from agents.learned.training_config import TrainingConfig
from envs.inner import Code, Inner
from envs.loop import play_alone
from envs.scorer import Scorer, linear
from scenarios.draw import draw_trace
from scenarios.scenario import Scenario
from scenarios.seeds import HISTORY, require_training_seed

_SPREAD = 0.3
"""Currency units by which a term's value may be wrong at the start. Source: chosen on validation traces."""

_ELITE_SHARE = 0.2
_KEEP = 0.4


@dataclass(frozen=True)
class SearchState:
    """Where the search stands.

    Attributes:
        generation: generations done.
        price_list: the mean of the candidates.
        network: the rest of the scorer.
        spread: float64 (T,) standard deviations of the candidates, currency units per typical difference.
        cost_per_order: of the generation's starting point on its traces, currency units.
        base_cost_per_order: of the base router on the same traces.
        num_steps: decisions played so far.
    """

    generation: int
    price_list: PriceList
    network: Scorer
    spread: np.ndarray
    cost_per_order: float
    base_cost_per_order: float
    num_steps: int

    @classmethod
    def start(cls, price_list: PriceList, network: Scorer) -> SearchState:
        """Around some prices."""
        spread, nan = np.where(price_list.differences > 0, _SPREAD, 0.0), float("nan")
        return cls(0, price_list, network, spread, nan, nan, 0)

    def scorer(self, values: np.ndarray) -> Scorer:
        """With other values of the terms."""
        return self.network._replace(prices=self.price_list.with_values(values).matrix())


def next_generation(scenario: Scenario, base: Base, state: SearchState, config: TrainingConfig) -> SearchState:
    """Plays candidates on fresh training traces and moves towards the best.

    The result does not depend on ``config.search_threads``.
    """
    random, mean = np.random.default_rng([config.seed, state.generation]), state.price_list.values
    half = random.standard_normal(((config.search_candidates - 1) // 2, len(mean)))
    candidates = np.vstack([np.zeros((1, len(mean))), half, -half]) * state.spread + mean
    scorers = [state.scorer(values) for values in candidates] + [linear()]  # the last one is the base router
    num_traces = config.search_traces
    seeds = [int(value) for value in random.integers(500_000, HISTORY.start, num_traces)]
    for seed in seeds:
        require_training_seed(seed)
    traces = [draw_trace(scenario, seed) for seed in seeds]
    wanted = [config.preferences.of(seed) for seed in seeds]
    bases = [base.remembered(trace, weights) for trace, weights in zip(traces, wanted, strict=True)]

    def cost(job: tuple[int, int]) -> tuple[float, int]:
        trace, player = job
        world = bases[trace].world(traces[trace], wanted[trace])
        play_alone(world, Inner(Code.SCORER, scorer=scorers[player]))
        return world.weighted_cost(wanted[trace]) / traces[trace].num_orders, int(world.seen.clock["decision_id"][0])

    jobs = [(trace, player) for trace in range(num_traces) for player in range(len(scorers))]
    with ThreadPoolExecutor(config.search_threads) as pool:
        played = list(pool.map(cost, jobs))
    costs = np.array([one for one, _ in played]).reshape(num_traces, len(scorers))
    shares = (costs / costs[:, -1:]).mean(axis=0)  # of the base router's cost, so that no trace or weight drowns others
    elite = candidates[np.argsort(shares[:-1], kind="stable")[: max(2, round(_ELITE_SHARE * len(candidates)))]]
    return replace(
        state,
        generation=state.generation + 1,
        price_list=state.price_list.with_values(_KEEP * mean + (1 - _KEEP) * elite.mean(axis=0)),
        spread=_KEEP * state.spread + (1 - _KEEP) * elite.std(axis=0),
        cost_per_order=float(costs[:, 0].mean()),
        base_cost_per_order=float(costs[:, -1].mean()),
        num_steps=state.num_steps + sum(count for _, count in played),
    )
