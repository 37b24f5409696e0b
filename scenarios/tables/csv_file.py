"""Reads a CSV file in pieces, with the line number of every row, and reports what is not CSV."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from scenarios.errors import unknown_name
from scenarios.tables.column import Table
from scenarios.tables.problems import Problems

CHUNK_ROWS = 50_000
"""Rows that are in memory as text at one time."""


class Chunk(NamedTuple):
    """Some rows of a file.

    Attributes:
        lines: line in the file of each row.
        rows: their cells; each row has as many as the header.
        broken: positions of rows that had another number of cells, already reported.
    """

    lines: list[int]
    rows: list[list[str]]
    broken: set[int]


class CsvFile:
    """One file of a folder.

    Attributes:
        header: names of its columns, empty if there is no readable header.
        is_complete: whether it could be read to its end.
    """

    def __init__(self, path: Path, table: Table, problems: Problems) -> None:
        self.path, self.table, self.problems = path, table, problems
        self.header: list[str] = []
        self.is_complete = True

    def chunks(self) -> Iterator[Chunk]:
        """Rows after the header; blank lines are left out. Sets ``header`` before the first one."""
        try:
            if self._is_text():
                # Bytes that are not UTF-8 become surrogates, so that they are reported with line and column.
                with self.path.open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
                    yield from self._read(csv.reader(stream, strict=True))
        except OSError as error:
            self._stop(0, error.strerror or "unreadable", "a file that can be read", "check the file and its rights")

    def _is_text(self) -> bool:
        with self.path.open("rb") as stream:
            head = stream.read(4096)
        if b"\0" in head or head[:2] == b"\x1f\x8b":
            self._stop(0, head[:8], "plain text in UTF-8", "unpack it, or save it again as CSV in UTF-8")
            return False
        return True

    def _read(self, reader: Iterator[list[str]]) -> Iterator[Chunk]:
        begin = 1
        lines: list[int] = []
        rows: list[list[str]] = []
        try:
            for row in reader:
                if row and not self.header:
                    self.header = self._checked_header([cell.strip() for cell in row], begin)
                    if not self.header:
                        return
                elif row:
                    lines.append(begin)
                    rows.append(row)
                    if len(rows) == CHUNK_ROWS:
                        yield self._chunk(lines, rows)
                        lines, rows = [], []
                begin = reader.line_num + 1  # type: ignore[attr-defined]
        except csv.Error as error:
            text = f"a row that ends ({error})" if "end of data" in str(error) else f"CSV ({error})"
            self._stop(begin, "unreadable from here on", text, "close every quote, or get the whole file again")
        if not self.header and self.is_complete:
            self._stop(1, "", "a header " + ",".join(c.name for c in self.table.columns), "write the header")
        if rows:
            yield self._chunk(lines, rows)

    def _chunk(self, lines: list[int], rows: list[list[str]]) -> Chunk:
        size, broken = len(self.header), set()
        for position, row in enumerate(rows):
            if len(row) != size:
                self.problems.add(
                    self.table.file,
                    lines[position],
                    "",
                    f"{len(row)} cells",
                    f"{size} cells: {','.join(self.header)}",
                    "complete the row; put quotes around a cell with a comma inside",
                )
                broken.add(position)
                rows[position] = (row + [""] * size)[:size]
        return Chunk(lines, rows, broken)

    def _checked_header(self, header: list[str], line: int) -> list[str]:
        """The header as it is; empty when no column of it is known."""
        known = [column.name for column in self.table.columns]
        wanted = "the columns " + ",".join(known)
        if not set(header) & set(known):
            separator = next((mark for mark in (";", "\t", "|") if mark in ",".join(header)), "")
            remedy = f"save it with commas instead of {separator!r}" if separator else "write the header as first line"
            self._stop(line, ",".join(header), wanted, remedy)
            return []
        for position, name in enumerate(header):
            if name in header[:position]:
                self._header_problem(line, name, "each column once", "remove or rename one of them")
            elif name not in known:
                unknown = unknown_name("column", name, known)
                self._header_problem(line, name, unknown.expected, f"remove the column, or {unknown.remedy}")
        for column in self.table.columns:
            if column.is_required and column.name not in header:
                self._header_problem(line, ",".join(header), f"the column {column.name}", "add it", column.name)
        return header

    def _header_problem(self, line: int, value: str, expected: str, remedy: str, column: str = "header") -> None:
        self.problems.add(self.table.file, line, column, value, expected, remedy)

    def _stop(self, line: int, value: object, expected: str, remedy: str) -> None:
        self.is_complete = False
        self.problems.add(self.table.file, line, "", value, expected, remedy)
