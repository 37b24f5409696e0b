"""What is an alarm, and what it does."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """Limits of the watch.

    Attributes:
        opens_reviews: whether a person looks at orders that a policy decides while its traffic has shifted.
        minutes: over which decisions of this process are counted.
        most_fallbacks: share of decisions not made by the policy that is still usual.
        slow_ms: a decision without a deadline of its own is slow if it took longer.
        most_slow: share of slow decisions that is still usual.
        outcome_hours: an outcome is missing if it was due so long ago and is not told.
        most_missing: share of missing outcomes that is still usual.
    """

    opens_reviews: bool = False
    minutes: int = 15
    most_fallbacks: float = 0.05
    slow_ms: float = 250.0
    most_slow: float = 0.01
    outcome_hours: int = 24
    most_missing: float = 0.1
