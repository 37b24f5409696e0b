"""What is asked: an order and what is known at this moment."""

from __future__ import annotations

from pydantic import Field

from agents.documents import CaseDocument


class DecisionRequest(CaseDocument):
    """One order to be routed, with the snapshot to route it by."""

    deadline_ms: float | None = Field(
        None, gt=0, le=600_000, description="time in which the answer is wanted; too little for the policy: a heuristic"
    )
    max_alternatives: int = Field(5, ge=0, le=31, description="other plans to be shown")
