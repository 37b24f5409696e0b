"""What a column and a table are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scenarios.tables.cells import Kind


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or a key of ``settings.csv``.

    Attributes:
        name: header; it ends in the unit where there is one.
        kind: what a cell holds, with its range.
        unit: of the cells.
        doc: meaning.
        blank: what a blank cell (or a missing column) stands for, in words; None if it must be filled in.
        default: the text that a blank cell stands for, where there is one.
    """

    name: str
    kind: Kind
    doc: str
    unit: str = ""
    blank: str | None = None
    default: str = ""

    @property
    def is_required(self) -> bool:
        return self.blank is None

    @property
    def expected(self) -> str:
        """What a cell should hold, in words."""
        return f"{self.kind.expected}{f' ({self.unit})' if self.unit else ''}"

    def blank_value(self) -> Any:
        return self.kind.parse(self.default) if self.default else self.kind.absent


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file.

    Attributes:
        name: of the file, without ``.csv``.
        doc: what a row is.
        columns: in the sequence of the documentation; a file may have them in another one.
        key: columns that together are different in every row.
        without: what a missing file means, in words; None if it must be there and have a row.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    without: str | None = None

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def is_required(self) -> bool:
        return self.without is None

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def same(text: str) -> dict[str, str]:
    """The arguments of a column in which a blank cell stands for ``text``."""
    return {"blank": text, "default": text}
