"""One tuned number: what a probe is, how it is chosen, and what the page says of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents.learned.base import RememberedPricer
from agents.registry import load_agent
from envs.simulation import simulate
from experiments.scoreboard import probes
from experiments.scoreboard.board import Board
from experiments.scoreboard.cell import Store
from experiments.scoreboard.evidence import Evidence
from experiments.scoreboard.pages.index_page import _numbers
from experiments.scoreboard.pages.probe_section import probe_section
from experiments.scoreboard.pages.summaries import percent_of, summary_of
from experiments.scoreboard.plan import probe_plays, probe_tasks, probes_of
from experiments.scoreboard.probes import (
    LATENESS,
    PRICES,
    TERMS,
    TILTS,
    Probe,
    base_in,
    is_remembered,
    probe_agent,
    probes_on,
)
from scenarios import draw_trace, load_scenario

SEED = 1_000_000
BASE = "primal-dual"
PROBES = probes_on(BASE)


@pytest.fixture
def copied(small_run, tmp_path) -> tuple[Board, Store]:
    """The small board with cells that a test may change."""
    board, store = small_run
    copy = Store(tmp_path / "run")
    copy._cells = {cell.id: cell for cell in store.all()}
    return replace(board, folder=tmp_path / "run", pages=tmp_path / "pages"), copy


def make_best(board: Board, store: Store, probe: Probe, cost: float) -> None:
    for task in probe_plays(board, "tiny", probe, "validation"):
        cell = store.get(task.id)
        store._cells[task.id] = replace(cell, values={**cell.values, "cost_per_order": cost})


def test_every_mechanism_has_as_many_settings_as_a_tuned_router():
    from benchmarks.tuning import NUM_TRIALS

    assert len(PRICES) == len(TILTS) == NUM_TRIALS
    assert len({(probe.who, probe.weights) for probe in PROBES}) == len(PROBES) == NUM_TRIALS * (len(TERMS) + 1)
    assert 0.0 not in PRICES
    assert 1.0 not in TILTS  # nothing changed would be a trial lost


def test_a_price_is_one_term_of_the_learner_in_its_unit():
    agent = probe_agent("one-number:primal-dual:bid_value=-0.3", "tiny", SEED)
    untrained = probes._no_prices(BASE, "tiny")
    term = list(TERMS).index("bid_value")
    assert np.count_nonzero(agent.prices) == 1
    assert agent.prices.sum() == pytest.approx(-0.3 / untrained.differences[term])


def test_a_probe_without_effect_is_the_base_router_and_one_with_effect_is_not():
    trace = draw_trace(load_scenario("tiny"), SEED)
    base = simulate(trace, load_agent(BASE)).world.totals.sum()
    none = simulate(trace, probe_agent("one-number:primal-dual:is_hold=-5", "tiny", SEED))  # nothing can be held there
    other = simulate(trace, probe_agent("one-number:primal-dual:shelf_left=-5", "tiny", SEED))
    assert none.world.totals.sum() == base
    assert other.world.totals.sum() != base


def test_a_weight_of_lateness_is_the_base_router_under_other_weights():
    trace, probe = draw_trace(load_scenario("cutoff-congestion", horizon_days=2), SEED), Probe(BASE, LATENESS, 6.0)
    agent = probe_agent(probe.who, "cutoff-congestion", SEED)
    plain = simulate(trace, load_agent(BASE)).world.totals
    other = simulate(trace, load_agent(BASE), weights=probe.weights).world.totals
    assert (simulate(trace, agent, weights=probe.weights).world.totals == other).all()
    assert (other != plain).any()


def test_names_tell_mechanism_and_number():
    assert Probe(BASE, "doubt", -0.3).who == "one-number:primal-dual:doubt=-0.3"
    lateness = Probe(BASE, LATENESS, 2.0)
    assert (lateness.who, lateness.weights) == ("one-number:primal-dual:lateness=2", (1.0, 2.0, 1.0))
    assert base_in(Probe("dual", "doubt", -0.3).who) == "dual"
    assert base_in(BASE) is None
    assert base_in("learned@tiny/0") is None


@pytest.mark.slow
def test_a_probe_on_the_dual_remembers_prices_on_validation_traces_only():
    """Without any effect it is the dual, which plays with prices that are solved for."""
    who = "one-number:dual:is_hold=-5"
    assert is_remembered(who, SEED)
    assert not is_remembered(who, 2_000_100)
    assert not is_remembered("one-number:primal-dual:is_hold=-5", SEED)
    for seed in (SEED, 2_000_100):
        trace, probe = draw_trace(load_scenario("tiny"), seed), probe_agent(who, "tiny", seed)
        assert isinstance(probe.pricer, RememberedPricer) is (seed == SEED)
        dual = simulate(trace, load_agent("dual", load_scenario("tiny")))
        assert simulate(trace, probe).world.totals.sum() == dual.world.totals.sum()
        other = simulate(trace, probe_agent("one-number:dual:shelf_left=-5", "tiny", seed))
        assert other.world.totals.sum() != dual.world.totals.sum()


def test_the_base_is_what_the_learner_of_the_scenario_starts_from():
    assert {probe.base for probe in probes_of(Board(), "misplaced-scarce")} == {"dual"}
    assert {probe.base for probe in probes_of(Board(), "peak-regime")} == {BASE}
    assert {probe.base for probe in probes_of(Board(training={"pricing": "NONE"}), "tiny")} == {"myopic"}


def test_every_probe_is_a_task_of_its_own():
    board = Board(scenarios=("tiny",), num_validation=2, training={"pricing": "CLOSED_FORM"})
    tasks = list(probe_tasks(board, "tiny"))
    assert len({task.id for task in tasks}) == len(tasks) == 2 * len(PROBES)


def test_the_probe_is_chosen_on_validation_traces_and_shown(copied):
    board, store = copied
    chosen = Probe(BASE, "num_parcels", 0.3)
    make_best(board, store, chosen, 0.01)
    evidence = Evidence(board, store, "tiny")
    assert evidence.probe == chosen
    assert evidence.rival == "primal-dual"  # a probe is nobody's rival
    assert "one tuned number" in evidence.missing  # this one has not played the test traces
    assert probe_section(evidence) == ""
    for task in probe_plays(board, "tiny", chosen, "test"):
        play = next(cell for cell in store.all() if (cell.who, cell.seed) == ("myopic", task.seed))
        store._cells[task.id] = replace(play, id=task.id, who=task.who)
    evidence = Evidence(board, store, "tiny")
    assert "one tuned number" not in evidence.missing
    learned, myopic = evidence.learned(), evidence.values("myopic")
    assert summary_of(evidence).minus_probe == percent_of(learned, myopic)
    text = probe_section(evidence)
    assert f"| +0.3 on a parcel more (`num_parcels`) | {myopic.mean():.3f} |" in text
    assert "an ablation of the learner, not a rival" in text


def test_an_unfinished_choice_is_none(copied):
    board, store = copied
    task = next(iter(probe_tasks(board, "tiny")))
    del store._cells[task.id]
    evidence = Evidence(board, store, "tiny")
    assert evidence.probe is None
    assert evidence.missing["one tuned number"]


def test_pages_of_the_small_board_show_it(small_run):
    board = small_run[0]
    page = (board.pages / "tiny.md").read_text()
    assert "| *one tuned number* |" in page
    assert "## One tuned number" in page
    assert page.count("(`bid_value`)") >= 1
    assert "learned minus one number [95 %]" in (board.pages / "index.md").read_text()


def test_the_index_counts_wins_over_the_number(small_run):
    board, store = small_run
    summary = replace(summary_of(Evidence(board, store, "tiny")), scenario="carrier-regime")
    wins = percent_of(np.array([[97.0, 98.0, 97.5], [97.1, 98.1, 97.6]]), np.array([100.0, 101.0, 100.5]))
    text = _numbers({"carrier-regime": replace(summary, minus_probe=wins)})
    assert "on 1 of 1 where learning should win: carrier-regime." in text
    loses = percent_of(np.array([[99.7, 100.8, 100.2]]), np.array([100.0, 101.0, 100.5]))
    assert "on 0 of 1" in _numbers({"carrier-regime": replace(summary, minus_probe=loses)})
    assert _numbers({}) == ""
