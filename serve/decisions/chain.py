"""Who decides: the policy, else the best heuristic, else a static rule, else a person.

Each chooses among the same enumerated plans, so hard constraints hold in every stage.
"""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass, replace

import numpy as np

from agents.bundle import BundleAgent, PolicyError, best_slot
from agents.fallback import load_fallback
from envs.protocol import Agent
from envs.snapshot import Snapshot
from serve.decisions.answer import Stage
from serve.decisions.breaker import Breaker
from serve.decisions.stage_thread import StageThread, Stalled
from serve.trials.exploring import Exploration, explore

_log = logging.getLogger(__name__)

RESERVE_SECONDS = 0.002
"""Kept of a deadline for the static rule and for writing the answer."""

LEAST_SECONDS = 0.007
"""Kept of a deadline for all who come after the policy."""

HEURISTIC_SECONDS = 0.01
"""That a heuristic has in any case. It takes a hundredth of that, but another thread may have to give up Python's lock
first; only if policy and heuristic stall at once, one order is late by the few milliseconds that are missing."""

STALL_SECONDS = 0.02
"""A call of the policy that has had so long, or all its budget, and has given no answer is a failure. With less, it may
only have waited for another thread to give up Python's lock: a hasty client alone must not have the policy left out
for all."""


@dataclass(frozen=True, slots=True, eq=False)
class Choice:
    """The outcome of the chain.

    Attributes:
        stage: who decided.
        slot: the chosen plan; None if a person must decide.
        fallback_reason: why an earlier stage did not decide.
        heuristic: which one decided; None unless one did.
        probabilities: float64 (num_plans,) under the policy; None unless it decided.
        propensity: of the plan, where chance had a part in it, see ``serve.trials.exploring``.
        replaced: the policy's own plan, if chance drew another one.
    """

    stage: Stage
    slot: int | None
    fallback_reason: str | None = None
    heuristic: str | None = None
    probabilities: np.ndarray | None = None
    propensity: float = 1.0
    replaced: int | None = None

    @property
    def own_slot(self) -> int | None:
        """What whoever decided chose, before chance."""
        return self.slot if self.replaced is None else self.replaced

    def explored(self, snapshot: Snapshot, exploration: Exploration | None, order_id: str) -> Choice:
        """What chance makes of it: only what a policy decided may be another plan that is nearly as good."""
        if exploration is None or self.stage != "policy" or self.slot is None:
            return self
        slot, propensity = explore(snapshot, self.slot, exploration, order_id)
        own = None if slot == self.slot else self.slot
        return replace(self, slot=slot, propensity=propensity, replaced=own)


class Chain:
    """Policy, heuristics and review queue, in this order.

    Policy and heuristic have a time budget. The last heuristic is the static rule, which has none: it compares numbers
    of the finished plan table, 32 rows at most, in the thread that wants the answer.

    Args:
        agent: the policy and its settings.
        budget_seconds: the policy's time for one decision, and the heuristic's after it.
    """

    def __init__(self, agent: BundleAgent, budget_seconds: float) -> None:
        self._agent, self._plan = agent, agent.bundle.plan
        self._budget_seconds = budget_seconds
        self._model, self._heuristic = StageThread("the policy"), StageThread("the heuristic")
        self._breaker = Breaker()
        self._heuristics = [load_fallback(name) for name in self._plan.fallback]

    def prepare(self, snapshot: Snapshot) -> None:
        """Has heuristics choose once, without regard to time: the first choice of each may have to be compiled."""
        for heuristic in self._heuristics:
            try:
                heuristic.choose(snapshot)
            except Exception:  # as it would when an order comes
                _log.exception("heuristic %s failed", heuristic.name)

    def decide(self, snapshot: Snapshot, deadline: float | None = None, hindrance: str | None = None) -> Choice:
        """Chooses a plan.

        Args:
            snapshot: with plans and features.
            deadline: ``time.perf_counter()`` at which the answer is wanted.
            hindrance: why the policy must not decide; None: it may.
        """
        sends_nothing = snapshot.plans.slots["num_parcels"][: snapshot.num_plans] == 0  # declines and holds
        if sends_nothing.all() and not snapshot.network.settings["is_decline_a_choice"][0]:
            return Choice("review", None, "no feasible plan")
        try:
            if hindrance is not None:
                raise PolicyError(hindrance)
            return self._by_policy(snapshot, deadline)
        except Exception as error:  # whatever a model does, the order is answered
            is_told = isinstance(error, PolicyError | Stalled)
            reason = str(error) if is_told else f"the policy failed: {type(error).__name__}"
            _log.warning("fallback: %s", reason)
        stage: Stage = "heuristic"
        for heuristic in self._heuristics:
            is_last = heuristic is self._heuristics[-1]
            try:
                slot = heuristic.choose(snapshot) if is_last else self._in_time(heuristic, snapshot, deadline)
                return Choice(stage, slot, reason, heuristic.name)
            except Stalled as error:
                _log.warning("fallback: %s", error)
                reason, stage = f"{reason}; {error}", "static"
            except Exception:
                _log.exception("heuristic %s failed", heuristic.name)
                reason, stage = f"{reason}; {heuristic.name} failed", "static"
        return Choice("review", None, reason)

    def _in_time(self, heuristic: Agent, snapshot: Snapshot, deadline: float | None) -> int:
        timeout = self._budget_seconds
        if deadline is not None:
            timeout = min(timeout, deadline - RESERVE_SECONDS - time.perf_counter())
        return self._heuristic.call(lambda: heuristic.choose(snapshot), max(HEURISTIC_SECONDS, timeout))

    def _by_policy(self, snapshot: Snapshot, deadline: float | None) -> Choice:
        timeout = self._budget_seconds
        if deadline is not None:
            timeout = min(timeout, deadline - LEAST_SECONDS - time.perf_counter())
            if timeout <= 0:
                raise PolicyError("the deadline left no time for the policy")
        if not self._breaker.admits():
            raise PolicyError("the policy is left out, as it failed again and again")
        try:
            features, context = snapshot.plans.features, snapshot.plans.context
            scores = self._model.call(lambda: self._agent.scores(features, context), timeout)
            choice = self._choice(snapshot, scores)
        except Exception as error:
            if not isinstance(error, Stalled) or error.seconds >= min(STALL_SECONDS, self._budget_seconds):
                self._breaker.tell(is_answered=False)
            raise
        self._breaker.tell(is_answered=True)
        return choice

    def repeat(self, snapshot: Snapshot, stage: Stage, reason: str | None, heuristic: str | None) -> Choice:
        """The choice that a stage made before, without regard to time.

        Args:
            snapshot: as it was.
            stage: that decided.
            reason: why an earlier one did not.
            heuristic: that decided, if one did.
        """
        if stage == "policy":
            return self._choice(snapshot, self._agent.scores(snapshot.plans.features, snapshot.plans.context))
        slot = load_fallback(heuristic).choose(snapshot) if heuristic else None
        return Choice(stage, slot, reason, heuristic)

    def foresee(self, snapshot: Snapshot, stage: Stage, heuristic: str | None) -> int | None:
        """The slot that a stage would choose from another snapshot; where the policy fails, the first heuristic's.

        Args:
            snapshot: another one.
            stage: that decided.
            heuristic: that decided, if one did.

        Returns:
            None if a person would have to decide.
        """
        if stage != "policy":
            return self.repeat(snapshot, stage, None, heuristic).slot
        try:
            return self.repeat(snapshot, stage, None, None).slot
        except Exception:  # whatever a model does, as where it decides
            return self._heuristics[0].choose(snapshot)

    def _choice(self, snapshot: Snapshot, scores: np.ndarray) -> Choice:
        slot = best_slot(scores, snapshot.num_plans)
        real = scores[: snapshot.num_plans].astype(np.float64) / self._plan.temperature
        weights = np.exp(real - real.max())
        return Choice("policy", slot, probabilities=weights / weights.sum())
