"""The plan scorer: base router at the start, blind to order and number of plans and warehouses."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from agents import load_agent
from agents.learned.base import PRIMAL_DUAL, Base
from agents.learned.export import to_onnx
from agents.learned.network import EMPTY, PlanScorer
from agents.learned.torch_agent import TorchAgent
from agents.recording import Recorder
from agents.scoring_model import ScoringModel
from envs import simulate
from envs.feature_schema import IS_REAL, SCORE_GAP
from envs.prices import Pricing
from envs.scorer import best_slot
from scenarios import draw_trace, load_scenario
from tests.every_agent import perturbed_scorer
from tests.worlds import random_trace


@pytest.fixture(scope="module")
def recorded():
    """Features and contexts of at least 10,000 real decisions on several scenarios."""
    plans, contexts = [], []
    for name, seeds in (("metro-small", range(6)), ("tiny", range(3))):
        scenario = load_scenario(name)
        for seed in seeds:
            trace = draw_trace(scenario, seed)
            recorder = _FeatureRecorder()
            simulate(trace, recorder, level="none")
            plans += recorder.plans
            contexts += recorder.contexts
    assert len(plans) >= 10_000
    return np.stack(plans), np.stack(contexts)


class _FeatureRecorder:
    name, pricing, needs_features = "recorder", Pricing.CLOSED_FORM, True

    def __init__(self) -> None:
        self.plans: list[np.ndarray] = []
        self.contexts: list[np.ndarray] = []

    def start(self, network) -> None:
        pass

    def choose(self, snapshot) -> int:
        self.plans.append(snapshot.plans.features.copy())
        self.contexts.append(snapshot.plans.context.copy())
        return 0


def logits(scorer: PlanScorer, plans: np.ndarray, contexts: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        return scorer(torch.from_numpy(plans), torch.from_numpy(contexts))[0].numpy()


def test_untrained_it_is_the_base_router():
    trace = draw_trace(load_scenario("metro-small", horizon_days=2), 5)
    learned = simulate(trace, TorchAgent(PlanScorer(), PRIMAL_DUAL))
    assert learned.events.equals(simulate(trace, load_agent("primal-dual")).events)
    myopic = simulate(trace, TorchAgent(PlanScorer(), Base(Pricing.NONE)))
    assert myopic.events.equals(simulate(trace, load_agent("myopic")).events)
    assert not learned.events.equals(myopic.events)


def test_the_order_of_plans_does_not_matter(recorded):
    plans, contexts = recorded[0][:200].copy(), recorded[1][:200]
    shuffle = np.random.default_rng(1).permutation(plans.shape[1])
    scorer = perturbed_scorer()
    np.testing.assert_allclose(
        logits(scorer, plans[:, shuffle].copy(), contexts), logits(scorer, plans, contexts)[:, shuffle], atol=2e-4
    )


def test_empty_slots_change_nothing_and_never_win(recorded):
    plans, contexts = recorded[0][:200], recorded[1][:200]
    longer = np.concatenate([plans, np.zeros_like(plans[:, :5])], axis=1)
    scorer = perturbed_scorer()
    scores = logits(scorer, longer, contexts)
    np.testing.assert_allclose(scores[:, :-5], logits(scorer, plans, contexts), atol=2e-4)
    assert (scores[longer[..., IS_REAL] == 0] == EMPTY).all()


def test_it_runs_on_twelve_warehouses():
    trace = random_trace(4, num_warehouses=12)
    assert len(trace.network.warehouses) == 12
    done = simulate(trace, TorchAgent(perturbed_scorer(), PRIMAL_DUAL))
    assert done.metrics["num_decisions"] == trace.num_orders


def test_onnx_and_torch_choose_the_same_plan(recorded):
    """At least 10,000 snapshots, near-ties oversampled: every one also stands with its two best plans nearly tied."""
    plans, contexts = recorded
    scorer = perturbed_scorer()
    model = ScoringModel(to_onnx(scorer))
    tied = plans.copy()
    order = np.argsort(-logits(scorer, plans, contexts), axis=1)
    rows = np.arange(len(plans))
    is_pair = plans[rows, order[:, 1], IS_REAL] == 1
    tied[rows[is_pair], order[is_pair, 1]] = tied[rows[is_pair], order[is_pair, 0]]
    tied[rows[is_pair], order[is_pair, 1], SCORE_GAP] += np.float32(1e-5)
    num_compared = 0
    for batch in (plans, tied):
        expected = logits(scorer, batch, contexts)
        found = np.concatenate(
            [model.run(batch[i : i + 1000], contexts[i : i + 1000]) for i in range(0, len(batch), 1000)]
        )
        real = batch[..., IS_REAL] == 1
        scale = np.maximum(1.0, np.abs(expected))
        is_close = (np.abs(found - expected) <= 1e-5 * scale)[real]
        same = found.argmax(axis=1) == expected.argmax(axis=1)
        top = np.sort(expected, axis=1)[:, -2:]
        is_near_tie = top[:, 1] - top[:, 0] <= 2e-5 * np.maximum(1.0, np.abs(top[:, 1]))
        assert is_close.all()
        assert (same | is_near_tie).all()
        num_compared += len(batch)
    assert num_compared >= 20_000


def test_recorder_sees_what_the_agent_sees():
    trace = draw_trace(load_scenario("tiny"), 1)
    recorder = Recorder(load_agent("primal-dual"), trace.names)
    simulate(trace, recorder)
    assert len(recorder.decisions) == trace.num_orders


def test_the_compiled_scorer_chooses_what_torch_chooses(recorded):
    """But for ties within rounding, with and without a network."""
    plans, contexts = recorded[0][:3000], recorded[1][:3000]
    quiet = PlanScorer(hidden=8)
    with torch.no_grad():
        quiet.prices.copy_(0.1 * torch.randn(quiet.prices.shape, generator=torch.Generator().manual_seed(3)))
    for scorer in (perturbed_scorer(), quiet):
        arrays = scorer.arrays()
        assert (len(arrays.out) == 0) == (scorer is quiet)
        with torch.no_grad():
            worth = scorer.worth(torch.from_numpy(plans), torch.from_numpy(contexts)).numpy()
        num_others = 0
        for i in range(len(plans)):
            count = int(plans[i, :, IS_REAL].sum())
            found = best_slot(plans[i], contexts[i], count, arrays)
            best = worth[i, :count].max()
            assert worth[i, found] >= best - 1e-3 * max(1.0, abs(best))
            num_others += found != worth[i, :count].argmax()
        assert num_others < 0.01 * len(plans)


def test_inside_the_loop_and_asked_it_does_the_same():
    trace = draw_trace(load_scenario("metro-small", horizon_days=2), 6)
    agent = TorchAgent(perturbed_scorer(), PRIMAL_DUAL)
    assert simulate(trace, agent).events.equals(simulate(trace, agent, "simpy").events)
