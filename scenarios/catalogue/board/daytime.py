"""When people order: hardly at night, most towards the evening."""

from __future__ import annotations

DAYTIME = (
    *(0.20, 0.10, 0.10, 0.10, 0.10, 0.20, 0.60, 1.00, 1.30, 1.50, 1.50, 1.50),
    *(1.40, 1.30, 1.30, 1.40, 1.50, 1.60, 1.60, 1.50, 1.30, 1.00, 0.70, 0.40),
)
"""24 weights of the hours of the local day."""
