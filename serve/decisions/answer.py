"""What is answered: a plan, its alternatives and the reasons. Written from the plan table of the decision."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, Field

from envs.costs import COST_PARTS

Stage = Literal["policy", "heuristic", "static", "review"]
PlanKind = Literal["ship", "backorder", "hold", "decline"]
Reason = Literal["unroutable", "low_confidence", "high_value", "rule", "drift", "taken_back"]
"""Why a person should look."""


class LineAnswer(BaseModel):
    """One line of a parcel."""

    sku: str
    units: int
    order_id: str | None = Field(default=None, description="whose line, where several orders are decided together")


class ReceiptAnswer(BaseModel):
    """Goods that a backordered parcel waits for."""

    id: str | None = Field(description="as in the snapshot")
    expected_at: str


class ParcelAnswer(BaseModel):
    """Lines that leave one warehouse with one carrier service. Times are ISO 8601, UTC."""

    id: str | None = Field(default=None, description="of a reserved parcel, to be named in events")
    warehouse: str
    service: str
    lines: list[LineAnswer]
    collection_at: str = Field(description="the collection it is expected to make")
    expected_delivery_at: str
    quoted_delivery_at: str
    late_probability: float
    distance_km: int
    receipt: ReceiptAnswer | None = Field(description="what a backorder waits for; null for goods in stock")
    release_from: str | None = Field(
        description="presale: goods are kept and not picked before; null if picked at once"
    )


class PlanAnswer(BaseModel):
    """One feasible plan for the whole order."""

    kind: PlanKind
    hold_until: str | None = Field(description="of a hold: the order waits until then and is decided again; else null")
    parcels: list[ParcelAnswer]
    quoted_delivery_at: str | None = Field(description="of the last parcel; null if nothing is sent")
    cost_millicents: dict[str, int] = Field(description="expected, by part: " + ", ".join(p.name for p in COST_PARTS))
    total_millicents: int = Field(description="sum of the parts")
    bid_price_millicents: int = Field(description="worth of the stock it uses to later orders; not a cost of this one")
    probability: float | None = Field(description="that the policy gives it; null if the policy did not decide")


class PolicyVersion(BaseModel):
    """Which bundle answered."""

    name: str
    bundle_sha256: str
    scenario_id: str


class ReservationAnswer(BaseModel):
    """Stock and room on collections that are kept for the plan."""

    state: Literal["reserved", "confirmed"] = Field(
        description="of the order that was named; those that are decided together with it are confirmed by themselves"
    )
    expires_at: str | None = Field(
        description="unless confirmed before; null once confirmed. With a review at the latest: it counts from its end"
    )


class ReviewNotice(BaseModel):
    """That a person should look at the decision."""

    reasons: list[Reason]
    due_at: str = Field(description="then it ends by itself: a plan stands, an order without one becomes a task")


def _is_none(value: object) -> bool:
    return value is None


class DecisionAnswer(BaseModel):
    """The decision for one order."""

    decision_id: str
    order_id: str
    joined_orders: list[str] = Field(default=[], description="held orders of the customer, decided together with it")
    stage: Stage = Field(description="who decided; review: a person must, or did")
    fallback_reason: str | None = Field(description="why an earlier stage did not decide")
    plan: PlanAnswer | None = Field(description="null if a person must decide")
    promise_at: str = Field(description="given with the order")
    quoted_delivery_at: str | None = Field(description="ours, kept with probability quote_level")
    quote_level: float
    confidence: float | None = Field(description="the chosen plan's probability under the policy")
    num_plans: int = Field(description="feasible plans that were compared, 32 at most")
    alternatives: list[PlanAnswer] = Field(description="other plans, best first")
    reasons: list[str]
    policy: PolicyVersion
    arm: Literal["active", "canary"] = Field(description="which slot that policy stands in")
    propensity: float = Field(description="probability that an order falls to this arm")
    plan_propensity: float = Field(
        default=1.0, description="probability of this plan given the arm; 1 unless plans are drawn among near ones"
    )
    experiment: str | None = Field(default=None, description="that the order is in")
    unit: str | None = Field(default=None, description="of the experiment, for which the arm was drawn")
    reservation: ReservationAnswer | None = Field(
        default=None, description="null if nothing is sent yet, or if the request brought its own snapshot"
    )
    # Left out, so that records written before there were these fields come out again, byte by byte.
    review: ReviewNotice | None = Field(
        default=None, exclude_if=_is_none, description="a person should look at it, see /v1/reviews; left out if not"
    )
    review_rules: str | None = Field(
        default=None,
        exclude_if=_is_none,
        description="version of the limits and rules of review in force; left out if there were none",
    )
    latency_ms: float = Field(description="until the answer was written, before it was stored")
