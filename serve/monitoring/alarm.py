"""An alarm: a number for Prometheus while it lasts, and a line of the log when it begins and when it is over."""

from __future__ import annotations

import logging
import math

from serve.monitoring.metrics import ALARM

_log = logging.getLogger(__name__)

LEAST = 20
"""A share of fewer is not judged."""

CHANCE = 0.01
"""A share within the limit is taken for one above it at most so often when it is judged, if its cases do not depend on
each other."""


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
    """Whether ``count`` of ``num`` is a share above ``most`` by more than chance.

    So many or more have at most ``CHANCE`` where ``most`` is the true share: the binomial distribution itself, as
    Wilson's interval alarms up to twice as often where few are expected.
    """
    if num < LEAST or count <= num * most:
        return False
    return most == 0 or _tail(count, num, most) <= CHANCE


def _tail(count: int, num: int, share: float) -> float:
    """The chance of ``count`` or more of ``num``; as they are above the mean, each further one has less than before."""
    logs = math.lgamma(num + 1) - math.lgamma(count + 1) - math.lgamma(num - count + 1)
    chance = math.exp(logs + count * math.log(share) + (num - count) * math.log1p(-share))
    total, odds = 0.0, share / (1 - share)
    while chance > 1e-9 * total:
        total += chance
        chance *= odds * (num - count) / (count + 1)
        count += 1
    return total
