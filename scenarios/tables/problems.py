"""Problems in tables: where, what was found, what was expected, what to do."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from scenarios.errors import InputError

_LONGEST = 80  # characters of a value that a message shows


class Problem(NamedTuple):
    """One thing that is wrong.

    Attributes:
        file: such as ``orders.csv``.
        line: of the file, the header is line 1; 0 if the whole file is meant.
        column: empty if the whole row is meant.
        value: what was found.
        expected: what would have been right.
        remedy: what to do now.
    """

    file: str
    line: int
    column: str
    value: object
    expected: str
    remedy: str

    @property
    def place(self) -> str:
        """File, line and column in words."""
        parts = [self.file, f"line {self.line}" if self.line else "", self.column]
        return ", ".join(part for part in parts if part)

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        if self.column:
            place += f": {self.column}"
        remedy = self.remedy[:1].upper() + self.remedy[1:]
        return f"{place} = {shown(self.value)}: expected {self.expected}. {remedy}."


def shown(value: object) -> str:
    """The value as a message shows it: quoted, on one line, not too long."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 3]}..."


def _printable(text: str) -> str:
    """The text with characters that no terminal should get written as escapes."""
    if text.isprintable():
        return text
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


@dataclass(slots=True)
class Problems:
    """Counts all problems, hands each to ``on_problem`` at once, and keeps the first few.

    Keeping only a few lets a file with a million bad rows be checked without a million objects in memory.

    Attributes:
        on_problem: called with every problem.
        num_kept: how many ``first`` holds at most.
        first: the first problems.
        counts: problems by file.
    """

    on_problem: Callable[[Problem], object] | None = None
    num_kept: int = 3
    first: list[Problem] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        return self.counts.total()

    def add(self, file: str, line: int, column: str, value: object, expected: str, remedy: str) -> None:
        """Takes one problem; see ``Problem`` for the arguments."""
        self.take(Problem(file, int(line), column, value, expected, remedy))

    def take(self, problem: Problem) -> None:
        """Takes one problem; names and headers of the user's files in its texts become printable."""
        file, line, column, value, expected, remedy = problem
        file, column, expected, remedy = (_printable(text) for text in (file, column, expected, remedy))
        problem = Problem(file, line, column, value, expected, remedy)
        self.counts[problem.file] += 1
        if len(self.first) < self.num_kept:
            self.first.append(problem)
        if self.on_problem is not None:
            self.on_problem(problem)

    def refused(self, file: str, line: int, error: InputError) -> None:
        """Takes what an entity refused, as a problem of the row that it was built from."""
        self.add(file, line, error.key, error.value, error.expected, error.remedy)

    def raise_if_any(self, folder: str) -> None:
        """Raises:
        InputError: with key, value, expectation and remedy of the first problem, and the next ones in short.
        """
        if not self.total:
            return
        head, *others = self.first
        remedy = head.remedy
        if others:
            remedy += f". {self.total - 1} more, next: " + "; ".join(
                f"{other.place} = {shown(other.value)} (expected {other.expected})" for other in others
            )
        raise InputError(head.place, head.value, head.expected, f"{remedy}. `routelab validate {folder}` lists all")
