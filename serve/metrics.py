"""What Prometheus is told: how many requests and decisions, how long they took, who decided.

Numbers are of one process: with several, scrape each.
"""

from __future__ import annotations

from prometheus_client import Counter, Histogram

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 5.0)

REQUESTS = Histogram(
    "routelab_request_seconds",
    "Time from a request's arrival to its answer",
    ["method", "path", "status"],
    buckets=_SECONDS,
)
DECISIONS = Counter("routelab_decisions", "Decisions weighed, by who decided", ["stage"])
RETRIES = Counter("routelab_retries", "Transactions tried again because another one was faster")
