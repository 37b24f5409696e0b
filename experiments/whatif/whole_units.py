"""Percentages of goods, which come in whole units: the total is right, even where no single amount can be."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from scenarios.stock import Receipt, StockRow

MILLIONTHS = 1_000_000
"""Of a percent: as many digits as a change has."""
WHOLE = 100 * MILLIONTHS
NOTABLE_POINTS = 0.5
"""Percentage points from which on what came of a change is shown beside it (assumption)."""


def scaled_in_all(amounts: Sequence[int], percent: float) -> list[int]:
    """The amounts, changed so that their sum changes by ``percent`` to within half a unit.

    Each is rounded down or up, those with the largest remainders up (largest remainder method); among equal ones the
    larger amount comes first, then the earlier one.
    """
    factor = round((100.0 + percent) * MILLIONTHS)
    parts = [divmod(amount * factor, WHOLE) for amount in amounts]
    missing = (sum(rest for _, rest in parts) + WHOLE // 2) // WHOLE
    ranked = sorted(range(len(parts)), key=lambda i: (-parts[i][1], -amounts[i]))
    raised = frozenset(ranked[:missing])
    return [units + (i in raised) for i, (units, _) in enumerate(parts)]


def scaled_by_place(places: Sequence[str], amounts: Sequence[int], percent: float) -> list[int]:
    """The same for the amounts of every place on its own."""
    found = [0] * len(amounts)
    for place in dict.fromkeys(places):
        mine = [i for i, other in enumerate(places) if other == place]
        for i, units in zip(mine, scaled_in_all([amounts[i] for i in mine], percent), strict=True):
            found[i] = units
    return found


def units_of(row: StockRow | Receipt) -> int:
    """What lies there, or is expected."""
    return row.on_hand_units if isinstance(row, StockRow) else row.units


def share(taken: Mapping[int, int], rows: Sequence[StockRow | Receipt], default: float) -> float:
    """Percent that is taken of the rows at these positions; ``default`` where nothing is there."""
    whole = sum(units_of(rows[i]) for i in taken)
    return 100.0 * sum(taken.values()) / whole if whole else default


def realised_text(found: Mapping[str, float], wanted: float, write: Callable[[float], str]) -> str:
    """`` (in whole units: stock -7.1%)`` with a leading blank; nothing where that is what was wanted.

    Args:
        found: what came of the change by kind of goods, percent.
        wanted: percent.
        write: a percentage as text.
    """
    words = [
        f"{kind} {write(round(percent, 1))}"
        for kind, percent in found.items()
        if abs(percent - wanted) >= NOTABLE_POINTS
    ]
    return f" (in whole units: {', '.join(words)})" if words else ""
