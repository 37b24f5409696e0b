"""The scenarios of the board by what is expected of a learned router."""

from __future__ import annotations

WINNABLE = (
    "peak-regime",
    "cutoff-congestion",
    "hold-consolidate",
    "carrier-regime",
    "misplaced-scarce",
    "presale-split",
)
"""Learning should win: linear programs on stock are blind to what is hard here."""

SANITY = ("ample-stock", "single-warehouse", "two-tier", "stationary", "tiny")
"""Nothing should be lost: a plain router is as good as any."""

LITERATURE = ("jasin-sinha",)
"""Results that lie beside published ones."""
