"""The commands in docs/experiments.md work: the tour is run, the others are composed and checked."""

from __future__ import annotations

import re
import shlex

import pytest

import routelab
from experiments.evaluate import Evaluation
from experiments.settings import launch
from experiments.train import Training

PAGE = "docs/experiments.md"


def blocks(repository) -> list[list[list[str]]]:
    """Commands of each fenced block, as arguments after ``routelab``."""
    text = (repository / PAGE).read_text(encoding="utf-8")
    found = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    return [[shlex.split(line, comments=True)[1:] for line in block.strip().splitlines()] for block in found]


def test_tour_runs_as_written(repository, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for arguments in blocks(repository)[0]:
        assert routelab.main(arguments) == 0, arguments
    assert (tmp_path / "runs" / "tour" / "report.html").exists()
    assert "primal-dual" in capsys.readouterr().out


@pytest.mark.parametrize("number", range(1, 3))
def test_other_commands_are_understood(repository, number, tmp_path):
    checks = {"evaluate": Evaluation.of, "train": Training.of, "export": dict}
    seen, place = [], [f"root={tmp_path}"]
    for command, *arguments in blocks(repository)[number]:
        check, checked = checks[command], len(seen)
        launch(command, lambda settings, _, check=check: seen.append(check(settings)) or 0, [*arguments, *place])
        assert len(seen) > checked


def test_every_setting_of_evaluate_is_explained(repository):
    from experiments.settings import known_keys

    text = (repository / PAGE).read_text(encoding="utf-8")
    for key in known_keys("evaluate"):
        name = key.partition(".")[0]
        if name != "command":
            assert re.search(rf"`{name}\b|{name}=", text), name
