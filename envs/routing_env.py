"""Gymnasium environments: one step is one routing decision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.utils import EzPickle

from envs.costs import MILLICENTS, NUM_OBJECTIVES, OBJECTIVE_OF_PART
from envs.feature_schema import BOUND, NUM_CONTEXT, NUM_FEATURES
from envs.log import LEDGER_COLUMNS
from envs.plan_table import COUNT_PLANS, MAX_PLANS
from envs.pricer import Pricer, check_pricer
from envs.prices import Pricing
from envs.simulation import CLOCKS, make_clock
from envs.world import World, check_weights, set_weights
from scenarios.draw import draw_trace
from scenarios.errors import InputError, unknown_name
from scenarios.registry import load_scenario
from scenarios.scenario import Scenario
from scenarios.seeds import HISTORY, TRAINING
from scenarios.trace import Trace, load_trace

if TYPE_CHECKING:
    from envs.window import Window

_ARGUMENTS = ("scenario", "clock", "weights", "pricing", "pricer", "render_mode")

Observation = dict[str, np.ndarray]

_OBJECTIVE = np.array(OBJECTIVE_OF_PART)
_DECISION, _PART, _SETTLED, _AMOUNT = (
    LEDGER_COLUMNS.index(name) for name in ("decision_id", "part", "is_settlement", "amount_millicents")
)


def observation_space() -> spaces.Dict:
    """``plans`` float32 (32, features) and ``context`` float32 (context features,)."""
    return spaces.Dict(
        {
            "plans": spaces.Box(-BOUND, BOUND, (MAX_PLANS, NUM_FEATURES), np.float32),
            "context": spaces.Box(-BOUND, BOUND, (NUM_CONTEXT,), np.float32),
        }
    )


def weighted(weights: tuple[float, float, float], millicents: np.ndarray) -> Any:
    """Weights times vector rewards of millicents (..., 3), in currency units (...)."""
    cost, lateness, carbon = weights
    return (cost * millicents[..., 0] + lateness * millicents[..., 1] + carbon * millicents[..., 2]) / MILLICENTS


def by_objective(totals: np.ndarray) -> np.ndarray:
    """int64 (..., 3): totals (..., NUM_PARTS) by objective."""
    return totals @ (_OBJECTIVE[:, None] == np.arange(NUM_OBJECTIVES)).astype(np.int64)


def read_settings(
    scenario: str | Scenario,
    weights: tuple[float, float, float],
    pricing: str,
    pricer: Pricer | None,
    overrides: dict[str, Any],
) -> tuple[Scenario, Pricing]:
    """Arguments that all environments share, checked.

    Raises:
        InputError: the argument that is wrong.
    """
    if pricing not in Pricing.__members__:
        raise unknown_name("pricing", pricing, Pricing.__members__)
    check_pricer(Pricing[pricing], pricer)
    check_weights(weights)
    if overrides and not isinstance(scenario, str):
        raise unknown_name("argument", next(iter(overrides)), _ARGUMENTS)
    return (load_scenario(scenario, **overrides) if isinstance(scenario, str) else scenario), Pricing[pricing]


def read_options(
    options: dict[str, Any] | None, weights: tuple[float, float, float]
) -> tuple[Trace | None, tuple[float, float, float]]:
    """The trace and the weights that options of ``reset`` ask for.

    Args:
        options: ``trace`` (or its path) and ``weights``, both optional.
        weights: those that stay without the option.

    Raises:
        InputError: an unknown option, or one that is wrong.
    """
    options = dict(options or {})
    trace = options.pop("trace", None)
    weights = options.pop("weights", weights)
    check_weights(weights)
    if options:
        raise unknown_name("reset option", next(iter(options)), ("trace", "weights"))
    if isinstance(trace, (str, Path)):
        trace = load_trace(trace)
    if trace is not None:
        check_trace(trace)
    return trace, weights


def check_trace(trace: Any) -> None:
    """Refuses what is no trace, and a trace without orders."""
    if not isinstance(trace, Trace) or trace.num_orders == 0:
        raise InputError("trace", trace, "a trace with at least one order", "draw one with scenarios.draw_trace")


def training_seed(generator: np.random.Generator) -> int:
    """Seed of the next training trace; what forecasts look back on is left out."""
    return int(generator.integers(TRAINING.start, HISTORY.start))


class MOOrderRoutingEnv(gymnasium.Env[Observation, int], EzPickle):
    """Order routing with a vector reward, following MO-Gymnasium's conventions.

    ## Description
    An online shop's orders arrive one by one; for each, one of at most 32 plans is chosen: which warehouse sends which
    line with which carrier service, what is backordered, or that the order is declined.

    ## Action Space
    ``Discrete(32)``: the slot of a plan. ``action_masks()`` tells which slots are real, always 0..n-1. An action k
    beyond them is taken as plan k mod n and counted in ``info["num_mapped_actions"]``.

    ## Observation Space
    ``Dict(plans, context)`` of ``envs.feature_schema``, fixed physical scales, no running normalisation.

    ## Rewards
    float32 (3,): minus the new ledger rows of cost, lateness and carbon since the last decision, in currency units,
    unweighted. ``info["reward_millicents"]`` is the exact int64 vector. Rows before the first decision join the first
    reward, rows of the drain the last.

    ## Starting State
    The first order of the trace; initial backlog is ordinary orders at second 0.

    ## Episode End
    Terminated when the last order is decided and everything has run to its end; the observation is then
    zeros with slot 0 real. Never truncated.

    ## Information
    ``num_plans``, ``decision_id``, ``reward_millicents``, ``settlements`` (int64 (n, 3): decision id, objective,
    millicents booked late for earlier decisions), ``num_mapped_actions``, ``trace_sha256`` (on reset).

    ## Arguments
    ``scenario``: name or ``Scenario``; ``clock``: ``"compiled"`` or ``"simpy"``; ``weights``: preferences over cost,
    lateness, carbon, kept until changed; ``pricing``: who fills the bid-price table, ``"CLOSED_FORM"``, ``"NONE"`` or
    ``"SCHEDULED"``; ``pricer``: an ``envs.pricer.Pricer``, with ``"SCHEDULED"`` only;
    ``render_mode``: ``"rgb_array"``, or ``"human"`` for a window; ``overrides``: for ``load_scenario``.
    ``reset(options={"trace": Trace or path, "weights": (...)})`` plays a given trace; otherwise a training trace is
    drawn with a seed below 1,000,000.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": ["human", "rgb_array"], "render_fps": 4}  # type: ignore[misc]

    def __init__(
        self,
        scenario: str | Scenario = "metro-small",
        clock: str = "compiled",
        weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
        pricing: str = "CLOSED_FORM",
        render_mode: str | None = None,
        pricer: Pricer | None = None,
        **overrides: Any,
    ) -> None:
        EzPickle.__init__(self, scenario, clock, weights, pricing, render_mode, pricer, **overrides)
        if render_mode not in (None, *self.metadata["render_modes"]):
            raise unknown_name("render_mode", render_mode, self.metadata["render_modes"])
        if clock not in CLOCKS:
            raise unknown_name("clock", clock, CLOCKS)
        self.scenario, self._pricing = read_settings(scenario, weights, pricing, pricer, overrides)
        self._pricer = pricer
        self.render_mode = render_mode
        self.observation_space = observation_space()
        self.action_space = spaces.Discrete(MAX_PLANS)
        self.reward_space = spaces.Box(-BOUND, BOUND, (NUM_OBJECTIVES,), np.float32)
        self.reward_dim = NUM_OBJECTIVES
        self._clock_name, self._weights = clock, weights
        self._world: World | None = None
        self._is_due = False
        self._window: Window | None = None
        if render_mode == "human":
            self._open_window()

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Observation, dict]:
        """Begins a trace; see the class for ``options``."""
        super().reset(seed=seed)
        trace, weights = read_options(options, self._weights)
        if trace is None:
            trace = draw_trace(self.scenario, training_seed(self.np_random))
            check_trace(trace)
        world = World(trace, "ledger", weights, self._pricing, pricer=self._pricer)
        self._world, self._clock = world, make_clock(world, self._clock_name)
        self._weights = weights
        self._booked = np.zeros(NUM_OBJECTIVES, np.int64)
        self._num_rows = self._num_mapped = 0
        self._is_due = self._clock.start()
        self._show()
        return self._observation(), {**self._info(), "trace_sha256": trace.sha256}

    def step(self, action: int) -> tuple[Observation, Any, bool, bool, dict]:
        """Carries out a plan and plays to the next decision."""
        if self._world is None or not self._is_due:
            raise InputError("step", action, "an episode under way", "call reset() first")
        num_plans, slot = int(self._world.plans.counts[COUNT_PLANS]), int(action)
        if not 0 <= slot < num_plans:
            slot %= num_plans
            self._num_mapped += 1
        self._is_due = self._clock.answer(slot)
        booked = by_objective(self._world.totals)
        reward, self._booked = self._booked - booked, booked
        info = {**self._info(), "reward_millicents": reward}
        self._show()
        return self._observation(), self._reward(reward), not self._is_due, False, info

    def action_masks(self) -> np.ndarray:
        """bool (32,): which slots are real; slot 0 after the end."""
        num_plans = self._world.plans.counts[COUNT_PLANS] if self._world is not None and self._is_due else 1
        return np.arange(MAX_PLANS) < num_plans

    def render(self) -> np.ndarray | None:  # type: ignore[override]
        """uint8 (height, width, 3): the network with stock, queues and the order being decided.

        With ``render_mode="human"`` every step shows it in a window, and nothing is returned.
        """
        if self.render_mode != "rgb_array" or self._world is None:
            return None
        from envs.render import draw_world

        return draw_world(self._world)

    def close(self) -> None:
        """Closes the window."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def _open_window(self) -> None:
        from envs.window import Window

        self._window = Window()

    def _show(self) -> None:
        if self.render_mode == "human" and self._world is not None:
            if self._window is None:  # closed, or left behind by a pickle
                self._open_window()
            assert self._window is not None
            self._window.show(self._world)

    def set_weights(self, weights: tuple[float, float, float]) -> None:
        """Changes the preferences of coming decisions."""
        check_weights(weights)
        self._weights = weights
        if self._world is not None:
            set_weights(self._world.seen, self._weights)

    def _reward(self, millicents: np.ndarray) -> Any:
        return (millicents / MILLICENTS).astype(np.float32)

    def _observation(self) -> Observation:
        assert self._world is not None
        if not self._is_due:
            plans = np.zeros((MAX_PLANS, NUM_FEATURES), np.float32)
            plans[0, 0] = 1.0
            return {"plans": plans, "context": np.zeros(NUM_CONTEXT, np.float32)}
        return {"plans": self._world.plans.features.copy(), "context": self._world.plans.context.copy()}

    def _info(self) -> dict[str, Any]:
        assert self._world is not None
        num_rows = int(self._world.hidden.counters["num_ledger_rows"][0])
        rows = self._world.hidden.ledger[self._num_rows : num_rows]
        rows = rows[rows[:, _SETTLED] == 1]
        self._num_rows = num_rows
        return {
            "num_plans": int(self._world.plans.counts[COUNT_PLANS]) if self._is_due else 1,
            "decision_id": int(self._world.seen.clock["decision_id"][0]),
            "settlements": np.column_stack([rows[:, _DECISION], _OBJECTIVE[rows[:, _PART]], rows[:, _AMOUNT]]),
            "num_mapped_actions": self._num_mapped,
        }


class OrderRoutingEnv(MOOrderRoutingEnv):
    """Order routing with a scalar reward: the weights times the vector reward, in currency units.

    At weights one the sum of an episode's rewards is minus its ledger. Everything else is as in
    ``MOOrderRoutingEnv``.
    """

    def _reward(self, millicents: np.ndarray) -> Any:
        return float(weighted(self._weights, millicents))
