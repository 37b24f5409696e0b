"""Why a decision is as it is, from its record alone: all plans, what excluded the rest, and what would flip it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec
import numpy as np
from pydantic import BaseModel, Field

from envs.plan_table import SCORE, Rule
from envs.snapshot import Snapshot
from scenarios.errors import InputError, unknown_name
from scenarios.trace import Names
from serve.decisions.answer import PlanAnswer, PolicyVersion, Stage
from serve.decisions.plan_writer import PlanWriter
from serve.decisions.record import Record
from serve.decisions.service import DecisionService, Weighed
from serve.explanations.exclusion import ExclusionAnswer, Exclusions
from serve.explanations.flip import Flip, FlipAnswer, Flips, Lever
from serve.explanations.reasons import describe_plan, shape
from serve.policies.reliability import Band


class ExplainedPlan(PlanAnswer):
    """One of the plans that were compared."""

    number: int = Field(description="by weighted score, the best is 0")
    is_chosen: bool
    score_millicents: float = Field(description="weighted cost and worth of stock: what the heuristic minimises")
    best_by: list[str] = Field(description="rules by which no other plan is better")


class WhyNotAnswer(BaseModel):
    """Why not from one warehouse."""

    warehouse: str
    is_chosen: bool = Field(description="whether the chosen plan sends something from there after all")
    best_plan: int | None = Field(description="number of the best kept plan that does; null if none does")
    sentences: list[str]


class ExplanationAnswer(BaseModel):
    """Why a decision is as it is."""

    decision_id: str
    order_id: str
    stage: Stage
    heuristic: str | None = Field(description="that decided; null if none did")
    fallback_reason: str | None
    policy: PolicyVersion
    confidence: float | None = Field(description="the chosen plan's probability under the policy")
    confidence_seen: Band | None = Field(
        description="what came of plans it was as sure of, on the bundle's validation traces; null if that is not known"
    )
    plans: list[ExplainedPlan] = Field(description="all that were compared, 32 at most")
    why: list[str] = Field(description="why this plan, and why it is split or waits")
    why_not: WhyNotAnswer | None = Field(description="of the warehouse asked for")
    excluded: list[ExclusionAnswer] = Field(
        description="per line, warehouse and service, why the chosen plan does not use them"
    )
    flips: list[FlipAnswer] = Field(
        description="the smallest change of each kind with which the choice is another; none if people or chance chose"
    )


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """One decision that is made again to be explained.

    Attributes:
        service: with the bundle that decided.
        record: of the decision.
        weighed: the decision made again.
    """

    service: DecisionService
    record: Record
    weighed: Weighed

    def answer(self, warehouse: str | None = None) -> ExplanationAnswer:
        """All of it, and why not ``warehouse``.

        Raises:
            InputError: no such warehouse.
        """
        told, names, slot = self.record.told(), self._names, self.weighed.choice.slot
        if warehouse is not None and warehouse not in names.warehouses:
            near = unknown_name("warehouse", warehouse, names.warehouses)
            raise InputError("warehouse", warehouse, near.expected, near.remedy)
        excluded = Exclusions(self._snapshot, names, slot).all()
        if warehouse is not None:
            excluded = [row for row in excluded if row.warehouse == warehouse]
        return ExplanationAnswer(
            decision_id=told.decision_id,
            order_id=told.order_id,
            stage=told.stage,
            heuristic=self.record.heuristic,
            fallback_reason=told.fallback_reason,
            policy=told.policy,
            confidence=told.confidence,
            confidence_seen=self._seen(told.confidence),
            plans=[self._plan(n) for n in range(self._snapshot.num_plans)],
            why=told.reasons[: 1 if told.plan_propensity == 1 else 2]
            + ([] if slot is None else shape(self._snapshot, names, slot)),
            why_not=None if warehouse is None else self._why_not(warehouse, excluded),
            excluded=excluded,
            flips=[] if slot is None else self._flips(slot, warehouse),
        )

    @property
    def _snapshot(self) -> Snapshot:
        return self.weighed.snapshot

    @property
    def _names(self) -> Names:
        return self.service.reader.names_of(self.weighed.case.order)

    def _seen(self, confidence: float | None) -> Band | None:
        """Of the policy's own choice among several; of a plan that a person or chance took it says nothing."""
        known, choice = self.service.reliability, self.weighed.choice
        is_own = choice.slot is not None and choice.slot == choice.own_slot and self.record.parcels is None
        if known is None or confidence is None or not is_own or self._snapshot.num_plans < 2:
            return None
        return known.band_of(confidence)

    def _plan(self, slot: int) -> ExplainedPlan:
        choice, rules = self.weighed.choice, self._snapshot.plans.rules[: self._snapshot.num_plans]
        probability = None if choice.probabilities is None else float(choice.probabilities[slot])
        plan = PlanWriter(self._snapshot, self.weighed.case, self._names).write(slot, probability)
        best_by = [rule.name.lower().replace("_", "-") for rule in Rule if rules[slot, rule] == rules[:, rule].min()]
        return ExplainedPlan(
            **msgspec.to_builtins(plan),
            number=slot,
            is_chosen=slot == choice.slot,
            score_millicents=int(rules[slot, SCORE]) / 1000,
            best_by=best_by,
        )

    def _sends_from(self, slot: int, warehouse: str) -> bool:
        plans = self._snapshot.plans
        rows = plans.options[plans.chosen[slot, : plans.slots["num_parcels"][slot]]]
        return bool((rows["warehouse"] == self._names.warehouses.index(warehouse)).any())

    def _best_from(self, warehouse: str) -> int | None:
        """The kept plan with a parcel from there that its decider likes best."""
        choice, scores = self.weighed.choice, self._snapshot.plans.rules[: self._snapshot.num_plans, SCORE]
        ranking = scores if choice.probabilities is None else -choice.probabilities
        order = (int(slot) for slot in np.argsort(ranking, kind="stable"))
        return next((slot for slot in order if self._sends_from(slot, warehouse)), None)

    def _why_not(self, warehouse: str, excluded: list[ExclusionAnswer]) -> WhyNotAnswer:
        slot, best = self.weighed.choice.slot, self._best_from(warehouse)
        is_chosen = slot is not None and self._sends_from(slot, warehouse)
        sentences = []
        for row in excluded:
            late = "".join(f"; {delay.detail}" for delay in row.delays)
            by = f" by {row.service}" if row.service else ""
            sentences.append(f"{row.sku}{by}: {row.detail}{late}.")
        if best is not None and slot is not None and not is_chosen:
            gap = int(self._snapshot.plans.rules[best, SCORE] - self._snapshot.plans.rules[slot, SCORE]) / 100_000_000
            words = describe_plan(self._snapshot, self._names, best)
            verdict = f"{abs(gap):.2f} {'more' if gap >= 0 else 'less'}"
            sentences.insert(0, f"The best plan with it ({words}) is worth {verdict} by weighted score.")
        return WhyNotAnswer(warehouse=warehouse, is_chosen=is_chosen, best_plan=best, sentences=sentences)

    def _flips(self, slot: int, warehouse: str | None) -> list[FlipAnswer]:
        """Changes of the chosen plan and of the next best one; of a warehouse, if one is asked for."""
        told = self.record.told()
        flips = Flips(
            self.weighed.case,
            self._snapshot,
            slot,
            lambda snapshot: self.service.chain.foresee(snapshot, told.stage, self.record.heuristic),
            self.service.reader.read,
        )
        if self.record.parcels is not None or self.weighed.choice.replaced is not None:  # no rule led to this plan
            return []
        other = self._runner_up(slot) if warehouse is None else self._best_from(warehouse)
        found = [self._told(flips.price(slot), "dearer", plan=slot)]
        if other is not None and other != slot:
            found.append(self._told(flips.price(other), "cheaper", plan=other))
        for line, house in flips.shelves(slot):
            found.append(self._of_shelf(flips, line, self._names.warehouses[house], "less_stock"))
        if warehouse is not None:
            for line in range(len(self.weighed.case.order.lines)):
                found.append(self._of_shelf(flips, line, warehouse, "more_stock"))
        found.append(self._told(flips.promise(-1), "earlier_promise"))
        found.append(self._told(flips.promise(1), "later_promise"))
        return [answer for answer in found if answer is not None]

    def _runner_up(self, slot: int) -> int | None:
        choice, scores = self.weighed.choice, self._snapshot.plans.rules[: self._snapshot.num_plans, SCORE]
        ranking = scores if choice.probabilities is None else -choice.probabilities
        return next((int(other) for other in np.argsort(ranking, kind="stable") if other != slot), None)

    def _of_shelf(self, flips: Flips, line: int, warehouse: str, lever: Lever) -> FlipAnswer | None:
        sku = self.weighed.case.order.lines[line].sku
        flip = flips.stock(warehouse, sku, -1 if lever == "less_stock" else 1)
        return self._told(flip, lever, place=(warehouse, sku))

    def _told(
        self, flip: Flip | None, lever: Lever, plan: int | None = None, place: tuple[str, str] | None = None
    ) -> FlipAnswer | None:
        if flip is None:
            return None
        return FlipAnswer(
            lever=lever,
            plan=plan,
            warehouse=place[0] if place else None,
            sku=place[1] if place else None,
            change=flip.change,
            unit="millicents" if plan is not None else "units" if place else "minutes",
            chosen_then=describe_plan(flip.snapshot, self._names, flip.slot),
        )
