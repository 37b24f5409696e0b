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
from envs.snapshot import Snapshot
from serve.answer import Stage
from serve.breaker import Breaker
from serve.model_thread import ModelThread
from serve.trials.exploring import Exploration, explore

_log = logging.getLogger(__name__)

RESERVE_SECONDS = 0.002
"""Kept of a deadline for choosing by heuristic and writing the answer."""


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

    Args:
        agent: the policy and its settings.
        budget_seconds: the policy's time for one decision.
    """

    def __init__(self, agent: BundleAgent, budget_seconds: float) -> None:
        self._agent, self._plan = agent, agent.bundle.plan
        self._budget_seconds = budget_seconds
        self._model = ModelThread(lambda features, context: agent.scores(features, context))
        self._breaker = Breaker()
        self._heuristics = [load_fallback(name) for name in self._plan.fallback]

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
            reason = str(error) if isinstance(error, PolicyError) else f"the policy failed: {type(error).__name__}"
            _log.warning("fallback: %s", reason)
        stage: Stage = "heuristic"
        for heuristic in self._heuristics:
            try:
                return Choice(stage, heuristic.choose(snapshot), reason, heuristic.name)
            except Exception:
                _log.exception("heuristic %s failed", heuristic.name)
                reason, stage = f"{reason}; {heuristic.name} failed", "static"
        return Choice("review", None, reason)

    def _by_policy(self, snapshot: Snapshot, deadline: float | None) -> Choice:
        timeout = self._budget_seconds
        if deadline is not None:
            timeout = min(timeout, deadline - RESERVE_SECONDS - time.perf_counter())
            if timeout <= 0:
                raise PolicyError("the deadline left no time for the policy")
        if not self._breaker.admits():
            raise PolicyError("the policy is left out, as it failed again and again")
        try:
            scores = self._model.scores(snapshot.plans.features, snapshot.plans.context, timeout)
            choice = self._choice(snapshot, scores)
        except Exception:
            if timeout == self._budget_seconds:  # else a hasty client alone could have the policy left out for all
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

    def _choice(self, snapshot: Snapshot, scores: np.ndarray) -> Choice:
        slot = best_slot(scores, snapshot.num_plans)
        real = scores[: snapshot.num_plans].astype(np.float64) / self._plan.temperature
        weights = np.exp(real - real.max())
        return Choice("policy", slot, probabilities=weights / weights.sum())
