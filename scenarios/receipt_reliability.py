"""How much receipts differ from what was announced."""

from __future__ import annotations

from dataclasses import dataclass, field

from scenarios.checks import MAX_SECONDS, check_float, check_int, check_tuple
from scenarios.errors import InputError
from scenarios.quantiles import QuantileTable, constant


@dataclass(frozen=True, slots=True, kw_only=True)
class ReceiptReliability:
    """Hidden. Receipts come ``delay`` minus ``early_seconds`` later than expected, some with fewer units.

    Attributes:
        delay: seconds.
        early_seconds: subtracted from the delay, 0 or more; no receipt comes before its announcement.
        short_share: probability that fewer units come, 0..1.
        fill: thousandths of the expected units that come then, at most 1000; rounded down.
    """

    delay: QuantileTable = field(default_factory=lambda: constant(0))
    early_seconds: int = 0
    short_share: float = 0.0
    fill: QuantileTable = field(default_factory=lambda: constant(500))

    def __post_init__(self) -> None:
        check_tuple("reliability delay", (self.delay,), QuantileTable)
        check_int("reliability early_seconds", self.early_seconds, 0, MAX_SECONDS, "seconds")
        check_float("reliability short_share", self.short_share, 0.0, 1.0)
        check_tuple("reliability fill", (self.fill,), QuantileTable)
        if self.fill.values[-1] > 1000:
            raise InputError("reliability fill", self.fill.values[-1], "at most 1000 thousandths", "lower the table")
