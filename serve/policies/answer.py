"""What is asked and answered about policies and their slots."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from agents.documents import Document
from serve.policies.reliability import Reliability

Mode = Literal["loaded", "shadow", "canary", "experiment"]


class Load(Document):
    """Which bundle."""

    folder: Annotated[str, Field(min_length=1, max_length=200, description="its name below --policies")]


class Canary(Document):
    """How much of the orders."""

    share: Annotated[float, Field(gt=0, lt=1, description="of the orders that the candidate decides")]


class PolicyAnswer(BaseModel):
    """One policy that stands in a slot."""

    bundle_sha256: str
    name: str
    loaded_by: list[str] = Field(description="who may not activate it")
    loaded_at: str | None = Field(description="first; null if it was never loaded")
    reliability: Reliability | None = Field(description="of its confidence; null if its bundle does not tell")


class ShadowAnswer(BaseModel):
    """What the candidate decided beside the others so far; none of it was carried out."""

    count: int
    same_share: float | None = Field(description="that chose what was decided; null of none")
    mean_latency_ms: float | None
    max_latency_ms: float | None


class SlotsAnswer(BaseModel):
    """Who decides, and who is to."""

    number: int = Field(description="of the last change")
    active: PolicyAnswer
    previous: PolicyAnswer | None = Field(description="to which a roll-back returns")
    candidate: PolicyAnswer | None
    mode: Mode | None = Field(description="what the candidate does")
    share: float = Field(description="of the orders that a canary decides, or of the units of the experiment")
    experiment: str | None = Field(description="that runs in the slots")
    shadow: ShadowAnswer | None = Field(description="of the candidate")
