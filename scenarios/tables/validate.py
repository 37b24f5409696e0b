"""``routelab validate DIR``: says what is wrong with a folder of tables, row by row."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from scenarios.errors import InputError
from scenarios.order_log import OrderLog
from scenarios.scenario import Scenario
from scenarios.tables.problems import Problems
from scenarios.tables.read import folder_of, read_folder
from scenarios.tables.rows import Rows
from scenarios.tables.schema import TABLES


def main(args: Sequence[str]) -> int:
    """Prints every problem of a folder, then a summary.

    Args:
        args: the folder.

    Returns:
        0 if the tables can be simulated, 2 if not.

    Raises:
        InputError: not exactly one argument, or no such folder.
    """
    if len(args) != 1:
        raise InputError("arguments", " ".join(args), "one folder with CSV tables", "write `routelab validate DIR`")
    folder = folder_of(args[0])
    problems = Problems(on_problem=_print)
    try:
        scenario, tables = read_folder(folder, problems)
        for line in summary(scenario, tables, problems):
            _print(line)
        sys.stdout.flush()
    except BrokenPipeError:  # the reader, such as head, has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 2 if problems.total else 0


def summary(scenario: Scenario | None, tables: dict[str, Rows], problems: Problems) -> list[str]:
    """Rows and problems by file, and what the whole is."""
    lines = ["", f"{'file':<18} {'rows':>9} {'problems':>9}"]
    files = {table.file: len(tables[table.name]) for table in TABLES}
    for file in [*files, *sorted(set(problems.counts) - set(files))]:
        lines.append(f"{file:<18} {files.get(file, 0):>9} {problems.counts[file]:>9}")
    if scenario is None:
        verdict = f"{problems.total} problem{'s' if problems.total != 1 else ''}: the tables cannot be simulated yet"
        return [*lines, "", verdict]
    assert isinstance(scenario.demand, OrderLog)
    span = f"{scenario.horizon_days} days from {scenario.epoch}"
    return [*lines, "", f"sound: {scenario.id}, {len(scenario.demand.orders)} orders in {span}"]


def _print(line: object) -> None:
    """Prints also what the terminal's character set does not have."""
    encoding = sys.stdout.encoding or "utf-8"
    print(str(line).encode(encoding, "backslashreplace").decode(encoding))
