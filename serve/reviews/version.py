"""The version of all options that can put an order into the queue of reviews: which were in force can be told later."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass

from sqlalchemy import Connection

from serve.audit.log import AuditWriter, Entry
from serve.reviews.queue import ReviewLimits
from serve.web.actor import KEEPER


@dataclass(frozen=True, slots=True)
class ReviewVersion:
    """What was in force.

    Attributes:
        content: limits and rules as JSON, whatever the file looks like that they were read from.
    """

    content: bytes

    @property
    def sha256(self) -> str:
        """Names it."""
        return hashlib.sha256(self.content).hexdigest()


def version_of(limits: ReviewLimits, is_drift_seen: bool, too_old_seconds: int | None) -> ReviewVersion | None:
    """The version; None if an order gets into the queue only because it cannot be routed, or is taken back.

    Args:
        limits: of an order and its plan.
        is_drift_seen: whether a person looks while traffic has shifted.
        too_old_seconds: from which age of its last news nothing is promised from a warehouse, so that orders that
            could be sent from there are in the queue; None: never.
    """
    content = {
        "least_confidence": limits.least_confidence,
        "least_margin_millicents": limits.least_margin_millicents,
        "rules": [rule.model_dump(exclude_none=True) for rule in limits.rules],
        "drift": is_drift_seen,
        "too_old_seconds": too_old_seconds,
    }
    is_any = limits.least_confidence or limits.least_margin_millicents is not None or limits.rules
    if not is_any and not is_drift_seen and too_old_seconds is None:
        return None
    return ReviewVersion(json.dumps(content, sort_keys=True).encode())


def note_version(tx: Connection, audit: AuditWriter, version: ReviewVersion | None) -> None:
    """Writes down what this process goes by from now on."""
    if version is not None:
        audit.write(tx, Entry("review_rules", KEEPER, version.sha256, version.content))
