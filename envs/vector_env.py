"""Gymnasium vector environments: many replications, one call a step.

``gymnasium.make_vec("envs:routelab/OrderRouting-v0", num_envs=256, scenario="metro")``
"""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from functools import partial
from typing import Any

import numpy as np
from gymnasium import spaces
from gymnasium.utils.seeding import np_random as new_generator
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from envs.ahead import Ahead
from envs.batch import Batch
from envs.costs import MILLICENTS, NUM_OBJECTIVES
from envs.loop import SKIP
from envs.plan_table import MAX_PLANS
from envs.pricer import Pricer
from envs.routing_env import (
    Observation,
    by_objective,
    check_trace,
    observation_space,
    read_options,
    read_settings,
    training_seed,
    weighted,
)
from envs.world import World
from scenarios.draw import draw_trace
from scenarios.errors import InputError, unknown_name
from scenarios.scenario import Scenario
from scenarios.trace import Trace

Infos = dict[str, Any]
Weights = tuple[float, float, float]


class MOOrderRoutingVectorEnv(VectorEnv[Observation, np.ndarray, np.ndarray]):
    """``MOOrderRoutingEnv`` many times, stepped together on the compiled clock.

    Observations, rewards (R, 3) and terminations are those of the single environments, step by step. Sub-environment
    i draws its own training traces; ``reset(seed=s)`` seeds it with s + i. When an episode has ended, the next one
    begins as ``autoreset_mode`` says:

    - ``NextStep`` (the default): at the next step, whose action is not looked at and whose reward is 0.
    - ``SameStep``: at once; ``info["final_obs"]`` and ``info["final_info"]`` tell how the last one ended.
    - ``Disabled``: at ``reset(options={"reset_mask": bool (R,)})``.

    ``info`` has the arrays ``action_mask`` bool (R, 32), ``num_plans``, ``decision_id``, ``num_mapped_actions``,
    ``reward_millicents`` int64 (R, 3) and, of episodes that begin, ``trace_sha256``, each with its mask ``_name``;
    settlements are left to the single environments.

    Args:
        num_envs: replications (R).
        scenario: name or ``Scenario``.
        clock: only ``"compiled"``; SimPy replications come with ``vectorization_mode="sync"``.
        weights: preferences over cost, lateness and carbon.
        pricing: who fills the bid-price table, ``"CLOSED_FORM"``, ``"NONE"`` or ``"SCHEDULED"``.
        render_mode: None or ``"rgb_array"``.
        autoreset_mode: see above.
        num_workers: threads that share the replications; changes nothing but the time it takes.
        pricer: the job that solves bid prices of all replications, with ``"SCHEDULED"`` only.
        overrides: for ``load_scenario``.
    """

    def __init__(
        self,
        num_envs: int = 1,
        scenario: str | Scenario = "metro-small",
        clock: str = "compiled",
        weights: Weights = (1.0, 1.0, 1.0),
        pricing: str = "CLOSED_FORM",
        render_mode: str | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        num_workers: int = 1,
        pricer: Pricer | None = None,
        **overrides: Any,
    ) -> None:
        super().__init__()
        self._ahead: Ahead[Trace] | None = None
        self._batch: Batch | None = None
        if clock != "compiled":
            raise InputError("clock", clock, "'compiled'", "pass vectorization_mode='sync' for SimPy replications")
        if render_mode not in (None, "rgb_array"):
            raise unknown_name("render_mode", render_mode, ["rgb_array"])
        for name, value in (("num_envs", num_envs), ("num_workers", num_workers)):
            if value < 1:
                raise InputError(name, value, "at least 1", "correct the argument")
        self.scenario, self._pricing = read_settings(scenario, weights, pricing, pricer, overrides)
        self.autoreset_mode = AutoresetMode(autoreset_mode)
        self.metadata = {"render_modes": ["rgb_array"], "render_fps": 4, "autoreset_mode": self.autoreset_mode}
        self.num_envs, self.render_mode, self.num_workers = num_envs, render_mode, num_workers
        self.single_observation_space, self.single_action_space = observation_space(), spaces.Discrete(MAX_PLANS)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._weights, self._pricer = weights, pricer
        self._generators = [new_generator(None)[0] for _ in range(num_envs)]
        self._seeds: list[int | None] = [None] * num_envs
        self._ahead = Ahead(partial(draw_trace, self.scenario))
        self._booked = np.zeros((num_envs, NUM_OBJECTIVES), np.int64)
        self._num_mapped = np.zeros(num_envs, np.int64)
        self._is_prepared = np.zeros(num_envs, bool)
        self._half_time = np.zeros(num_envs, np.int64)

    @property
    def np_random_seed(self) -> tuple[int | None, ...]:  # type: ignore[override]
        """Of each sub-environment, as last given."""
        return tuple(self._seeds)

    @property  # type: ignore[misc]
    def np_random(self) -> tuple[np.random.Generator, ...]:  # type: ignore[override]
        """Of each sub-environment."""
        return tuple(self._generators)

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, Infos]:
        """Begins a trace in every replication, or in those of ``options["reset_mask"]``.

        Args:
            seed: s for seeds s, s + 1, ...; or one for each; None goes on with the generators as they are.
            options: ``trace``, which all play; ``weights``, which stay; ``reset_mask`` bool (R,).
        """
        options = dict(options or {})
        mask = options.pop("reset_mask", None)
        is_fresh = np.ones(self.num_envs, bool) if mask is None else np.asarray(mask)
        if is_fresh.dtype != bool or is_fresh.shape != (self.num_envs,) or not is_fresh.any():
            raise InputError("reset_mask", mask, f"bool ({self.num_envs},), not all false", "correct the mask")
        if self._batch is None and not is_fresh.all():
            raise InputError("reset_mask", mask, "all true at the first reset", "leave it out")
        trace, self._weights = read_options(options, self._weights)
        for i, one in enumerate(self._spread(seed)):
            if one is not None and is_fresh[i]:
                self._generators[i], self._seeds[i] = new_generator(one)
        self._begin(np.flatnonzero(is_fresh), trace)
        return self._observation(), self._info(is_fresh, ~is_fresh, np.zeros_like(self._booked))

    def step(self, actions: np.ndarray) -> tuple[Observation, np.ndarray, np.ndarray, np.ndarray, Infos]:
        """Carries out a plan in every replication; those that ended before begin anew, as the mode says."""
        if self._batch is None:
            raise InputError("step", "no episode", "an episode under way", "call reset() first")
        is_over = ~self._batch.is_due()
        if is_over.any() and self.autoreset_mode != AutoresetMode.NEXT_STEP:
            raise InputError("step", np.flatnonzero(is_over).tolist(), "episodes under way", "reset these replications")
        actions = np.asarray(actions, np.int64)
        if actions.shape != (self.num_envs,):
            raise InputError("actions", actions.shape, f"one for each replication, ({self.num_envs},)", "pass them all")
        num_plans = self._batch.num_plans()
        slots = np.where((actions >= 0) & (actions < num_plans), actions, actions % num_plans)
        self._num_mapped += (slots != actions) & ~is_over
        self._batch.step(np.where(is_over, SKIP, slots))
        booked = by_objective(self._batch.totals)
        millicents = np.where(is_over[:, None], 0, self._booked - booked)
        self._booked = booked
        is_ended = ~self._batch.is_due() & ~is_over
        final: Infos = {}
        if self.autoreset_mode == AutoresetMode.SAME_STEP and is_ended.any():
            final = self._final(is_ended, millicents)
            is_over = is_ended
        if self.autoreset_mode != AutoresetMode.DISABLED:
            self._begin(np.flatnonzero(is_over))
        self._look_ahead()
        infos = {**final, **self._info(is_over, ~is_over, millicents)}
        return self._observation(), self._reward(millicents), is_ended, np.zeros(self.num_envs, bool), infos

    def action_masks(self) -> np.ndarray:
        """bool (R, 32): which slots are real; slot 0 where an episode has ended."""
        num_plans = np.ones(self.num_envs, np.int64) if self._batch is None else self._batch.num_plans()
        return np.arange(MAX_PLANS) < num_plans[:, None]

    def render(self) -> tuple[np.ndarray, ...] | None:  # type: ignore[override]
        """Of each replication uint8 (height, width, 3)."""
        if self.render_mode is None or self._batch is None:
            return None
        from envs.render import draw_world

        return tuple(draw_world(world) for world in self._batch.worlds)

    def close_extras(self, **kwargs: Any) -> None:
        """Sends the threads home."""
        if self._ahead is not None:
            self._ahead.close()
        if self._batch is not None:
            self._batch.close()

    def _reward(self, millicents: np.ndarray) -> np.ndarray:
        return (millicents / MILLICENTS).astype(np.float32)

    def _spread(self, seed: int | Sequence[int | None] | None) -> list[int | None]:
        if seed is None:
            return [None] * self.num_envs
        if isinstance(seed, (int, np.integer)):
            return [int(seed) + i for i in range(self.num_envs)]
        if len(seed) != self.num_envs:
            raise InputError("seed", seed, f"{self.num_envs} seeds", "give one for each sub-environment")
        return list(seed)

    def _begin(self, rows: np.ndarray, trace: Trace | None = None) -> None:
        """The next trace in some rows."""
        assert self._ahead is not None
        if len(rows) == 0:
            return
        worlds = {}
        for row in rows.tolist():
            one = trace if trace is not None else self._ahead.take(training_seed(self._generators[row]))
            check_trace(one)
            worlds[row] = World(one, "none", self._weights, self._pricing, pricer=self._pricer)
            self._half_time[row] = one.num_orders // 2
        if self._batch is None:
            self._batch = Batch(list(worlds.values()), self.num_workers)
        else:
            self._batch.begin(worlds)
        self._booked[rows] = self._num_mapped[rows] = 0
        self._is_prepared[rows] = False

    def _look_ahead(self) -> None:
        """Prepares the next traces of replications that have come half-way."""
        assert self._batch is not None
        assert self._ahead is not None
        if self.autoreset_mode == AutoresetMode.DISABLED:
            return
        for row in np.flatnonzero(~self._is_prepared & (self._batch.decision_ids >= self._half_time)).tolist():
            self._ahead.prepare(training_seed(deepcopy(self._generators[row])))
            self._is_prepared[row] = True

    def _observation(self) -> Observation:
        assert self._batch is not None
        plans, context = self._batch.features.copy(), self._batch.context.copy()
        is_over = ~self._batch.is_due()
        if is_over.any():
            plans[is_over], context[is_over] = 0.0, 0.0
            plans[is_over, 0, 0] = 1.0
        return {"plans": plans, "context": context}

    def _info(self, is_fresh: np.ndarray, has_reward: np.ndarray, millicents: np.ndarray) -> Infos:
        """Arrays with their masks."""
        assert self._batch is not None
        everywhere = np.ones(self.num_envs, bool)
        arrays: dict[str, tuple[np.ndarray, np.ndarray]] = {
            "action_mask": (self.action_masks(), everywhere),
            "num_plans": (self._batch.num_plans(), everywhere),
            "decision_id": (self._batch.decision_ids.copy(), everywhere),
            "num_mapped_actions": (self._num_mapped.copy(), everywhere),
        }
        if has_reward.any():
            arrays["reward_millicents"] = (millicents, has_reward)
        if is_fresh.any():
            traces = np.full(self.num_envs, None, object)
            traces[is_fresh] = [self._batch.worlds[row].trace.sha256 for row in np.flatnonzero(is_fresh)]
            arrays["trace_sha256"] = (traces, is_fresh)
        infos: Infos = {}
        for name, (array, mask) in arrays.items():
            infos[name], infos[f"_{name}"] = array, mask.copy()
        return infos

    def _final(self, is_ended: np.ndarray, millicents: np.ndarray) -> Infos:
        """How episodes ended, before the next ones begin."""
        last = self._observation()
        observations = np.full(self.num_envs, None, object)
        for row in np.flatnonzero(is_ended).tolist():
            observations[row] = {name: array[row] for name, array in last.items()}
        info = self._info(np.zeros(self.num_envs, bool), is_ended, millicents)
        for name in [name for name in info if name.startswith("_")]:
            info[name] = is_ended.copy()
        return {
            "final_obs": observations,
            "_final_obs": is_ended.copy(),
            "final_info": info,
            "_final_info": is_ended.copy(),
        }


class OrderRoutingVectorEnv(MOOrderRoutingVectorEnv):
    """``OrderRoutingEnv`` many times: rewards float64 (R,) are weights times vector rewards, in currency units."""

    def _reward(self, millicents: np.ndarray) -> np.ndarray:
        return weighted(self._weights, millicents)
