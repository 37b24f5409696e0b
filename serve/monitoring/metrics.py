"""What Prometheus is told: how many requests and decisions, how long they took, who decided.

Several processes that serve together put their numbers into one folder (``serve.command``): counts are added, and of
what is looked at from time to time the largest is told.
"""

from __future__ import annotations

import os
from functools import partial

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from serve.command import SHARED

_Worst = partial(Gauge, multiprocess_mode="max")
_Together = partial(Gauge, multiprocess_mode="sum")

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)
_LATE_SECONDS = (60, 600, 3600, 21_600, 86_400, 259_200, 604_800)

REQUESTS = Histogram(
    "routelab_request_seconds",
    "Time from a request's arrival to its answer",
    ["method", "path", "status"],
    buckets=_SECONDS,
)
DECISIONS = Counter("routelab_decisions", "Decisions weighed, by who decided", ["stage"])
RETRIES = Counter("routelab_retries", "Transactions tried again because another one was faster")

ARMS = Counter(
    "routelab_arm_decisions",
    "Decisions on record but for overrides, by arm, bundle and who decided",
    ["arm", "bundle", "stage"],
)
ALARM = _Worst("routelab_alarm", "1 while something is alarmed", ["kind", "bundle"])
FALLBACK_SHARE = _Worst("routelab_fallback_share", "Of the last minutes' decisions, those not made by the policy")
SLOW_SHARE = _Worst("routelab_slow_share", "Of the last minutes' decisions, those beyond their deadline or the limit")
P99 = _Worst("routelab_decision_p99_seconds", "Within which 99 % of the last minutes' decisions were made", ["stage"])
MISSING_SHARE = _Worst("routelab_missing_share", "Of outcomes that were due, those nobody told", ["step"])
TOLD_AFTER = Histogram(
    "routelab_told_after_seconds", "From when something happened until it was told", ["kind"], buckets=_LATE_SECONDS
)
UNWATCHED = Counter("routelab_unwatched", "Decisions that drift did not count, as too many waited")

REFUSED = Counter("routelab_refused", "Requests turned away, by what was used up", ["limit"])
IN_FLIGHT = _Together("routelab_decisions_in_flight", "Decisions that are worked on")
WAITING = _Together("routelab_decisions_waiting", "Decisions that wait to be worked on")

PRICE_JOBS = Counter("routelab_price_jobs", "Jobs that solve bid prices, by what became of them", ["outcome"])
PRICE_AGE = _Worst("routelab_price_age_seconds", "Age of the active policy's bid prices; endless if there are none")


def told() -> bytes:
    """All numbers as Prometheus reads them, of all processes that serve together."""
    if SHARED not in os.environ:
        return generate_latest()
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return generate_latest(registry)
