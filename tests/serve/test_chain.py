"""Policy, heuristic, static rule, person: who decides when."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from agents.bundle import BundleAgent
from agents.documents import parse_case
from agents.heuristics import RuleAgent
from agents.registry import load_agent
from envs.snapshot import Snapshot
from serve.chain import Chain
from tests.serve.conftest import AMPLE_SECONDS

Request = Callable[..., dict[str, Any]]


def read(agent: BundleAgent, document: dict[str, Any]) -> Snapshot:
    return agent.reader.read(parse_case(document))


def test_the_policy_decides_with_its_probability(agent: BundleAgent, make_request: Request) -> None:
    for position, case in enumerate(agent.bundle.golden):
        choice = Chain(agent, AMPLE_SECONDS).decide(read(agent, make_request(position)))
        assert (choice.stage, choice.slot, choice.fallback_reason) == ("policy", case.slot, None)
        scores = np.array(case.scores)
        expected = np.exp(scores) / np.exp(scores).sum()
        np.testing.assert_allclose(choice.probabilities, expected, rtol=1e-4, atol=1e-12)


def _raise(features: np.ndarray, context: np.ndarray) -> np.ndarray:
    raise ValueError("broken weights")


BROKEN = {
    "raising": (_raise, "ValueError"),
    "nan": (lambda features, context: np.full(32, np.nan, np.float32), "not finite"),
    "infinite": (lambda features, context: np.full(32, np.inf, np.float32), "not finite"),
    "shapeless": (lambda features, context: None, "failed"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_the_best_heuristic_decides_when_the_model_fails(agent: BundleAgent, make_request: Request, name: str) -> None:
    scores, reason = BROKEN[name]
    agent.scores = scores  # type: ignore[method-assign]
    snapshot = read(agent, make_request())
    choice = Chain(agent, AMPLE_SECONDS).decide(snapshot)
    assert choice.stage == "heuristic"
    assert choice.slot == load_agent("primal-dual").choose(snapshot)
    assert choice.fallback_reason is not None
    assert reason in choice.fallback_reason
    assert choice.probabilities is None


def test_a_slow_model_costs_its_budget_and_no_more(agent: BundleAgent, make_request: Request) -> None:
    gate = threading.Event()

    def stall(features: np.ndarray, context: np.ndarray) -> np.ndarray:
        gate.wait(60)
        return np.zeros(32, np.float32)

    snapshot = read(agent, make_request())
    load_agent("primal-dual").choose(snapshot)  # compiled
    agent.scores = stall  # type: ignore[method-assign]
    chain = Chain(agent, 0.05)
    for expected in ("within 50 ms", "still busy", "still busy"):
        began = time.perf_counter()
        choice = chain.decide(snapshot)
        assert time.perf_counter() - began < 5
        assert (choice.stage, expected in str(choice.fallback_reason)) == ("heuristic", True)
    gate.set()
    for _ in range(1000):
        if chain.decide(snapshot).stage == "policy":
            break
        time.sleep(0.01)
    else:
        pytest.fail("the breaker did not heal")


def test_a_deadline_too_short_for_the_policy_leaves_it_out(agent: BundleAgent, make_request: Request) -> None:
    choice = Chain(agent, AMPLE_SECONDS).decide(read(agent, make_request()), deadline=time.perf_counter())
    assert choice.stage == "heuristic"
    assert "deadline" in str(choice.fallback_reason)


def test_a_deadline_bounds_a_slow_model(agent: BundleAgent, make_request: Request) -> None:
    gate = threading.Event()
    agent.scores = lambda features, context: gate.wait(60)  # type: ignore[method-assign,assignment,return-value]
    snapshot = read(agent, make_request())
    began = time.perf_counter()
    choice = Chain(agent, AMPLE_SECONDS).decide(snapshot, deadline=began + 0.1)
    assert time.perf_counter() - began < 10
    gate.set()
    assert choice.stage == "heuristic"


def test_a_static_rule_and_then_a_person_decide_when_heuristics_fail(
    agent: BundleAgent, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    agent.scores = _raise  # type: ignore[method-assign]
    snapshot = read(agent, make_request())
    chain, working = Chain(agent, AMPLE_SECONDS), RuleAgent.choose

    def fail_if(is_failing: Callable[[RuleAgent], bool]) -> None:
        def choose(self: RuleAgent, snapshot: Snapshot) -> int:
            if is_failing(self):
                raise RuntimeError("no")
            return working(self, snapshot)

        monkeypatch.setattr(RuleAgent, "choose", choose)

    fail_if(lambda rule: rule.name == "primal-dual")
    choice = chain.decide(snapshot)
    assert (choice.stage, choice.slot) == ("static", working(load_agent("nearest"), snapshot))  # type: ignore[arg-type]
    assert "primal-dual failed" in str(choice.fallback_reason)
    fail_if(lambda rule: True)
    choice = chain.decide(snapshot)
    assert (choice.stage, choice.slot) == ("review", None)


def test_a_person_decides_when_nothing_is_feasible(agent: BundleAgent, make_request: Request) -> None:
    document = make_request()
    for row in document["snapshot"]["stock"]:
        row.update(on_hand_units=0, allocated_units=0)
    document["snapshot"]["receipts"] = []
    choice = Chain(agent, AMPLE_SECONDS).decide(read(agent, document))
    assert (choice.stage, choice.slot, choice.fallback_reason) == ("review", None, "no feasible plan")
