"""What a table holds once it is read."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from scenarios.tables.column import Table
from scenarios.tables.problems import Problems

UNKNOWN = -1
"""Row number of an id that could not be found."""


@dataclass(slots=True)
class Rows:
    """The rows of a table, as columns.

    Attributes:
        table: its schema.
        lines: int64, shape ``(N,)``, line in the file of each row.
        values: an array of shape ``(N,)`` for each column: int64, float64 or object by its kind; a ``Reference``
            is the row number in the other table. Cells that cannot be read hold an arbitrary value.
        is_usable: bool, shape ``(N,)``; False for rows with a problem, or that refer to such rows.
        index: id to row number, for tables whose first column is an id.
        has_all_ids: whether every id that the file means is in ``index``.
    """

    table: Table
    lines: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64))
    values: dict[str, np.ndarray] = field(default_factory=dict)
    is_usable: np.ndarray = field(default_factory=lambda: np.zeros(0, bool))
    index: dict[str, int] = field(default_factory=dict)
    has_all_ids: bool = True

    def __len__(self) -> int:
        return len(self.lines)

    def __getitem__(self, column: str) -> np.ndarray:
        return self.values[column]

    @property
    def ids(self) -> np.ndarray:
        """The first column."""
        return self.values[self.table.columns[0].name]

    def usable(self) -> list[int]:
        """Numbers of the rows without problem."""
        return [int(row) for row in np.flatnonzero(self.is_usable)]

    def report(self, problems: Problems, row: int, column: str, value: object, expected: str, remedy: str) -> None:
        """A problem of a row; the row is no longer usable."""
        self.is_usable[row] = False
        problems.add(self.table.file, int(self.lines[row]), column, value, expected, remedy)
