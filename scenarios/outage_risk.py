"""Outages of carrier services that come by chance."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.checks import check_float, check_text, check_tuple, check_unique
from scenarios.quantiles import QuantileTable


@dataclass(frozen=True, slots=True, kw_only=True)
class OutageRisk:
    """Hidden. Outages start as a Poisson process.

    Attributes:
        service: name.
        per_28_days: mean number in 28 days, 0..1000.
        duration: seconds.
        warehouses: each outage hits one of them, drawn evenly; none: it hits all warehouses at once.
    """

    service: str
    per_28_days: float
    duration: QuantileTable
    warehouses: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        check_text("outage risk service", self.service)
        check_float("outage risk per_28_days", self.per_28_days, 0.0, 1000.0)
        check_tuple("outage risk duration", (self.duration,), QuantileTable)
        check_tuple("outage risk warehouses", self.warehouses, str)
        check_unique("outage risk warehouses", self.warehouses)
