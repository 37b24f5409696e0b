"""An alarm: a number for Prometheus while it lasts, and a line of the log when it begins and when it is over."""

from __future__ import annotations

import logging

from serve.metrics import ALARM
from serve.monitoring.calibration import interval

_log = logging.getLogger(__name__)

LEAST = 20
"""A share of fewer is not judged."""

_QUANTILE = 2.33
"""One-sided, 1 %: a share within the limit is taken for one above it at most as often."""


class Alarm:
    """One thing that may be wrong.

    Args:
        kind: what.
        bundle: of which policy; None if it is of no single one.

    Attributes:
        is_on: whether it is, as told last.
    """

    def __init__(self, kind: str, bundle: str | None = None) -> None:
        self.is_on = False
        self._gauge = ALARM.labels(kind, bundle or "any")
        self._name = f"{kind} alarm of policy {bundle}" if bundle else f"{kind} alarm"

    def tell(self, is_on: bool, detail: str) -> None:
        """How it is now; ``detail`` holds nothing that was sent."""
        self._gauge.set(is_on)
        if is_on and not self.is_on:
            _log.warning("%s: %s", self._name, detail)
        elif self.is_on and not is_on:
            _log.warning("%s is over", self._name)
        self.is_on = is_on


def is_above(count: int, num: int, most: float) -> bool:
    """Whether ``count`` of ``num`` is a share above ``most`` by more than chance (Wilson's lower bound)."""
    return num >= LEAST and interval(count, num, _QUANTILE)[0] > most
