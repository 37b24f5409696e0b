"""Lessons: at decisions of training traces, what the best few plans really led to.

The learner plays a training trace itself, so the states are those that it visits. At some decisions it tries several
plans, each on a fork that goes on in the very same future with the very same luck, decided by the learner from then on;
orders that arrive within the horizon still arrive, and all of them are seen through to the end. What a plan costs more
than another there is noisy, because worlds drift apart, but unbiased for that horizon, and much less noisy than two
different traces.

Source: Bertsekas, Tsitsiklis and Wu 1997 (rollouts); learning from them on the states that the learner visits: Ross,
Gordon and Bagnell 2011, "A reduction of imitation learning and structured prediction to no-regret online learning", and
Ross and Bagnell 2014 (AggreVaTe), whose loss is weighted by cost.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from envs.compiled_clock import CompiledClock
from envs.costs import MILLICENTS
from envs.feature_schema import HOLD, NUM_CONTEXT, NUM_FEATURES, SCORE_GAP
from envs.forks import Forks
from envs.inner import Code, Inner
from envs.plan_table import MAX_PLANS
from envs.scorer import Scorer, best_slot
from envs.tail import Tail, tail_of
from envs.world import World
from scenarios.network import FOREVER_SECONDS

_TRIED = 3
"""Best plans by the base router's score that are tried, besides the learner's own, all holds and one at random."""

_EXPLORED = 0.05
"""Share of decisions at which the learner does something else, so that it sees what comes of it."""


@dataclass(frozen=True)
class Lessons:
    """What was tried.

    Attributes:
        features: float32 (N, K, NUM_FEATURES).
        context: float32 (N, NUM_CONTEXT).
        costs: float32 (N, K), currency units above the cheapest plan that was tried; 0 where none was.
        is_tried: bool (N, K).
        num_decisions: played, those of forks not counted.
    """

    features: np.ndarray
    context: np.ndarray
    costs: np.ndarray
    is_tried: np.ndarray
    num_decisions: int

    def __len__(self) -> int:
        return len(self.context)


class Outcomes:
    """Plays slots of a world's present decision to the end of its own future, cut off at a horizon.

    Stock that is left then is worth the bid prices of now, so that who saves it is not thought to have wasted a way.

    Args:
        world: at a decision.
        inner: who decides from then on.
        horizon_seconds: later orders do not arrive.
        weights: preferences.
    """

    def __init__(self, world: World, inner: Inner, horizon_seconds: int, weights: tuple[float, float, float]) -> None:
        self._world, self._horizon_seconds, self._weights = world, horizon_seconds, weights
        self._forks = Forks(world, inner)

    def costs(self, slots: list[int]) -> np.ndarray:
        """Weighted cost with each slot above that of the cheapest, float (slots,), currency units."""
        world = self._world
        now, num_seen = int(world.seen.clock["now_seconds"][0]), int(world.hidden.counters["num_arrived"][0])
        tail = tail_of(world.trace, now, now + self._horizon_seconds, num_seen=num_seen, salt=0)
        tail.rules["until_seconds"] = FOREVER_SECONDS
        prices = world.seen.stock["bid_price_millicents"].copy()
        costs = np.array([self._cost(slot, tail, prices) for slot in slots])
        return costs - costs.min()

    def _cost(self, slot: int, tail: Tail, prices: np.ndarray) -> float:
        (fork,) = self._forks.play(slot, [tail])
        left = fork.seen.stock["on_hand_units"] - fork.seen.stock["allocated_units"]
        return fork.weighted_cost(self._weights) - float((left * prices).sum()) / MILLICENTS


def lessons_of(
    world: World,
    weights: tuple[float, float, float],
    scorer: Scorer,
    *,
    share: float,
    horizon_seconds: int,
    seed: int,
) -> Lessons:
    """Plays a training trace and tries plans at some of its decisions.

    Args:
        world: of a training trace, at second 0.
        weights: preferences that it is played with.
        scorer: the learner.
        share: of decisions at which plans are tried.
        horizon_seconds: orders that arrive later than this after the decision do not come.
        seed: of what is tried and explored.
    """
    random = np.random.default_rng(seed)
    clock, outcomes = CompiledClock(world), None
    rows: list[tuple[np.ndarray, np.ndarray, list[int], np.ndarray]] = []
    is_due = clock.start()
    while is_due:
        count, features, context = int(world.plans.counts[0]), world.plans.features, world.plans.context
        slot = int(best_slot(features, context, count, scorer))
        if count > 1 and random.random() < share:
            if outcomes is None:
                outcomes = Outcomes(world, Inner(Code.SCORER, scorer=scorer), horizon_seconds, weights)
            slots = _tried(features[:count], slot, random)
            rows.append((features.copy(), context.copy(), slots, outcomes.costs(slots)))
        if count > 1 and random.random() < _EXPLORED:
            slot = int(random.integers(min(count, _TRIED)))
        is_due = clock.answer(slot)
    return _stack(rows, int(world.seen.clock["decision_id"][0]))


def _tried(features: np.ndarray, slot: int, random: np.random.Generator) -> list[int]:
    """The learner's own plan first."""
    best = np.argsort(features[:, SCORE_GAP], kind="stable")[:_TRIED].tolist()
    holds = np.flatnonzero(features[:, HOLD] > 0).tolist()
    return list(dict.fromkeys([slot, *best, *holds, int(random.integers(len(features)))]))


def _stack(rows: list[tuple[np.ndarray, np.ndarray, list[int], np.ndarray]], num_decisions: int) -> Lessons:
    costs, is_tried = np.zeros((len(rows), MAX_PLANS), np.float32), np.zeros((len(rows), MAX_PLANS), bool)
    for i, (_, _, slots, values) in enumerate(rows):
        costs[i, slots], is_tried[i, slots] = values, True
    features, context = [row[0] for row in rows], [row[1] for row in rows]
    return Lessons(
        np.array(features, np.float32).reshape(-1, MAX_PLANS, NUM_FEATURES),
        np.array(context, np.float32).reshape(-1, NUM_CONTEXT),
        costs,
        is_tried,
        num_decisions,
    )


def together(lessons: list[Lessons]) -> Lessons:
    """All of them."""
    return Lessons(
        np.concatenate([one.features for one in lessons]),
        np.concatenate([one.context for one in lessons]),
        np.concatenate([one.costs for one in lessons]),
        np.concatenate([one.is_tried for one in lessons]),
        sum(one.num_decisions for one in lessons),
    )
