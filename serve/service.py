"""One decision from request to answer. Knows nothing of HTTP."""

from __future__ import annotations

import time
import uuid

import numpy as np

from agents.bundle import BundleAgent
from serve.answer import DecisionAnswer, PolicyVersion, write_plan
from serve.chain import Chain, Choice
from serve.reasons import explain
from serve.request import DecisionRequest

DEFAULT_BUDGET_SECONDS = 0.05
"""The policy's time for one decision; its median is below a thousandth of a second."""


class DecisionService:
    """Answers orders with the policy of a bundle whose golden cases hold.

    Args:
        agent: the policy.
        budget_seconds: its time for one decision; after that a heuristic decides.
    """

    def __init__(self, agent: BundleAgent, budget_seconds: float = DEFAULT_BUDGET_SECONDS) -> None:
        self._reader = agent.reader
        self._chain = Chain(agent, budget_seconds)
        self._quote_level = agent.bundle.public.settings.quote_level
        self.policy = PolicyVersion(
            name=agent.name, bundle_sha256=agent.bundle.sha256, scenario_id=agent.bundle.public.id
        )

    def decide(self, request: DecisionRequest, received: float | None = None) -> DecisionAnswer:
        """The decision for one order.

        Args:
            request: order and snapshot.
            received: ``time.perf_counter()`` at which the request came; now, if not given.

        Raises:
            InputError: a name, time or amount that does not fit the scenario.
        """
        began = time.perf_counter() if received is None else received
        deadline = None if request.deadline_ms is None else began + request.deadline_ms / 1000
        names, snapshot = self._reader.names, self._reader.read(request)
        choice = self._chain.decide(snapshot, deadline)
        others = self._others(choice, snapshot.plans.rules[: snapshot.num_plans, 0])
        plans = [
            write_plan(snapshot, request, names, slot, _probability(choice, slot))
            for slot in ([] if choice.slot is None else [choice.slot]) + others[: request.max_alternatives]
        ]
        plan = None if choice.slot is None else plans.pop(0)
        return DecisionAnswer(
            decision_id=uuid.uuid4().hex,
            order_id=request.order.id,
            stage=choice.stage,
            fallback_reason=choice.fallback_reason,
            plan=plan,
            promise_at=request.order.promise_at,
            quoted_delivery_at=plan.quoted_delivery_at if plan else None,
            quote_level=self._quote_level,
            confidence=plan.probability if plan else None,
            num_plans=snapshot.num_plans,
            alternatives=plans,
            reasons=explain(snapshot, names, choice.slot, others[0] if others else None),
            policy=self.policy,
            latency_ms=round(1000 * (time.perf_counter() - began), 3),
        )

    @staticmethod
    def _others(choice: Choice, scores: np.ndarray) -> list[int]:
        """The other slots, best first: by the policy if it decided, else by weighted score (which orders the slots)."""
        ranking = scores if choice.probabilities is None else -choice.probabilities
        return [int(slot) for slot in np.argsort(ranking, kind="stable") if slot != choice.slot]


def _probability(choice: Choice, slot: int) -> float | None:
    return None if choice.probabilities is None else float(choice.probabilities[slot])
