"""Patience: how long customers wait before they cancel."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.checks import check_float, check_tuple
from scenarios.quantiles import QuantileTable

MIN_PATIENCE_SECONDS = 60
"""Nobody cancels in the first minute."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Hidden. Lines that still wait so long after their order's arrival are cancelled.

    Attributes:
        table: seconds; less than ``MIN_PATIENCE_SECONDS`` counts as that.
        share: of the orders can be cancelled at all, 0..1.
    """

    table: QuantileTable
    share: float = 1.0

    def __post_init__(self) -> None:
        check_tuple("patience table", (self.table,), QuantileTable)
        check_float("patience share", self.share, 0.0, 1.0)
