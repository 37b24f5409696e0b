"""What a bundle knows of its policy's confidence: how often plans it was so sure of turned out the cheapest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, Field, ValidationError

from scenarios.errors import InputError

Share = Annotated[float, Field(ge=0, le=1)]
_KEY = "bundle provenance.json evaluation.confidence"


class Band(BaseModel):
    """Decisions of the bundle's validation traces with a confidence from ``low`` to ``high``."""

    low: Share
    high: Share = Field(description="itself only in the last band, which ends at 1")
    num_decisions: int = Field(gt=0)
    mean_confidence: Share
    mean_among_tried: Share = Field(description="the same, had only the plans that were tried been there")
    cheapest_share: Share = Field(description="whose plan turned out the cheapest of those tried in the same future")
    share_low: Share = Field(description="with share_high: Wilson's interval, 95 %, as if decisions were independent")
    share_high: Share


class Reliability(BaseModel):
    """Confidence held against what came of it, as ``experiments.confidence`` measured it."""

    validation_seeds: list[int] = Field(min_length=2, max_length=2, description="first and last")
    horizon_hours: int = Field(description="orders that arrive later after a decision do not count for it")
    num_decisions: int = Field(gt=0)
    mean_confidence: Share
    mean_among_tried: Share
    cheapest_share: Share
    expected_calibration_error: Share = Field(description="mean distance of the last two over the bands")
    bands: list[Band] = Field(min_length=1, description="those that hold a decision, by confidence")

    def band_of(self, confidence: float) -> Band | None:
        """The last band that begins at or below it; None if it held no decision."""
        found = next((band for band in reversed(self.bands) if band.low <= confidence), None)
        return found if found is not None and (confidence < found.high or found.high == 1) else None


def reliability_of(provenance: Mapping[str, Any]) -> Reliability | None:
    """What a bundle's provenance says of it; None if it was not measured.

    Raises:
        InputError: something of another form.
    """
    evaluation = provenance.get("evaluation")
    told = evaluation.get("confidence") if isinstance(evaluation, Mapping) else None
    if told is None:
        return None
    try:
        return Reliability.model_validate(told, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join([_KEY, *map(str, first["loc"])])
        raise InputError(place, first["input"], first["msg"], "export the policy again") from error
