"""What a person at a terminal sees: tables, progress, elapsed time. Plain lines where there is no terminal."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table as RichTable

from envs.compiling import cache_directory
from experiments.comparison import Table

PLAIN_WIDTH = 160
PLAIN_SECONDS = 15.0
"""Without a terminal a line of progress at most this often, and one at the end."""

LEAST_SHARE = 0.05
"""Of the work: from less nobody can tell how long the rest will take."""


def make_console() -> Console:
    """A console on standard output; wide enough for every table where there is no terminal."""
    console = Console(highlight=False, soft_wrap=False)
    return console if console.is_terminal else Console(highlight=False, width=PLAIN_WIDTH)


def print_table(console: Console, table: Table) -> None:
    """Prints one table."""
    drawn = RichTable(title=table.title, title_justify="left", title_style="bold", caption_justify="left")
    for position, head in enumerate(table.columns):
        drawn.add_column(escape(head), justify="right" if position else "left", no_wrap=position == 0)
    for position, row in enumerate(table.rows):
        drawn.add_row(*map(escape, row), style="bold green" if position in table.strong else None)
    console.print(drawn)
    if table.note:
        console.print(f"[dim]{table.note}[/dim]")
    console.print()


class Steps:
    """Numbered headings with the time so far."""

    def __init__(self, console: Console, total: int) -> None:
        self.console, self.total, self.number, self.began = console, total, 0, time.perf_counter()

    def next(self, title: str) -> None:
        """Begins the next step."""
        self.number += 1
        self.console.print()
        self.console.rule(
            f"[bold]{self.number}/{self.total}  {title}[/bold]  [dim]{self.elapsed()}[/dim]", align="left"
        )

    def elapsed(self) -> str:
        """Time since the start, such as ``1:05``."""
        seconds = int(time.perf_counter() - self.began)
        return f"{seconds // 60}:{seconds % 60:02d}"


@contextmanager
def getting_ready(console: Console) -> Iterator[None]:
    """Says that rules may have to be compiled, on a terminal or in a file."""
    words = "Getting the rules ready"
    if not cache_directory().exists():
        words += " (about a minute, the first time on a machine)"
    if not console.is_terminal:
        console.print(words)
    with console.status(words):
        yield


class Meter:
    """Counts towards a total, in one way of showing it.

    Args:
        console: for lines.
        title: of what is done.
        total: at which it ends.
        done: in an earlier sitting.
        bar: on a terminal.
    """

    def __init__(self, console: Console, title: str, total: float, done: float, bar: Progress | None) -> None:
        self.console, self.title, self.total, self.bar = console, title, total, bar
        self.first, self.began, self.shown = done, time.perf_counter(), time.perf_counter()
        self.task = bar.add_task(title, total=total, completed=int(done)) if bar else None

    def to(self, done: float, words: str = "") -> None:
        """Says that ``done`` of the total is reached."""
        title = f"{self.title} {words}".rstrip()
        if self.bar is not None and self.task is not None:
            self.bar.update(self.task, completed=done, description=title)
            return
        now = time.perf_counter()
        if now - self.shown >= PLAIN_SECONDS or done >= self.total:
            self.shown = now
            share = (done - self.first) / max(self.total - self.first, 1e-9)
            left = (now - self.began) * (1 / share - 1) if share >= LEAST_SHARE else 0.0
            rest = f", about {left:.0f} s left" if left >= 1 else ""
            self.console.print(f"{title}: {done:g} of {self.total:g}, {now - self.began:.0f} s{rest}")


@contextmanager
def meter(console: Console, title: str, total: float, done: float = 0.0) -> Iterator[Meter]:
    """A bar on a terminal, otherwise a line now and then; see ``Meter``."""
    if not console.is_terminal:
        yield Meter(console, title, total, done, None)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        yield Meter(console, title, total, done, bar)
