"""What is measured of an order: what its plan was expected to cost at once, and how it went when that is known."""

from __future__ import annotations

from typing import Literal, NamedTuple

MetricName = Literal[
    "cost", "lateness", "carbon", "total", "late", "split", "manual", "delivered_late", "delivered_late_hours"
]


class Metric(NamedTuple):
    """One of them; each is a mean over orders.

    Attributes:
        unit: of the number.
        doc: what it is.
        most: that an order can have, the least is 0; None if it has no bound.
        is_delivered: known only ``SETTLE_SECONDS`` after the promise, else with the decision.
    """

    unit: str
    doc: str
    most: float | None = None
    is_delivered: bool = False


METRICS: dict[MetricName, Metric] = {
    "cost": Metric("millicents", "expected cost parts of the objective cost, of the plan that was chosen"),
    "lateness": Metric("millicents", "expected price of lateness and waiting"),
    "carbon": Metric("millicents", "expected price of carbon"),
    "total": Metric("millicents", "the three together"),
    "late": Metric("share", "probability that a parcel is late, as the plan has it", 1.0),
    "split": Metric("share", "orders in more than one parcel", 1.0),
    "manual": Metric("share", "orders for which a review was opened, or that nobody but a person could decide", 1.0),
    "delivered_late": Metric("share", "orders of which a line was not there at its promise", 1.0, True),
    "delivered_late_hours": Metric("hours", "from a line's promise until it was there, the most, up to 24", 24.0, True),
}
SETTLE_SECONDS = 86_400
"""After the promise; then it is decided how late an order was, so that late ones are not counted later than others."""
