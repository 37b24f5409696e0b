"""An identity contains all that decides a result."""

from __future__ import annotations

from dataclasses import replace

import pytest

from agents import registry
from experiments.scoreboard import code
from experiments.scoreboard import task as task_module
from experiments.scoreboard.board import Board
from experiments.scoreboard.policies import PLAYERS, config_of
from experiments.scoreboard.task import Policy, bound_task, play_task, training_task

POLICY = Policy("tiny", 0, config_of("metro-small", 0, False, {}), sha256="a")
SEED = 2_000_100


def test_whatever_decides_the_result_changes_the_id():
    tasks = [
        play_task("tiny", SEED, "myopic"),
        play_task("tiny", SEED + 1, "myopic"),
        play_task("tiny+drawn", SEED, "myopic"),
        play_task("tiny", SEED, "nearest"),
        play_task("tiny", SEED, "myopic", (1.0, 2.0, 1.0)),
        play_task("tiny", SEED, "dual"),
        play_task("tiny", SEED, "static-dual"),
        play_task("tiny", SEED, "optimum"),
        play_task("tiny", SEED, POLICY),
        play_task("tiny", SEED, replace(POLICY, sha256="b")),
        bound_task("tiny", SEED, "hindsight"),
        bound_task("tiny", SEED, "demand_hindsight"),
        training_task(POLICY),
        training_task(replace(POLICY, world="tiny+drawn")),
        training_task(replace(POLICY, config=config_of("metro-small", 1, False, {}))),
        training_task(replace(POLICY, config=config_of("metro-small", 0, False, {"hidden": 24}))),
    ]
    assert len({task.id for task in tasks}) == len(tasks)
    assert play_task("tiny", SEED, "myopic") == tasks[0]


@pytest.mark.parametrize("name", ["rules_hash", "trace_hash", "code_hash"])
def test_other_rules_traces_and_code_are_other_cells(name, monkeypatch):
    before = play_task("tiny", SEED, "myopic").id, bound_task("tiny", SEED, "hindsight").id
    task_module.router_identity.cache_clear()
    monkeypatch.setattr(task_module, name, lambda *arguments: "other")
    after = play_task("tiny", SEED, "myopic").id, bound_task("tiny", SEED, "hindsight").id
    task_module.router_identity.cache_clear()
    assert before[0] != after[0]
    assert before[1] != after[1]


def test_another_setting_of_a_router_is_another_cell(monkeypatch):
    before = play_task("tiny", SEED, "nearest").id
    monkeypatch.setitem(registry.HEURISTICS, "nearest", (registry.HEURISTICS["fastest"][0], "renamed"))
    task_module.router_identity.cache_clear()
    assert play_task("tiny", SEED, "nearest").id != before
    task_module.router_identity.cache_clear()


def test_a_policy_is_its_file_and_the_code_that_plays_it():
    """Not the code that trained it: what that did is in the file."""
    files = {path.stem for path in code._closure(PLAYERS, ("agents",), code.ROOT)}
    assert files >= {"torch_agent", "network", "policy"}
    assert not files & {"training", "values", "search", "lessons"}
    plain = play_task("tiny", SEED, POLICY)
    assert (
        play_task("tiny", SEED, replace(POLICY, config=config_of("metro-small", 0, False, {"value_rounds": 1}))).id
        == plain.id
    )
    assert (
        play_task("tiny", SEED, replace(POLICY, config=config_of("metro-small", 0, False, {"pricing": "NONE"}))).id
        != plain.id
    )


def test_names_of_policies_tell_where_they_come_from():
    assert POLICY.who == "learned@tiny/0"
    assert replace(POLICY, is_conditioned=True).who == "conditioned@tiny/0"


def test_every_router_of_the_board_has_an_identity():
    ids = {play_task("tiny", SEED, who).id for who in Board().routers}
    assert len(ids) == len(Board().routers)
