"""Batched compiled-clock environments for Stable-Baselines3."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from agents.learned.base import PRIMAL_DUAL, ROUTER, Base
from agents.learned.preferences import Preferences
from envs.ahead import Ahead
from envs.batch import Batch
from envs.costs import MILLICENTS, NUM_PARTS, OBJECTIVE_OF_PART
from envs.log import LEDGER_COLUMNS
from envs.loop import play_alone
from envs.plan_table import MAX_PLANS
from envs.routing_env import observation_space
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.scenario import Scenario
from scenarios.seeds import HISTORY
from scenarios.trace import Trace

EVEN = Preferences()

_TIME, _ORDER, _PART, _SETTLED, _AMOUNT = (
    LEDGER_COLUMNS.index(name) for name in ("time_seconds", "order", "part", "is_settlement", "amount_millicents")
)


@dataclass(frozen=True)
class Episode:
    """A training trace and what the base router pays on it.

    Attributes:
        trace: what happens.
        weights: preferences over cost, lateness and carbon.
        base: whose bid prices, those that are solved on a schedule as the base router found them.
        base_costs: float (N + 2,) currency units that the base router has paid before any order, before the first
            order arrives, before the second, ..., and at the end.
    """

    trace: Trace
    weights: tuple[float, float, float]
    base: Base
    base_costs: np.ndarray


def make_episode(seed: int, scenario: Scenario, preferences: Preferences, base: Base, has_base: bool) -> Episode:
    """Draws a training trace and has the base router play it.

    Args:
        seed: of the trace.
        scenario: what to draw.
        preferences: over cost, lateness and carbon, trace by trace.
        base: whose bid prices.
        has_base: whether what it pays is told order by order, or at the end only.
    """
    trace, weights = draw_trace(scenario, seed), preferences.of(seed)
    base = base.remembered(trace, weights)
    world = base.world(trace, weights, "ledger" if has_base else "none", describes=False)
    play_alone(world, ROUTER)
    costs = np.zeros(trace.num_orders + 2)
    if has_base:
        rows = world.hidden.ledger[: int(world.hidden.counters["num_ledger_rows"][0])]
        paid = np.concatenate([[0.0], np.cumsum(rows[:, _AMOUNT] * part_weights(weights)[rows[:, _PART]])])
        costs[1:-1] = paid[_rows_at_arrival(rows, trace.future.orders["arrival_seconds"])]
    costs[-1] = world.weighted_cost(weights)
    return Episode(trace, weights, base, costs)


def _rows_at_arrival(rows: np.ndarray, arrivals: np.ndarray) -> np.ndarray:
    """int64 (N,): how many rows of a ledger had been booked when each order came, int64 (N,) seconds."""
    places = np.searchsorted(rows[:, _TIME], arrivals)
    booked = np.flatnonzero(rows[:, _SETTLED] == 0)
    orders, first = np.unique(rows[booked, _ORDER], return_index=True)
    is_at_once = rows[booked[first], _TIME] == arrivals[orders]  # several orders may come in one second
    places[orders[is_at_once]] = booked[first[is_at_once]]
    return places


def part_weights(weights: tuple[float, float, float]) -> np.ndarray:
    """float (NUM_PARTS,): currency units for a millicent of each part."""
    return np.array([weights[owner] for owner in OBJECTIVE_OF_PART]) / MILLICENTS


class RoutingVecEnv(VecEnv):
    """Replications of one scenario on training traces, stepped together.

    Replications come in groups that play the same traces with the same luck. The reward is that of
    ``routelab/OrderRouting-v0`` plus what the base router pays on the same trace from the last order's arrival to the
    next: this baseline does not depend on what the replication does, so it biases nothing, and it removes what the
    order itself costs. An episode's rewards add up to what was saved against the base router. In groups of one the
    reward is untouched. When a trace ends, the replication's next one begins at once (SB3's autoreset) and ``infos[i]``
    holds the ended episode's ``episode_cost`` and what the base router pays on the same trace, ``base_cost``, both
    per order in currency units.

    Args:
        scenario: what to train on.
        num_envs: replications.
        group_size: replications that share their traces; divides ``num_envs``.
        seed: chooses the training traces.
        preferences: over cost, lateness and carbon, trace by trace.
        base: whose bid prices.
        num_workers: threads that share the replications; changes nothing but the time it takes.
    """

    render_mode: str | None = None

    def __init__(
        self,
        scenario: Scenario,
        num_envs: int,
        group_size: int = 1,
        seed: int = 0,
        preferences: Preferences = EVEN,
        base: Base = PRIMAL_DUAL,
        num_workers: int = 1,
    ) -> None:
        if num_envs < 1 or group_size < 1 or num_envs % group_size:
            raise InputError(
                "group_size", group_size, f"a divisor of num_envs = {num_envs}", "choose both as powers of two"
            )
        super().__init__(num_envs, observation_space(), spaces.Discrete(MAX_PLANS))
        self.group_size, self.num_workers = group_size, num_workers
        self.preferences = preferences
        self._first_seed = seed * 10_007
        has_base = group_size > 1
        make = partial(make_episode, scenario=scenario, preferences=preferences, base=base, has_base=has_base)
        self._ahead: Ahead[Episode] = Ahead(make, num_users=group_size)
        self._num_begun = np.zeros(num_envs, np.int64)  # episodes of each replication
        self._batch: Batch | None = None
        self._episodes: dict[int, Episode] = {}
        self._booked = np.zeros((num_envs, NUM_PARTS), np.int64)
        self._part_weights = np.zeros((num_envs, NUM_PARTS))
        self._is_prepared = np.zeros(num_envs, bool)  # whether the next episode has been begun to be made
        self._half_time = np.zeros(num_envs, np.int64)  # orders
        self._base_paid = np.zeros(num_envs)  # by the base router, up to where the replication is
        self._actions = np.zeros(num_envs, np.int64)

    def _seed_of(self, row: int, episode: int) -> int:
        """Seed of an episode; groups take turns."""
        num_groups = self.num_envs // self.group_size
        return (self._first_seed + episode * num_groups + row // self.group_size) % HISTORY.start

    def _begin(self, rows: list[int]) -> None:
        """The next trace in some replications, at its first order."""
        worlds = {}
        for row in rows:
            self._episodes[row] = self._ahead.take(self._seed_of(row, int(self._num_begun[row])))
            self._num_begun[row] += 1
            self._half_time[row] = self._episodes[row].trace.num_orders // 2
            episode = self._episodes[row]
            self._part_weights[row] = part_weights(episode.weights)
            worlds[row] = episode.base.world(episode.trace, episode.weights)
        if self._batch is None:
            self._batch = Batch(list(worlds.values()), self.num_workers)
        else:
            self._batch.begin(worlds)
        self._booked[rows], self._base_paid[rows], self._is_prepared[rows] = 0, 0.0, False

    def _look_ahead(self) -> None:
        """Prepares the traces that follow those that are half over."""
        assert self._batch is not None
        for row in np.flatnonzero(~self._is_prepared & (self._batch.num_arrived >= self._half_time)).tolist():
            self._ahead.prepare(self._seed_of(row, int(self._num_begun[row])))
            self._is_prepared[row] = True

    def _shown(self) -> dict[str, np.ndarray]:
        assert self._batch is not None
        return {"plans": self._batch.features, "context": self._batch.context}

    def _observations(self) -> dict[str, np.ndarray]:
        return {name: array.copy() for name, array in self._shown().items()}

    def reset(self) -> dict[str, np.ndarray]:
        """Begins a new trace in every replication."""
        self._begin(list(range(self.num_envs)))
        return self._observations()

    def action_masks(self) -> np.ndarray:
        """bool (num_envs, 32): which slots are real."""
        assert self._batch is not None
        return np.arange(MAX_PLANS) < self._batch.num_plans()[:, None]

    def step_async(self, actions: np.ndarray) -> None:
        """Notes the slots to carry out."""
        self._actions = actions

    def step_wait(self) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Carries out one plan in every replication."""
        batch = self._batch
        assert batch is not None
        batch.step(self._actions)
        dones = ~batch.is_due()
        totals = batch.totals.copy()
        rewards = ((self._booked - totals) * self._part_weights).sum(axis=1)
        self._booked = totals
        if self.group_size > 1:
            rewards += self._base_increments(dones)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        ended = np.flatnonzero(dones).tolist()
        for row in ended:
            num_orders = self._episodes[row].trace.num_orders
            infos[row] = {
                "episode_cost": float(self._part_weights[row] @ totals[row]) / num_orders,
                "base_cost": float(self._episodes[row].base_costs[-1]) / num_orders,
                "terminal_observation": {name: np.zeros_like(array[row]) for name, array in self._shown().items()},
                "TimeLimit.truncated": False,
            }
        if ended:
            self._begin(ended)
        self._look_ahead()
        return self._observations(), rewards.astype(np.float32), dones, infos

    def _base_increments(self, dones: np.ndarray) -> np.ndarray:
        """float (num_envs,): what the base router pays between where each replication was and where it is."""
        assert self._batch is not None
        places = np.where(dones, -1, self._batch.num_arrived).tolist()
        paid = np.array([self._episodes[row].base_costs[place] for row, place in enumerate(places)])
        increments = paid - self._base_paid
        self._base_paid = paid
        return increments

    def close(self) -> None:
        """Sends the threads home."""
        self._ahead.close()
        if self._batch is not None:
            self._batch.close()

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The same attribute for every replication."""
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Not offered: replications share their settings."""
        raise NotImplementedError("replications of a RoutingVecEnv share their settings; make another one")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """``action_masks`` as rows of one array, as MaskablePPO asks for it."""
        if method_name != "action_masks":
            raise NotImplementedError(f"env_method {method_name!r}: only 'action_masks' is offered")
        masks = self.action_masks()
        return list(masks if indices is None else masks[list(self._get_indices(indices))])

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Replications are never wrapped."""
        return [False] * len(list(self._get_indices(indices)))

    def seed(self, seed: int | None = None) -> Sequence[None]:
        """Traces are chosen at construction."""
        return [None] * self.num_envs
