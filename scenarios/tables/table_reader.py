"""Reads tables: every cell to its value, ids to row numbers, with all problems reported."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.tables.cells import BadCellError, Name, Reference
from scenarios.tables.column import Column, Table
from scenarios.tables.csv_file import Chunk, CsvFile
from scenarios.tables.problems import Problem, Problems
from scenarios.tables.rows import UNKNOWN, Rows

_MEMORY = 1 << 16  # distinct texts of a column whose values are remembered


class TableReader:
    """Reads the tables of a folder, one after the other; those that are referred to come first.

    Attributes:
        folder: that holds the files.
        problems: what is wrong so far.
        tables: by name, as far as they are read.
    """

    def __init__(self, folder: Path, problems: Problems) -> None:
        self.folder, self.problems = folder, problems
        self.tables: dict[str, Rows] = {}

    def read(self, table: Table) -> Rows:
        """Reads a table. An optional file that is missing has no rows."""
        path = self.folder / table.file
        if path.exists() or path.is_symlink():
            file = CsvFile(path, table, self.problems)
            gatherer = _Gatherer(table, self.tables)
            for chunk in file.chunks():
                for problem in gatherer.take(file.header, chunk):
                    self.problems.take(problem)
            rows = gatherer.rows()
            rows.has_all_ids = file.is_complete and table.columns[0].name in file.header
            if table.is_required and rows.has_all_ids and not len(rows):
                self.problems.add(table.file, 1, "", "no rows", "at least one row", "add one after the header")
        else:
            rows = _Gatherer(table, self.tables).rows()
            if table.is_required:
                rows.has_all_ids = False
                self.problems.add(table.file, 0, "", None, "this file", "add it; docs/tables.md lists its columns")
        self.tables[table.name] = rows
        if not rows.index:
            self._check_key(rows)
        return rows

    def text(self, rows: Rows, column: str, row: int) -> str:
        """What a cell says, for messages."""
        kind, value = rows.table.column(column).kind, rows[column][row]
        return str(self.tables[kind.table].ids[value] if isinstance(kind, Reference) else value)

    def _check_key(self, rows: Rows) -> None:
        """Reports usable rows that repeat the key of an earlier one."""
        key, chosen = rows.table.key, np.flatnonzero(rows.is_usable)
        if not key or len(chosen) < 2:
            return
        codes = []
        for name in key:
            values = rows[name][chosen]
            codes.append(values if values.dtype != object else np.unique(values.astype(str), return_inverse=True)[1])
        order = np.lexsort((chosen, *reversed(codes)))
        is_same = np.ones(len(chosen) - 1, bool)
        for code in codes:
            is_same &= np.diff(code[order]) == 0
        remedy = "add up the units in one line" if "units" in rows.values else "remove the duplicate"
        for row in np.sort(chosen[order[1:][is_same]]):
            value = ", ".join(self.text(rows, name, row) for name in key)
            rows.report(self.problems, int(row), ", ".join(key), value, "each combination only once", remedy)


class _Gatherer:
    """Gathers the values of one table, chunk by chunk."""

    def __init__(self, table: Table, tables: dict[str, Rows]) -> None:
        self.table, self.tables = table, tables
        self.parsers = {column.name: self._parser(column) for column in table.columns}
        self.parts: dict[str, list[np.ndarray]] = {
            column.name: [np.zeros(0, column.kind.dtype)] for column in table.columns
        }
        self.lines, self.usable = [np.zeros(0, np.int64)], [np.zeros(0, bool)]
        self.index: dict[str, int] = {}
        self.num_rows = 0

    def rows(self) -> Rows:
        values = {name: np.concatenate(parts) for name, parts in self.parts.items()}
        return Rows(self.table, np.concatenate(self.lines), values, np.concatenate(self.usable), self.index)

    def _parser(self, column: Column) -> Callable[[str], Any]:
        kind = column.kind
        if not isinstance(kind, Reference):
            return lru_cache(_MEMORY)(kind.parse)
        index, has_all_ids = self.tables[kind.table].index, self.tables[kind.table].has_all_ids

        def row_of(text: str) -> int:
            row = index.get(text, UNKNOWN)
            if row == UNKNOWN and has_all_ids:
                raise BadCellError
            return row

        return row_of

    def take(self, header: Sequence[str], chunk: Chunk) -> list[Problem]:
        """Adds the rows of a chunk; returns their problems, sorted by line."""
        size, found = len(chunk.rows), list[Problem]()
        is_usable = np.ones(size, bool)
        is_usable[list(chunk.broken)] = False
        texts = dict(zip(reversed(header), reversed(list(zip(*chunk.rows, strict=True))), strict=True))
        for column in self.table.columns:
            bad: list[int]
            if column.name not in texts:
                values, bad = [column.blank_value()] * size, []
                is_usable &= not column.is_required
            else:
                cells = [text.strip() for text in texts[column.name]]
                values, bad = self._values(column, cells, chunk, found)
                if column is self.table.columns[0] and isinstance(column.kind, Name):
                    bad = bad + self._register(column, cells, chunk, found)
            is_usable[bad] = False
            array = np.fromiter(values, column.kind.dtype, size)
            self.parts[column.name].append(array)
            if isinstance(column.kind, Reference):
                is_known = array != UNKNOWN
                is_usable &= is_known
                is_usable[is_known] &= self.tables[column.kind.table].is_usable[array[is_known]]
        self.usable.append(is_usable)
        self.lines.append(np.array(chunk.lines, np.int64))
        self.num_rows += size
        return sorted(found, key=lambda problem: problem.line)

    def _values(
        self, column: Column, cells: list[str], chunk: Chunk, found: list[Problem]
    ) -> tuple[list[Any], list[int]]:
        """Values of a column and positions of the bad ones."""
        parse, blank = self.parsers[column.name], column.blank_value() if not column.is_required else None
        try:
            if not chunk.broken and (not column.is_required or all(cells)):
                return [parse(text) if text else blank for text in cells], []
        except BadCellError:
            pass  # find out which
        values: list[Any] = []
        bad = []
        for position, text in enumerate(cells):
            try:
                if not text and column.is_required:
                    raise BadCellError
                values.append(parse(text) if text else blank)
            except BadCellError:
                values.append(text if column.kind.dtype is object else UNKNOWN)
                bad.append(position)
                if position not in chunk.broken:
                    found.append(self._problem(column, text, chunk.lines[position]))
        return values, bad

    def _register(self, column: Column, cells: list[str], chunk: Chunk, found: list[Problem]) -> list[int]:
        """Takes the ids, also of rows with problems, so that a reference to them is no further problem.

        Returns:
            Positions of ids that were there before.
        """
        again = []
        for position, text in enumerate(cells):
            row = self.num_rows + position
            if text and self.index.setdefault(text, row) != row and position not in chunk.broken:
                again.append(position)
                remedy = "remove or rename the duplicate"
                line = chunk.lines[position]
                found.append(Problem(self.table.file, line, column.name, text, "each one only once", remedy))
        return again

    def _problem(self, column: Column, text: str, line: int) -> Problem:
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            return Problem(self.table.file, line, column.name, text, "text in UTF-8", "save the file again as UTF-8")
        remedy = column.kind.remedy if text else "fill in the cell"
        return Problem(self.table.file, line, column.name, text, column.expected, remedy)
