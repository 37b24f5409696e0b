"""The table of stages against numbers worked by hand."""

from __future__ import annotations

from experiments.scoreboard.cell import EVEN, TRAINING, Cell
from experiments.scoreboard.pages.stages import stages_section


def training(kept: str, **stages: float) -> Cell:
    values = {"seconds": 1.0, **{f"stage:{name}": cost for name, cost in stages.items()}}
    return Cell("x", TRAINING, "tiny", 0, "learned@tiny/0", EVEN, "", values, {"kept": kept})


def test_stages_are_compared_with_the_base_training_by_training():
    first = training("search", base=10.0, values=9.0, search=8.0)
    second = training("values", base=20.0, values=19.0, search=19.6)
    text = stages_section([first, second])
    rows = [line for line in text.splitlines() if line.startswith("| ")][1:]
    # -10 % and -5 %: t(1) = 12.706, standard error 2.5
    assert rows[0].startswith("| base | 15.000 | +0.00 %")
    assert rows[1].startswith("| values | 14.000 | -7.50 % [-39.27, +24.27]")
    assert rows[1].endswith("| 1 of 2 |")
    assert rows[2].startswith("| search | 13.800 | -11.00 %")


def test_stages_of_published_cells_stand_in_the_order_of_learning():
    cell = training("ppo", base=10.0, ppo=7.0, search=8.0, values=9.0)  # as a published file sorts them
    rows = [line.split(" | ")[0] for line in stages_section([cell]).splitlines() if line.startswith("| ")][1:]
    assert rows == ["| base", "| values", "| search", "| ppo"]


def test_one_training_has_no_interval_and_none_no_section():
    assert "| values | 10.500 | +5.00 % | 0 of 1 |" in stages_section([training("base", base=10.0, values=10.5)])
    assert stages_section([]) == ""
    assert stages_section([training("")]) == ""  # compared no stages
