"""Reference points are written once, committed, and read from the file; fronts are compared with them."""

from __future__ import annotations

import subprocess
from dataclasses import replace

import numpy as np
import pytest

from experiments.scoreboard import command, policies
from experiments.scoreboard.cell import Store
from experiments.scoreboard.front import (
    GOALS,
    REFERENCE_POINTS,
    SWEEP,
    add_reference_point,
    is_committed,
    read_reference_points,
    sampled_preferences,
)
from experiments.scoreboard.pages.fronts import Front
from experiments.scoreboard.points import swept_points
from scenarios.errors import InputError
from tests.experiments.scoreboard.conftest import run

POINTS = np.array([[1.0, 5.0, 2.0], [4.0, 2.0, 3.0]])


def test_a_reference_point_is_the_nadir_and_stays(tmp_path):
    add_reference_point(tmp_path, "tiny@1", 20, POINTS)
    add_reference_point(tmp_path, "tiny@1", 20, POINTS + 1)
    add_reference_point(tmp_path, "metro@1", 20, POINTS + 1)
    found = read_reference_points(tmp_path)
    assert {name: point.tolist() for name, point in found.items()} == {"tiny@1": [4, 5, 3], "metro@1": [5, 6, 4]}


def test_a_damaged_file_is_refused(tmp_path):
    assert read_reference_points(tmp_path) == {}
    (tmp_path / REFERENCE_POINTS).write_text(f"scenario,traces,{','.join(GOALS)}\ntiny@1,20,1.0,two,3.0\n")
    with pytest.raises(InputError, match="Restore the committed file"):
        read_reference_points(tmp_path)


def test_committed_means_as_it_is(tmp_path):
    path = tmp_path / REFERENCE_POINTS
    path.write_text("one\n")
    assert is_committed(path)  # not in a checkout

    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *arguments], cwd=tmp_path, check=True)

    git("init", "-q")
    assert not is_committed(path)
    git("add", ".")
    assert not is_committed(path)
    git("commit", "-qm", "one")
    assert is_committed(path)
    path.write_text("two\n")
    assert not is_committed(path)


def test_preferences_are_learned_after_the_commit_only(small_board, monkeypatch):
    monkeypatch.setattr(command, "is_committed", lambda path: False)
    store = run(small_board, "front")
    assert not [cell for cell in store.all() if cell.kind == "training"]
    assert (small_board.pages / REFERENCE_POINTS).is_file()
    monkeypatch.setattr(command, "is_committed", lambda path: path.is_file())
    store = run(small_board, "front")
    assert len([cell for cell in store.all() if cell.kind == "training"]) == small_board.num_seeds


def test_the_committed_point_counts_not_the_sweep_of_today(small_run, tmp_path):
    board, store = small_run
    sweep = swept_points(board, store, "tiny", "myopic", "validation")
    assert sweep.shape == (len(SWEEP), 2, 3)
    moved = replace(board, pages=tmp_path)
    add_reference_point(tmp_path, "tiny@1", 2, np.array([[9.0, 9.0, 9.0]]))
    front = Front(moved, store, "tiny")
    assert front.reference.tolist() == [9.0, 9.0, 9.0]
    myopic, learned = front.heuristics["myopic"], front.learned
    assert learned.shape == (2, len(SWEEP), 2, 3)
    assert (learned[1] == myopic).all()
    assert front.volume(myopic) > 0
    summary = front.summary
    assert summary.rival == max(front.heuristics, key=lambda who: front.volume(front._points(who, "validation")))
    gains = [100 * (front.volume(points) / front.volume(front.heuristics[summary.rival]) - 1) for points in learned]
    assert summary.gain.mean == pytest.approx(np.mean(gains))
    assert front.gain_over_traces().mean == pytest.approx(np.mean(gains))
    assert summary.is_conditioned


def test_a_front_is_of_the_traces_that_all_have_played(small_run):
    board, store = small_run
    whole, begun = Front(board, store, "tiny"), Front(replace(board, num_front=3), store, "tiny")
    assert (whole.num_traces, begun.num_traces) == (2, 2)
    assert (begun.learned == whole.learned).all()
    assert begun.heuristics.keys() == whole.heuristics.keys()
    untouched = Front(replace(board, num_front=3), Store(board.folder / "empty"), "tiny")
    assert (untouched.num_traces, untouched.learned, untouched.heuristics) == (0, None, {})


def test_a_conditioned_policy_is_one_line(monkeypatch):
    plain = policies.config_of("metro-small", 0, False, {})
    assert policies.config_of("metro-small", 0, True, {}).is_conditioned
    assert not plain.is_conditioned
    monkeypatch.setattr(policies, "CONDITIONED", {"hidden": 48})
    assert policies.config_of("metro-small", 0, True, {}).hidden == 48
    assert policies.config_of("metro-small", 0, False, {}) == plain


def test_preferences_lie_within_the_sweep():
    drawn, sweep = sampled_preferences(), np.array(SWEEP)
    assert (drawn[:, 0] == 1.0).all()
    assert (drawn >= sweep.min(axis=0) - 1e-12).all()
    assert (drawn <= sweep.max(axis=0) + 1e-12).all()
    assert (drawn == sampled_preferences()).all()
    assert len(set(SWEEP)) == len(SWEEP)
