"""What became of every row that was read: each one is used, or refused for one reason."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

USED = "used"


class Outcomes:
    """One outcome for each row of a table. The first reason that applies is the one that counts."""

    def __init__(self, table: str, num_rows: int) -> None:
        self.table = table
        self.num_rows = num_rows
        self._reasons = [USED]
        self._code = np.zeros(num_rows, np.int64)

    def refuse(self, wrong: np.ndarray | pd.Series, reason: str) -> None:
        """Gives ``reason`` to the rows where ``wrong`` (bool ``(num_rows,)``) and none was given before.

        A reason that no row meets is listed with 0 rows, so that a reader sees what was looked for.
        """
        if reason not in self._reasons:
            self._reasons.append(reason)
        self._code[np.asarray(wrong, bool) & (self._code == 0)] = self._reasons.index(reason)

    @property
    def is_used(self) -> np.ndarray:
        """bool ``(num_rows,)``."""
        return self._code == 0

    def counts(self) -> dict[str, int]:
        """Outcome to rows, ``used`` first; the values sum to ``num_rows``."""
        numbers = np.bincount(self._code, minlength=len(self._reasons))
        return {reason: int(number) for reason, number in zip(self._reasons, numbers, strict=True)}


@dataclass(frozen=True, slots=True)
class LoadReport:
    """How many rows of each table were used, and why the others were not.

    Attributes:
        totals: table (or fit) to rows read.
        counts: table (or fit) to outcome to rows; ``used`` is the first outcome.
        facts: other numbers worth showing, such as the thinning factor.
    """

    totals: dict[str, int]
    counts: dict[str, dict[str, int]]
    facts: dict[str, str]

    @classmethod
    def of(cls, outcomes: list[Outcomes], facts: dict[str, str]) -> LoadReport:
        """The report of several tables."""
        return cls(
            totals={one.table: one.num_rows for one in outcomes},
            counts={one.table: one.counts() for one in outcomes},
            facts=facts,
        )

    def rows(self) -> list[tuple[str, str, int]]:
        """(table, outcome, rows), in the order in which they were looked for."""
        return [(table, outcome, rows) for table, counts in self.counts.items() for outcome, rows in counts.items()]

    def text(self) -> str:
        """A table for a terminal; outcomes without a row are left out."""
        shown = [row for row in self.rows() if row[2] or row[1] == USED]
        width = max(len(outcome) for _, outcome, _ in shown)
        lines, last = [], None
        for table, outcome, rows in shown:
            if table != last:
                lines.append(f"{table}: {self.totals[table]:,} rows")
                last = table
            lines.append(f"    {outcome:<{width}} {rows:>10,}")
        lines.extend(f"{key}: {value}" for key, value in self.facts.items())
        return "\n".join(lines)
