"""Markdown: tables and how numbers are written."""

from __future__ import annotations

from collections.abc import Sequence

from experiments.statistics import Interval

DASH = "–"
NOT_RUN = "not run"


def table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table whose first column is text and whose others are numbers."""
    lines = [_row(columns), "|---|" + "---:|" * (len(columns) - 1)]
    return "\n".join([*lines, *map(_row, rows)])


def listing(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of text."""
    return "\n".join([_row(columns), "|" + "---|" * len(columns), *map(_row, rows)])


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def percent(interval: Interval, digits: int = 2) -> str:
    """A difference in percent with its interval."""
    mean, *ends = (None if value is None else f"{round(value, digits) + 0.0:+.{digits}f}" for value in interval)
    return f"{mean} %" if None in ends else f"{mean} % [{ends[0]}, {ends[1]}]"


def count_of(number: int, noun: str) -> str:
    """``1 seed``, ``2 seeds``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def share(value: float | None) -> str:
    """A share in percent."""
    return DASH if value is None else f"{100 * value:.1f} %"


def page(*blocks: str) -> str:
    """Blocks that are not empty, an empty line between them."""
    return "\n\n".join(block.strip("\n") for block in blocks if block) + "\n"
