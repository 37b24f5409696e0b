"""docs/bounds.md: its example runs, and its table is what the command makes."""

from __future__ import annotations

import re

import pytest

from agents.bounds import bound, table


def page(repository) -> str:
    return (repository / "docs" / "bounds.md").read_text(encoding="utf-8")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def row_of(repository, name: str) -> list[str]:
    return next(cells(line) for line in page(repository).splitlines() if line.startswith(f"| {name} |"))


def test_the_example_runs(repository, capsys):
    (block,) = re.findall(r"^```python\n(.*?)^```", page(repository), re.MULTILINE | re.DOTALL)
    names: dict = {}
    exec(block, names)  # the page's own words
    assert 0 < names["foreseen"].value_millicents < names["in_the_mean"].value_millicents
    assert str(names["foreseen"].value_millicents) in capsys.readouterr().out


def test_the_table_has_the_stated_columns_and_rows(repository):
    assert cells("| " + " | ".join(table.HEADER) + " |") in [cells(line) for line in page(repository).splitlines()]
    for name, number in table.NUM_TRACES.items():
        assert row_of(repository, name)[1] == str(number)


def test_tiny_is_as_stated(repository):
    (row,) = table.rows(("tiny",))
    assert list(row[:-1]) == row_of(repository, "tiny")[:-1]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["metro-small", "metro-disrupted"])
def test_the_other_rows_are_as_stated(repository, name):
    (row,) = table.rows((name,))
    assert list(row[:-1]) == row_of(repository, name)[:-1]


def test_the_command_prints_the_table(capsys, monkeypatch):
    monkeypatch.setattr(table, "rows", lambda: iter([("tiny", "1")]))
    assert table.main() == 0
    assert capsys.readouterr().out.splitlines()[-1] == "| tiny | 1 |"


def test_weights_are_rounded_down_to_thousandths():
    assert bound.permille_of((0.29, 1.0, 0.0006)).tolist() == [290, 1000, 0]
