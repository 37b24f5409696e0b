"""Learning from lessons: the scorer is fitted to what plans cost more than others, beyond what they cost themselves.

Plans of one decision only are compared, in currency units, so that decisions at which nothing is at stake weigh nothing
and ties need no labels. The linear part is fitted first (ridge regression towards what it was), then the network to
what is left (Huber, because a few worlds drift far apart). How far to follow each is decided by playing whole traces: a
step that does not pay there is not taken.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import nn

from agents.learned.base import Base, Weights
from agents.learned.lessons import Lessons, lessons_of, together
from agents.learned.network import PlanScorer
from agents.learned.preferences import Preferences
from agents.learned.terms import PriceList
from agents.learned.training_config import TrainingConfig
from envs.feature_schema import SCORE_GAP
from envs.inner import Code, Inner
from envs.loop import play_alone
from envs.scorer import Scorer, linear
from scenarios.draw import draw_trace
from scenarios.local_time import HOUR_SECONDS
from scenarios.scenario import Scenario
from scenarios.seeds import require_training_seed
from scenarios.trace import Trace

STEPS = (0.5, 1.0, 1.5)
"""How far a fit may be followed."""

_RIDGE = 100.0
"""Comparisons that the linear part before is worth."""

_MOST, _DELTA = 15.0, 4.0
"""Currency units at which a difference is cut off, and beyond which it counts linearly."""

_BATCH, _RATE, _DECAY, _STREAM = 256, 1e-2, 1e-3, 5


@dataclass(frozen=True)
class ValueState:
    """Where the learning from lessons stands.

    Attributes:
        round: rounds done.
        price_list: the linear part.
        scorer: that decides; its linear part is the price list's.
        cost_per_order: of it on the traces that chose the last step, currency units.
        base_cost_per_order: of the base router on them.
        num_steps: decisions played so far, those of forks not counted.
    """

    round: int
    price_list: PriceList
    scorer: PlanScorer
    cost_per_order: float = float("nan")
    base_cost_per_order: float = float("nan")
    num_steps: int = 0


def next_round(scenario: Scenario, base: Base, state: ValueState, config: TrainingConfig) -> ValueState:
    """Plays lessons on fresh training traces, fits, and follows the fits as far as whole training traces say."""
    random = np.random.default_rng([config.seed, state.round, _STREAM])
    seeds = [int(seed) for seed in random.integers(0, 500_000, config.value_traces + config.value_checks)]
    for seed in seeds:
        require_training_seed(seed)
    scorer, played = state.scorer.arrays(), []
    for seed in seeds[: config.value_traces]:
        trace, weights = draw_trace(scenario, seed), config.preferences.of(seed)
        world = base.remembered(trace, weights).world(trace, weights)
        horizon_seconds = config.value_horizon_hours * HOUR_SECONDS
        played.append(
            lessons_of(world, weights, scorer, share=config.value_share, horizon_seconds=horizon_seconds, seed=seed)
        )
    checks = Trial.of(scenario, base, config.preferences, seeds[config.value_traces :])
    state, costs = _follow(state, together(played), config, checks)
    return ValueState(
        state.round + 1,
        state.price_list,
        state.scorer,
        float(costs.mean()),
        float(checks.base_costs.mean()),
        state.num_steps + sum(one.num_decisions for one in played),
    )


@dataclass(frozen=True)
class Trial:
    """Traces on which scorers are compared.

    Attributes:
        traces: played with weights of their own.
        weights: preferences of each.
        bases: of each, with remembered prices.
        base_costs: per order of the base router on each, float (number,), currency units.
    """

    traces: list[Trace]
    weights: list[Weights]
    bases: list[Base]
    base_costs: np.ndarray

    @classmethod
    def of(cls, scenario: Scenario, base: Base, preferences: Preferences, seeds: Sequence[int]) -> Trial:
        """Traces of a scenario by their seeds."""
        traces, weights = [draw_trace(scenario, seed) for seed in seeds], [preferences.of(seed) for seed in seeds]
        bases = [base.remembered(*one) for one in zip(traces, weights, strict=True)]
        trial = cls(traces, weights, bases, np.zeros(len(traces)))
        return replace(trial, base_costs=trial.costs(linear()))

    def costs(self, scorer: Scorer) -> np.ndarray:
        """Weighted cost per order of a scorer on each trace, float (number,), currency units."""
        costs = []
        for trace, weights, base in zip(self.traces, self.weights, self.bases, strict=True):
            world = base.world(trace, weights)
            play_alone(world, Inner(Code.SCORER, scorer=scorer))
            costs.append(world.weighted_cost(weights) / trace.num_orders)
        return np.array(costs)

    def share(self, costs: np.ndarray) -> float:
        """Mean share of what the base router pays, so that no trace and no weight drowns the others."""
        return float((costs / self.base_costs).mean())


def _follow(
    state: ValueState, lessons: Lessons, config: TrainingConfig, checks: Trial
) -> tuple[ValueState, np.ndarray]:
    """The best of some steps of the linear part, then of the network, and its costs on the traces that chose."""
    best, costs = state, checks.costs(state.scorer.arrays())

    if len(lessons) == 0:  # short traces may have no decision at which anything was tried
        return best, costs

    def consider(price_list: PriceList, scorer: PlanScorer) -> None:
        nonlocal best, costs
        found = checks.costs(scorer.arrays())
        if checks.share(found) < checks.share(costs):
            best, costs = ValueState(state.round, price_list, scorer, num_steps=state.num_steps), found

    fitted = fitted_prices(state.price_list, state.scorer, lessons)
    for step in STEPS:
        price_list = state.price_list.towards(fitted, step)
        consider(price_list, with_prices(state.scorer, price_list))
    learned = fitted_network(best.scorer, lessons, num_epochs=config.value_epochs, seed=config.seed)
    for step in STEPS:
        consider(best.price_list, louder(learned, step))
    return best, costs


def with_prices(scorer: PlanScorer, price_list: PriceList) -> PlanScorer:
    """A copy with this linear part."""
    result = copy.deepcopy(scorer)
    with torch.no_grad():
        result.prices.copy_(torch.from_numpy(price_list.matrix()))
    return result


def louder(scorer: PlanScorer, factor: float) -> PlanScorer:
    """A copy whose network says ``factor`` times as much."""
    result = copy.deepcopy(scorer)
    with torch.no_grad():
        result.plan_out.weight.mul_(factor)
        result.plan_out.bias.mul_(factor)
    return result


def fitted_prices(price_list: PriceList, scorer: PlanScorer, lessons: Lessons) -> np.ndarray:
    """Values of the terms that explain best what tried plans led to beyond what the network says, float64 (T,).

    Args:
        price_list: the linear part up to now.
        scorer: whose network stays.
        lessons: at least one.
    """
    network = _said_by_the_network(scorer, lessons)
    rows, targets = [], []
    for i in range(len(lessons)):
        tried = lessons.is_tried[i]
        terms = price_list.differences_of(lessons.features[i, tried], lessons.context[i])
        worth = lessons.features[i, tried, SCORE_GAP] - lessons.costs[i, tried] - network[i, tried]
        rows.append(terms - terms.mean(axis=0))
        targets.append(np.clip(worth - worth.mean(), -_MOST, _MOST))
    design, target = np.concatenate(rows), np.concatenate(targets)
    size = len(price_list.values)
    step = np.linalg.solve(design.T @ design + _RIDGE * np.eye(size), design.T @ (target - design @ price_list.values))
    return price_list.values + step


def _said_by_the_network(scorer: PlanScorer, lessons: Lessons) -> np.ndarray:
    """float32 (N, K), currency units."""
    alone = copy.deepcopy(scorer)
    with torch.no_grad():
        alone.prices.zero_()
        worth = alone.worth(torch.from_numpy(lessons.features), torch.from_numpy(lessons.context)).numpy()
    return worth + lessons.features[..., SCORE_GAP]


def fitted_network(scorer: PlanScorer, lessons: Lessons, *, num_epochs: int, seed: int) -> PlanScorer:
    """A copy whose network has learned what is left; its linear part stays.

    Args:
        scorer: whose linear part is right already.
        lessons: at least one.
        num_epochs: passes over them.
        seed: of the order of minibatches.
    """
    learned = copy.deepcopy(scorer)
    trained = [p for name, p in learned.named_parameters() if not name.startswith(("prices", "value", "log_"))]
    optimiser = torch.optim.AdamW(trained, _RATE, weight_decay=_DECAY)
    features, context = torch.from_numpy(lessons.features), torch.from_numpy(lessons.context)
    is_tried, costs = torch.from_numpy(lessons.is_tried), torch.from_numpy(lessons.costs)
    random = np.random.default_rng(seed)
    for _ in range(num_epochs):
        for chosen in np.array_split(random.permutation(len(lessons)), max(1, len(lessons) // _BATCH)):
            tried = is_tried[chosen]
            said = _centred(learned.worth(features[chosen], context[chosen]), tried)
            wanted = _centred(-costs[chosen], tried)
            loss = nn.functional.huber_loss(said[tried], wanted[tried], delta=_DELTA)
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(trained, 1.0)
            optimiser.step()
    return learned


def _centred(values: torch.Tensor, is_tried: torch.Tensor) -> torch.Tensor:
    """Values (N, K) less the mean of those that were tried at the same decision."""
    known = torch.where(is_tried, values, torch.zeros_like(values))
    return known - known.sum(dim=1, keepdim=True) / is_tried.sum(dim=1, keepdim=True)
