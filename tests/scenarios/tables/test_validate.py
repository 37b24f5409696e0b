"""``routelab validate DIR``."""

from __future__ import annotations

import subprocess
import sys

import pytest

import routelab
from scenarios.errors import InputError
from scenarios.tables.problems import Problems
from scenarios.tables.read import EXAMPLE
from scenarios.tables.validate import main


def test_sound_tables(capsys):
    assert main([str(EXAMPLE)]) == 0
    out = capsys.readouterr().out
    rows = dict(line.split()[:2] for line in out.splitlines() if ".csv" in line)
    assert (rows["orders.csv"], rows["order_lines.csv"], rows["warehouses.csv"]) == ("200", "314", "3")
    assert "sound: tables:example@" in out
    assert "200 orders in 5 days from 2025-03-09T23:00:00Z" in out


def test_every_problem_is_printed_and_counted(folder, capsys):
    for line in range(2, 52):
        folder.put("order_lines", line, units="-1")
    folder.put("orders", 8, promise_at="2025-03-01T12:00")
    (folder.path / "notes.csv").write_text("x\n")
    assert main([str(folder.path)]) == 2
    out = capsys.readouterr().out.splitlines()
    assert sum(line.startswith("order_lines.csv:") for line in out) == 50
    assert sum(line.startswith("orders.csv:8: promise_at") for line in out) == 1
    counts = {line.split()[0]: line.split()[2] for line in out if len(line.split()) == 3}
    assert (counts["order_lines.csv"], counts["orders.csv"], counts["notes.csv"]) == ("50", "1", "1")
    assert out[-1] == "52 problems: the tables cannot be simulated yet"


def test_through_the_command(folder, capsys):
    assert routelab.main(["validate", str(folder.path)]) == 0
    folder.put("skus", 2, weight_grams="x")
    assert routelab.main(["validate", str(folder.path)]) == 2
    assert routelab.main(["validate", str(folder.path / "nowhere")]) == 2
    assert "a folder with CSV tables" in capsys.readouterr().err


@pytest.mark.parametrize("args", [[], ["a", "b"]])
def test_wrong_arguments(args):
    with pytest.raises(InputError, match="one folder"):
        main(args)


def test_what_a_terminal_cannot_print_is_escaped(folder):
    folder.append("stock", "zaragoza", "café", "3")
    code = "import sys; from scenarios.tables.validate import main; sys.exit(main(sys.argv[1:]))"
    done = subprocess.run(
        [sys.executable, "-c", code, str(folder.path)],
        capture_output=True,
        check=False,
        env={"PYTHONIOENCODING": "ascii", "PYTHONPATH": ":".join(sys.path)},
    )
    assert done.returncode == 2, done.stderr
    assert rb"caf\xe9" in done.stdout


def test_many_problems_are_counted_and_few_are_kept():
    problems = Problems(num_kept=2)
    for line in range(1000):
        problems.add("a.csv", line, "x", line, "less", "do less")
    assert (problems.total, len(problems.first)) == (1000, 2)


def test_long_and_odd_values_stay_on_one_line():
    found = []
    Problems(on_problem=found.append).add("a.csv", 3, "x", "a\nb" * 1000, "a short one", "shorten it")
    assert len(str(found[0])) < 200
    assert "\n" not in str(found[0])
