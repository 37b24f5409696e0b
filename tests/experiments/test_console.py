"""Plain lines where there is no terminal; a bar where there is one."""

from __future__ import annotations

import io

from rich.console import Console

from experiments.comparison import Table
from experiments.console import Steps, meter, print_table


def plain() -> Console:
    return Console(file=io.StringIO(), width=100, force_terminal=False)


def test_progress_without_a_terminal_is_few_lines():
    console = plain()
    with meter(console, "Simulating", 100) as progress:
        for done in range(1, 101):
            progress.to(done, "nearest")
    assert console.file.getvalue().startswith("Simulating nearest: 100 of 100")
    assert console.file.getvalue().count("\n") == 1


def said(monkeypatch, first: float, *moments: tuple[float, float]) -> list[str]:
    """What progress of a hundred says at (second, how much is done) after ``first`` was done in an earlier sitting."""
    console, clock = plain(), [0.0]
    monkeypatch.setattr("time.perf_counter", lambda: clock[0])
    with meter(console, "Training", 100, first) as progress:
        for clock[0], done in moments:
            progress.to(done)
    return console.file.getvalue().splitlines()


def test_what_is_left_is_told_once_enough_is_done(monkeypatch):
    assert said(monkeypatch, 0, (20, 4), (40, 5), (80, 40)) == [
        "Training: 4 of 100, 20 s",
        "Training: 5 of 100, 40 s, about 760 s left",
        "Training: 40 of 100, 80 s, about 120 s left",
    ]


def test_what_was_done_earlier_took_no_time_now(monkeypatch):
    assert said(monkeypatch, 60, (20, 61), (40, 80), (80, 100)) == [
        "Training: 61 of 100, 20 s",
        "Training: 80 of 100, 40 s, about 40 s left",
        "Training: 100 of 100, 80 s",
    ]


def test_progress_on_a_terminal_is_a_bar():
    console = Console(file=io.StringIO(), width=100, force_terminal=True)
    with meter(console, "Simulating", 2) as progress:
        progress.to(2, "nearest")
    assert "2/2" in console.file.getvalue()


def test_table_is_printed_whole_even_with_brackets():
    console = plain()
    print_table(
        console, Table("Cost", ("agent", "mean [95 %]"), (("[bold]robin", "7.00 [6.90, 7.10]"),), frozenset({0}))
    )
    words = console.file.getvalue()
    assert "[bold]robin" in words
    assert "7.00 [6.90, 7.10]" in words


def test_steps_are_numbered():
    console = plain()
    steps = Steps(console, 2)
    steps.next("First")
    steps.next("Second")
    assert "1/2  First" in console.file.getvalue()
    assert "2/2  Second" in console.file.getvalue()
    assert steps.elapsed() == "0:00"
