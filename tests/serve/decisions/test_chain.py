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
from serve.decisions.chain import HEURISTIC_SECONDS, Chain
from serve.decisions.service import DecisionService
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


class Stalling:
    """A heuristic that decides when it is let."""

    name = "stalling"

    def __init__(self) -> None:
        self.gate, self.num_calls = threading.Event(), 0

    def choose(self, snapshot: Snapshot) -> int:
        self.num_calls += 1
        self.gate.wait(60)
        return 0


@pytest.mark.parametrize("has_deadline", [True, False])
def test_a_heuristic_that_stalls_is_overtaken_by_the_static_rule(
    agent: BundleAgent, make_request: Request, has_deadline: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Policy and heuristic stall at once: each costs its budget once, and later orders wait for neither."""
    monkeypatch.setattr("serve.decisions.chain.HEURISTIC_SECONDS", 0.3)  # in which a busy machine begins with it
    model, stalling = threading.Event(), Stalling()
    agent.scores = lambda features, context: model.wait(60)  # type: ignore[method-assign,assignment,return-value]
    snapshot = read(agent, make_request())
    chain = Chain(agent, AMPLE_SECONDS if has_deadline else 0.3)
    chain.prepare(snapshot)
    static = chain._heuristics[-1]
    chain._heuristics = [stalling, static]  # type: ignore[list-item]
    for expected in ("gave no answer within", "is still busy"):
        began = time.perf_counter()
        choice = chain.decide(snapshot, began + 1.0 if has_deadline else None)
        assert time.perf_counter() - began < 5
        assert (choice.stage, choice.heuristic, choice.slot) == ("static", static.name, static.choose(snapshot))
        for who in ("the policy", "the heuristic"):
            assert f"{who} {expected}" in str(choice.fallback_reason)
        assert stalling.num_calls == 1
    stalling.gate.set()
    for _ in range(1000):
        if chain.decide(snapshot, time.perf_counter()).stage == "heuristic":
            break
        time.sleep(0.01)
    else:
        pytest.fail("the heuristic was never asked again")
    model.set()


def test_a_deadline_that_is_over_leaves_the_heuristic_little_and_not_nothing(
    agent: BundleAgent, make_request: Request
) -> None:
    stalling, snapshot = Stalling(), read(agent, make_request())
    chain = Chain(agent, AMPLE_SECONDS)
    chain.prepare(snapshot)
    chain._heuristics = [stalling, chain._heuristics[-1]]  # type: ignore[list-item]
    began = time.perf_counter()
    choice = chain.decide(snapshot, deadline=began)
    assert time.perf_counter() - began < 5
    stalling.gate.set()
    assert (choice.stage, choice.heuristic) == ("static", chain._heuristics[-1].name)
    assert f"within {1000 * HEURISTIC_SECONDS:.0f} ms" in str(choice.fallback_reason)


def test_a_heuristic_has_its_least_time_whatever_the_budget(agent: BundleAgent, make_request: Request) -> None:
    stalling, snapshot = Stalling(), read(agent, make_request())
    for deadline in (None, time.perf_counter() + 60):
        chain = Chain(agent, HEURISTIC_SECONDS / 100)
        chain.prepare(snapshot)
        chain._heuristics = [stalling, chain._heuristics[-1]]  # type: ignore[list-item]
        choice = chain.decide(snapshot, deadline, hindrance="none of its business")
        assert f"the heuristic gave no answer within {1000 * HEURISTIC_SECONDS:.0f} ms" in str(choice.fallback_reason)
    stalling.gate.set()


def test_a_service_that_is_ready_has_tried_its_heuristics(
    agent: BundleAgent, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Rules are compiled then, and not while an order waits; one that fails does so when an order comes, too."""
    working, tried = RuleAgent.choose, list[str]()

    def choose(self: RuleAgent, snapshot: Snapshot) -> int:
        tried.append(self.name)
        return 1 // 0 if self.name == "primal-dual" else working(self, snapshot)

    monkeypatch.setattr(RuleAgent, "choose", choose)
    DecisionService(agent, AMPLE_SECONDS)
    assert tried == list(agent.bundle.plan.fallback)
    assert "heuristic primal-dual failed" in caplog.text


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
