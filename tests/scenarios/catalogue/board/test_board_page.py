"""docs/board.md: its table has the board's scenarios, and what is said about the numbers names numbers of the table."""

from __future__ import annotations

import re
from collections.abc import Iterable

import pytest

from benchmarks.headroom import HEADER, LEVEL, NUM_TRACES
from scenarios import load_scenario
from scenarios.catalogue.board.groups import LITERATURE, SANITY, WINNABLE
from scenarios.seeds import VALIDATION

BOARD = (*WINNABLE, *SANITY, *LITERATURE)


@pytest.fixture(scope="module")
def measured(repository) -> str:
    """The section with the table."""
    text = (repository / "docs" / "board.md").read_text(encoding="utf-8")
    return re.search(r"^## What they leave to be won\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)[1]


def rows_of(section: str) -> dict[str, str]:
    """Lines of the table by scenario id."""
    return {line.split("|")[1].strip(): line for line in section.splitlines() if re.match(r"\| [\w-]+@\d", line)}


def remarks_of(section: str) -> list[str]:
    """The bullet points below the table, each on one line."""
    return [
        item.replace("\n  ", " ") for item in re.findall(r"^- (.*?)(?=\n- |\n\n)", section, re.MULTILINE | re.DOTALL)
    ]


def unfounded(remark: str, rows: Iterable[str]) -> list[str]:
    """Measured numbers (with a decimal point or a percent sign) of a remark that stand in none of the rows."""
    known = {number for row in rows for number in re.findall(r"\d[\d,]*(?:\.\d+)?", row)}
    named = re.findall(r"\d[\d,]*\.\d+|\d+(?= %| percent)", remark)
    return [number for number in named if number not in known]


def test_the_table_has_the_scenarios_of_the_board(measured):
    assert list(rows_of(measured)) == [load_scenario(name).id for name in BOARD]
    assert HEADER in measured


def test_every_scenario_of_the_board_is_described(repository):
    text = (repository / "docs" / "board.md").read_text(encoding="utf-8")
    assert sorted(re.findall(r"^\*\*`([\w-]+)`\*\*\.", text, re.MULTILINE)) == sorted(BOARD)


def test_remarks_name_numbers_of_the_scenarios_that_they_are_about(measured):
    rows = rows_of(measured)
    remarks = remarks_of(measured)
    assert {name for remark in remarks for name in BOARD if f"`{name}`" in remark} == set(BOARD)
    for remark in remarks:
        own = [row for key, row in rows.items() if f"`{key.split('@')[0]}`" in remark]
        assert not unfounded(remark, own), remark


def test_a_number_that_is_not_measured_is_found(measured):
    rows = rows_of(measured).values()
    assert unfounded("it wins 99.99 % of 777 percent, and pays 0.001", rows) == ["99.99", "777", "0.001"]
    assert remarks_of("text\n\n- one\n  goes on\n- two\n\nend") == ["one goes on", "two"]


def test_the_page_says_on_what_it_was_measured(measured):
    text = measured.replace("\n", " ")
    choosing, showing = VALIDATION[:NUM_TRACES], VALIDATION[NUM_TRACES : 2 * NUM_TRACES]
    assert f"on {NUM_TRACES} validation traces" in text
    for seeds in (choosing, showing):
        assert f"(seeds {seeds[0]:,} to {seeds[-1]:,})" in text
    assert f"{100 * LEVEL:.0f} % intervals" in text
