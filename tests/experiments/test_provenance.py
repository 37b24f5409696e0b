"""Commit and dirty flag, or the statement that there is none."""

from __future__ import annotations

import subprocess

from experiments.provenance import NO_CHECKOUT, git_state, package_versions


def git(folder, *arguments):
    identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
    subprocess.run(["git", *identity, *arguments], cwd=folder, check=True, capture_output=True)


def test_commit_and_changes(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "a").write_text("1")
    git(tmp_path, "add", "a")
    git(tmp_path, "commit", "-q", "-m", "first")
    state = git_state(tmp_path)
    assert len(state["commit"]) == 40
    assert state["is_dirty"] is False
    (tmp_path / "a").write_text("2")
    assert git_state(tmp_path) == {**state, "is_dirty": True}


def test_no_checkout_is_said(tmp_path):
    assert git_state(tmp_path) == {"commit": NO_CHECKOUT, "is_dirty": None}


def test_a_folder_inside_another_checkout_is_none(tmp_path):
    git(tmp_path, "init", "-q")
    (tmp_path / "inside").mkdir()
    assert git_state(tmp_path / "inside")["commit"] == NO_CHECKOUT


def test_versions_of_what_is_asked_for():
    assert {"numpy", "numba", "simpy"} <= set(package_versions())
