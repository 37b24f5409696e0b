"""A copy of the example that a test may spoil."""

from __future__ import annotations

import csv
import shutil
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from scenarios.scenario import Scenario
from scenarios.tables.problems import Problem, Problems
from scenarios.tables.read import EXAMPLE, read_folder


class Folder:
    """A folder of tables.

    Attributes:
        path: where it is.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, table: str) -> list[list[str]]:
        """Header and rows; row ``i`` is line ``i + 1`` of the file."""
        with (self.path / f"{table}.csv").open(encoding="utf-8", newline="") as stream:
            return list(csv.reader(stream))

    def write(self, table: str, rows: list[list[str]]) -> None:
        with (self.path / f"{table}.csv").open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream, lineterminator="\n").writerows(rows)

    def put(self, table: str, line: int, **cells: str) -> None:
        """Changes cells of a line; a column that the file leaves out is added."""
        rows = self.rows(table)
        for name, text in cells.items():
            if name not in rows[0]:
                rows = [[*rows[0], name], *([*row, ""] for row in rows[1:])]
            rows[line - 1][rows[0].index(name)] = text
        self.write(table, rows)

    def append(self, table: str, *cells: str) -> int:
        """Adds a row, blank at its end where cells are missing; returns its line."""
        rows = self.rows(table)
        self.write(table, [*rows, [*cells, *[""] * (len(rows[0]) - len(cells))]])
        return len(rows) + 1

    def remove(self, table: str, line: int) -> None:
        rows = self.rows(table)
        self.write(table, rows[: line - 1] + rows[line:])

    def line_of(self, table: str, *cells: str) -> int:
        """The first line that starts with these cells."""
        return next(line for line, row in enumerate(self.rows(table), 1) if tuple(row[: len(cells)]) == cells)

    def cell(self, table: str, line: int, column: str) -> str:
        rows = self.rows(table)
        return rows[line - 1][rows[0].index(column)]

    def orders_by_time(self) -> list[dict[str, str]]:
        """Rows of orders.csv, sorted as the simulation sees them."""
        header, *rows = self.rows("regions")
        zones = {row[0]: ZoneInfo(row[header.index("time_zone")]) for row in rows}
        header, *rows = self.rows("orders")
        orders = [dict(zip(header, row, strict=True)) for row in rows]
        return sorted(
            orders,
            key=lambda order: datetime.fromisoformat(order["placed_at"]).replace(tzinfo=zones[order["region_id"]]),
        )

    def read(self) -> tuple[Scenario | None, list[Problem]]:
        """The scenario and all problems."""
        found: list[Problem] = []
        scenario, _ = read_folder(self.path, Problems(on_problem=found.append))
        assert (scenario is None) == bool(found)
        return scenario, found

    def problem(self) -> Problem:
        """The only problem."""
        _, found = self.read()
        assert len(found) == 1, "\n".join(map(str, found)) or "no problem"
        assert found[0].expected
        assert found[0].remedy
        return found[0]

    def places(self) -> set[tuple[str, int, str]]:
        """File, line and column of all problems."""
        return {(problem.file, problem.line, problem.column) for problem in self.read()[1]}


@pytest.fixture
def folder(tmp_path) -> Folder:
    """A copy of the shipped example."""
    shutil.copytree(EXAMPLE, tmp_path / "own")
    return Folder(tmp_path / "own")
