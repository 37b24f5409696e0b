from __future__ import annotations

from scenarios.olist.outcomes import Outcomes
from scenarios.olist.report import main


def test_the_command_prints_counts_facts_and_caveat(made_up_data, capsys):
    assert main([str(made_up_data)]) == 0
    shown = capsys.readouterr().out
    assert "orders: 800 rows" in shown
    assert "transit fit (training orders)" in shown
    assert "not delivered" in shown
    assert "caveat:" in shown


def test_a_bad_folder_is_told_on_standard_error(tmp_path, capsys):
    assert main([str(tmp_path)]) == 2
    told = capsys.readouterr()
    assert told.out == ""
    assert "olist_orders_dataset.csv" in told.err


def test_the_first_reason_counts():
    outcomes = Outcomes("rows", 4)
    outcomes.refuse([True, False, False, True], "first")
    outcomes.refuse([True, True, False, False], "second")
    outcomes.refuse([False] * 4, "third")
    assert outcomes.counts() == {"used": 1, "first": 2, "second": 1, "third": 0}
    assert outcomes.is_used.tolist() == [False, False, True, False]
