"""One decision from request to answer. Knows nothing of HTTP."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from agents.bundle import BundleAgent
from agents.documents import CaseDocument, parse_case
from envs.snapshot import Snapshot
from scenarios.errors import InputError
from serve.decisions.answer import DecisionAnswer, PolicyVersion, ReservationAnswer, ReviewNotice
from serve.decisions.chain import Chain, Choice
from serve.decisions.plan_writer import LightDecision, PlanWriter
from serve.decisions.request import DecisionRequest
from serve.explanations.reasons import explain, of_chance
from serve.monitoring.logs import note
from serve.monitoring.metrics import DECISIONS
from serve.policies.reliability import reliability_of
from serve.pricing.scheduled import scheduled_of, unpriced
from serve.trials.assignment import Arm
from serve.trials.exploring import Exploration

DEFAULT_BUDGET_SECONDS = 0.05
"""The policy's time for one decision; its median is below a thousandth of a second."""


@dataclass(frozen=True, slots=True, eq=False)
class Weighed:
    """A case, its plans, the choice among them, and what part chance had in it."""

    case: CaseDocument
    snapshot: Snapshot
    choice: Choice
    exploration: Exploration | None = None


class Trial(NamedTuple):
    """How an order fell to a policy, as its answer states it.

    Attributes:
        arm: which slot the policy stands in.
        propensity: probability that an order falls to this arm.
        experiment: that the order is in.
        unit: of the experiment, for which the arm was drawn.
    """

    arm: Arm = "active"
    propensity: float = 1.0
    experiment: str | None = None
    unit: str | None = None


BY_NOBODY = Trial()
"""Chance had no part in it."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What an answer states beside the decision.

    Attributes:
        decision_id: of this decision.
        latency_ms: from the request to the answer.
        reservation: what is kept for the plan.
        is_stored: whether its parcels exist, and so have ids.
        trial: how the order fell to the policy.
        rules: version of the options that put orders into the queue; None: there are none.
        review: that a person should look; None: nobody need.
    """

    decision_id: str
    latency_ms: float
    reservation: ReservationAnswer | None = None
    is_stored: bool = False
    trial: Trial = BY_NOBODY
    rules: str | None = None
    review: ReviewNotice | None = None


def deadline_of(deadline_ms: float | None, began: float) -> float | None:
    """``time.perf_counter()`` at which an answer is wanted."""
    return None if deadline_ms is None else began + deadline_ms / 1000


def milliseconds_since(began: float) -> float:
    """To three digits, as answers state it."""
    return round(1000 * (time.perf_counter() - began), 3)


class DecisionService:
    """Answers orders with the policy of a bundle whose golden cases hold.

    Args:
        agent: the policy.
        budget_seconds: its time for one decision; after that a heuristic decides, which has as much again.

    Attributes:
        reader: documents to snapshots.
        chain: who decides.
        policy: which bundle answers.
        folder: where it lies.
        budget_seconds: see above.
        scheduled: who solves its bid prices, and when; None if they are not solved on a schedule.
        reference: what its decisions are compared with, see ``agents.recording.reference_histograms``.
        reliability: what came of its confidence on validation traces; None if it was not measured.
    """

    def __init__(self, agent: BundleAgent, budget_seconds: float = DEFAULT_BUDGET_SECONDS) -> None:
        self.reader = agent.reader
        self.chain = Chain(agent, budget_seconds)
        self.chain.prepare(self.reader.read(parse_case(agent.bundle.golden[0].document)))
        self.folder, self.budget_seconds = agent.bundle.path, budget_seconds
        self.reference, self.scheduled = agent.bundle.reference, scheduled_of(agent)
        self.reliability = reliability_of(agent.bundle.provenance)
        self._quote_level = agent.bundle.public.settings.quote_level
        self.policy = PolicyVersion(
            name=agent.name, bundle_sha256=agent.bundle.sha256, scenario_id=agent.bundle.public.id
        )

    def decide(self, request: DecisionRequest, received: float | None = None) -> DecisionAnswer:
        """The decision for one order from the snapshot that came with it.

        Args:
            request: order and snapshot.
            received: ``time.perf_counter()`` at which the request came; now, if not given.

        Raises:
            InputError: a name, time or amount that does not fit the scenario.
        """
        began = time.perf_counter() if received is None else received
        if request.snapshot is None:
            raise InputError("snapshot", None, "a value", "add this field, or run the endpoint with a database")
        case = CaseDocument.model_construct(order=request.order, snapshot=request.snapshot)
        hindrance = None if self.scheduled is None else unpriced(request.snapshot)
        weighed = self.weigh(case, deadline_of(request.deadline_ms, began), hindrance)
        return self.answer(weighed, Mark(uuid.uuid4().hex, milliseconds_since(began)), request.max_alternatives)

    def weigh(
        self,
        case: CaseDocument,
        deadline: float | None = None,
        hindrance: str | None = None,
        exploration: Exploration | None = None,
    ) -> Weighed:
        """Which plans there are, and which is chosen.

        Args:
            case: order and snapshot.
            deadline: ``time.perf_counter()`` by which.
            hindrance: why the policy must not choose; None: it may.
            exploration: how its plan may give way to another one by chance; None: it does not.
        """
        snapshot = self.reader.read_to_choose(case)
        choice = self.chain.decide(snapshot, deadline, hindrance).explored(snapshot, exploration, case.order.id)
        DECISIONS.labels(choice.stage).inc()
        note(stage=choice.stage, policy=self.policy.bundle_sha256[:12])
        return Weighed(case, snapshot, choice, exploration)

    def answer(self, weighed: Weighed, mark: Mark, max_alternatives: int) -> DecisionAnswer:
        """What is chosen, in names and words. Pure: the same arguments, the same bytes."""
        case, snapshot, choice = weighed.case, weighed.snapshot, weighed.choice
        names = self.reader.names_of(case.order)
        others = self._others(choice, snapshot.plans.rules[: snapshot.num_plans, 0])
        writer = PlanWriter(snapshot, case, names)
        plans = [
            writer.write(slot, _probability(choice, slot))
            for slot in ([] if choice.slot is None else [choice.slot]) + others[:max_alternatives]
        ]
        plan = None if choice.slot is None else plans.pop(0)
        if plan is not None and mark.is_stored:
            for number, parcel in enumerate(plan.parcels, start=1):
                parcel.id = f"{mark.decision_id}-{number}"
        reasons = explain(snapshot, names, choice.slot, others[0] if others else None)
        if choice.propensity < 1 and choice.own_slot is not None:
            reasons.insert(1, of_chance(snapshot, names, choice.own_slot, choice.replaced is not None))
        told = {"review": mark.review, "review_rules": mark.rules}
        return LightDecision(
            decision_id=mark.decision_id,
            order_id=case.order.id,
            joined_orders=[order_id for order_id in case.order.orders if order_id != case.order.id],
            stage=choice.stage,
            fallback_reason=choice.fallback_reason,
            plan=plan,
            promise_at=case.order.promise_at,
            quoted_delivery_at=plan.quoted_delivery_at if plan else None,
            quote_level=self._quote_level,
            confidence=plan.probability if plan else None,
            num_plans=snapshot.num_plans,
            alternatives=plans,
            reasons=reasons,
            policy=self.policy,
            plan_propensity=choice.propensity,
            **mark.trial._asdict(),
            **{name: value for name, value in told.items() if value is not None},
            reservation=mark.reservation,
            latency_ms=mark.latency_ms,
        )

    @staticmethod
    def _others(choice: Choice, scores: np.ndarray) -> list[int]:
        """The other slots, best first: by the policy if it decided, else by weighted score (which orders the slots)."""
        ranking = scores if choice.probabilities is None else -choice.probabilities
        return [int(slot) for slot in np.argsort(ranking, kind="stable") if slot != choice.slot]


def _probability(choice: Choice, slot: int) -> float | None:
    return None if choice.probabilities is None else float(choice.probabilities[slot])
