"""What Prometheus is told: how many requests and decisions, how long they took, who decided.

Numbers are of one process: with several, scrape each.
"""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)

REQUESTS = Histogram(
    "routelab_request_seconds",
    "Time from a request's arrival to its answer",
    ["method", "path", "status"],
    buckets=_SECONDS,
)
DECISIONS = Counter("routelab_decisions", "Decisions weighed, by who decided", ["stage"])
RETRIES = Counter("routelab_retries", "Transactions tried again because another one was faster")

ARMS = Counter("routelab_arm_decisions", "Decisions kept, by arm, bundle and who decided", ["arm", "bundle", "stage"])
ALARM = Gauge("routelab_alarm", "1 while something is alarmed", ["kind", "bundle"])
FALLBACK_SHARE = Gauge("routelab_fallback_share", "Of the last minutes' decisions, those not made by the policy")
UNWATCHED = Counter("routelab_unwatched", "Decisions that drift did not count, as too many waited")

REFUSED = Counter("routelab_refused", "Requests turned away, by what was used up", ["limit"])
IN_FLIGHT = Gauge("routelab_decisions_in_flight", "Decisions that are worked on")
WAITING = Gauge("routelab_decisions_waiting", "Decisions that wait to be worked on")

PRICE_JOBS = Counter("routelab_price_jobs", "Jobs that solve bid prices, by what became of them", ["outcome"])
PRICE_AGE = Gauge("routelab_price_age_seconds", "Age of the active policy's bid prices; endless if there are none")
