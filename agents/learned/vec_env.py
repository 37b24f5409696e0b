"""Batched compiled-clock environments for Stable-Baselines3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from agents.learned.search import play
from envs.compiled_clock import CompiledClock
from envs.costs import MILLICENTS, NUM_PARTS, OBJECTIVE_OF_PART
from envs.feature_schema import NUM_CONTEXT, NUM_FEATURES
from envs.plan_table import MAX_PLANS
from envs.prices import Pricing
from envs.routing_env import observation_space
from envs.world import World
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.scenario import Scenario
from scenarios.seeds import TRAINING, require_training_seed


class RoutingVecEnv(VecEnv):
    """Replications of one scenario on training traces, stepped together.

    Replications come in groups that play the same trace with the same luck. The reward is that of
    ``routelab/OrderRouting-v0`` less the mean reward of the other replications of its group at the same order: this
    baseline does not depend on the replication's own choices, so it biases nothing, and it removes what the order
    itself costs. In a group of one the reward is untouched. When a trace ends, the next begins at once (SB3's
    autoreset)
    and ``infos[i]`` holds the ended episode's ``episode_cost`` and what the base router pays on the same trace,
    ``base_cost``, both per order in currency units.

    Args:
        scenario: what to train on.
        num_envs: replications.
        group_size: replications that share a trace; divides ``num_envs``.
        seed: chooses the training traces.
        weights: preferences over cost, lateness and carbon.
        pricing: who fills the bid-price table.
    """

    render_mode: str | None = None

    def __init__(
        self,
        scenario: Scenario,
        num_envs: int,
        group_size: int = 1,
        seed: int = 0,
        weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
        pricing: Pricing = Pricing.CLOSED_FORM,
    ) -> None:
        if num_envs < 1 or group_size < 1 or num_envs % group_size:
            raise InputError(
                "group_size", group_size, f"a divisor of num_envs = {num_envs}", "choose both as powers of two"
            )
        super().__init__(num_envs, observation_space(), spaces.Discrete(MAX_PLANS))
        self.group_size = group_size
        self.scenario, self.weights, self.pricing = scenario, weights, pricing
        self._first_seed = seed * 10_007
        self._part_weights = np.array([weights[owner] for owner in OBJECTIVE_OF_PART]) / MILLICENTS
        self.episode = 0  # traces begun so far
        self._plans = np.zeros((num_envs, MAX_PLANS, NUM_FEATURES), np.float32)
        self._context = np.zeros((num_envs, NUM_CONTEXT), np.float32)
        self._num_plans = np.ones(num_envs, np.int64)
        self._booked = np.zeros((num_envs, NUM_PARTS), np.int64)
        self._clocks: list[CompiledClock] = []
        self._base_costs = np.zeros(num_envs)
        self._actions = np.zeros(num_envs, np.int64)

    def _begin(self, first: int) -> list[CompiledClock]:
        """A group of replications, from number ``first``, at the first order of the next training trace."""
        trace_seed = (self._first_seed + self.episode) % TRAINING.stop
        require_training_seed(trace_seed)
        self.episode += 1
        trace = draw_trace(self.scenario, trace_seed)
        world = World(trace, "none", self.weights, self.pricing)
        play(world.handle, np.zeros(NUM_FEATURES))
        self._base_costs[first : first + self.group_size] = world.weighted_cost(self.weights) / trace.num_orders
        clocks = [CompiledClock(World(trace, "none", self.weights, self.pricing)) for _ in range(self.group_size)]
        for clock in clocks:
            clock.start()
        return clocks

    def _observe(self, i: int) -> None:
        plans = self._clocks[i].world.plans
        self._plans[i] = plans.features
        self._context[i] = plans.context
        self._num_plans[i] = plans.counts[0]

    def _observations(self) -> dict[str, np.ndarray]:
        return {"plans": self._plans.copy(), "context": self._context.copy()}

    def reset(self) -> dict[str, np.ndarray]:
        """Begins a new trace in every replication."""
        self._clocks = [clock for i in range(0, self.num_envs, self.group_size) for clock in self._begin(i)]
        self._booked[:] = 0
        for i in range(self.num_envs):
            self._observe(i)
        return self._observations()

    def action_masks(self) -> np.ndarray:
        """bool (num_envs, 32): which slots are real."""
        return np.arange(MAX_PLANS) < self._num_plans[:, None]

    def step_async(self, actions: np.ndarray) -> None:
        """Notes the slots to carry out."""
        self._actions = actions

    def step_wait(self) -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Carries out one plan in every replication."""
        rewards = np.zeros(self.num_envs, np.float32)
        dones = np.zeros(self.num_envs, bool)
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for i, slot in enumerate(self._actions.tolist()):
            clock = self._clocks[i]
            dones[i] = not clock.answer(slot)
            totals = clock.world.totals
            rewards[i] = self._part_weights @ (self._booked[i] - totals)
            self._booked[i] = totals
            if dones[i]:
                num_orders = clock.world.trace.num_orders
                terminal = {"plans": np.zeros_like(self._plans[i]), "context": np.zeros_like(self._context[i])}
                infos[i] = {
                    "episode_cost": float(self._part_weights @ totals) / num_orders,
                    "base_cost": float(self._base_costs[i]),
                    "terminal_observation": terminal,
                    "TimeLimit.truncated": False,
                }
        for i in np.flatnonzero(dones)[:: self.group_size]:  # a group ends together
            self._clocks[i : i + self.group_size] = self._begin(int(i))
            self._booked[i : i + self.group_size] = 0
        for i in range(self.num_envs):
            self._observe(i)
        return self._observations(), self._less_baseline(rewards), dones, infos

    def _less_baseline(self, rewards: np.ndarray) -> np.ndarray:
        if self.group_size == 1:
            return rewards
        groups = rewards.reshape(-1, self.group_size)
        others = (groups.sum(axis=1, keepdims=True) - groups) / (self.group_size - 1)
        return (groups - others).reshape(-1)

    def close(self) -> None:
        """Nothing to close."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The same attribute for every replication."""
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Not offered: replications share their settings."""
        raise NotImplementedError("replications of a RoutingVecEnv share their settings; make another one")

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """``action_masks`` row by row, as MaskablePPO asks for it."""
        if method_name != "action_masks":
            raise NotImplementedError(f"env_method {method_name!r}: only 'action_masks' is offered")
        return list(self.action_masks()[list(self._get_indices(indices))])

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """Replications are never wrapped."""
        return [False] * len(list(self._get_indices(indices)))

    def seed(self, seed: int | None = None) -> Sequence[None]:
        """Traces are chosen at construction."""
        return [None] * self.num_envs
