"""Plans drawn by chance: as often as they say, recorded, repeated, and of use to judge another policy."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from agents.documents import parse_case
from envs.inner import best_by_rule
from envs.plan_table import Rule
from envs.prices import Pricing
from envs.simulation import simulate
from envs.snapshot import Snapshot
from scenarios.draw import draw_trace
from scenarios.network import Network
from scenarios.registry import load_scenario
from serve.admission.aside import aside
from serve.decisions.desk import Desk
from serve.decisions.service import DecisionService
from serve.monitoring import drift
from serve.monitoring.tally import Seen
from serve.policies.slots import Pick
from serve.reviews.queue import ReviewLimits, reasons_of
from serve.storage import tables
from serve.trials.exploring import Exploration, explore, near_slots
from tests.serve.monitoring.test_watch import asked_at
from tests.serve.test_app import check_error
from tests.serve.trials.march import begin, decide, order_of

Request = Callable[..., dict[str, Any]]

DRAWN = {"explore_share": 0.3, "explore_margin_millicents": 10_000_000}


def test_plans_come_out_as_often_as_their_propensity_says(service: DecisionService, make_request: Request) -> None:
    case = parse_case(make_request())
    weighed = service.weigh(case)
    best, num = weighed.choice.slot, 4000
    assert best is not None
    exploration = Exploration("salt", 0.4, 200_000)
    near = near_slots(weighed.snapshot, best, exploration.margin_millicents)
    assert 3 < len(near) < weighed.snapshot.num_plans  # others are declines, or too dear
    drawn, propensities = Counter[int](), dict[int, float]()
    for number in range(num):
        slot, propensity = explore(weighed.snapshot, best, exploration, f"order {number}")
        drawn[slot] += 1
        assert propensities.setdefault(slot, propensity) == propensity
    assert set(drawn) == set(near.tolist())
    assert sum(propensities.values()) == pytest.approx(1.0)
    for slot, propensity in propensities.items():
        assert abs(drawn[slot] / num - propensity) < 4 * (propensity * (1 - propensity) / num) ** 0.5
    assert explore(weighed.snapshot, best, Exploration("salt", 0.4, 0), "order 1") == (best, 1.0)  # nothing as good


def test_a_drawn_plan_is_not_what_the_policy_is_judged_by(
    service: DecisionService, desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = parse_case(make_request())
    for salt in range(100):
        weighed = service.weigh(case, exploration=Exploration(f"salt {salt}", 0.9, 10_000_000))
        if weighed.choice.slot != weighed.choice.own_slot:
            break
    own = service.weigh(case).choice
    assert weighed.choice.own_slot == own.slot != weighed.choice.slot
    assert own.probabilities is not None
    limit = ReviewLimits(least_confidence=float(own.probabilities.max()))  # of which any other plan falls short
    assert reasons_of(weighed, limit) == []
    seen: list[Seen] = []
    monkeypatch.setattr(drift, "Seen", lambda *of: seen.append(Seen(*of)) or seen[-1])
    tally = desk.monitor.drift._of(service, 0)
    monkeypatch.setattr(tally, "tally", object())
    desk.monitor.see(Pick(service), weighed, asked_at(0))
    assert [row.slot for row in seen] == [own.slot]


class Checker:
    """Decides like ``myopic``, and checks what chance could make of each choice."""

    name, pricing, needs_features = "checker", Pricing.NONE, False

    def __init__(self) -> None:
        self.num_holds = 0

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        slot = best_by_rule(snapshot.plans.rules, snapshot.num_plans, Rule.MYOPIC)
        nothing = np.flatnonzero(snapshot.plans.slots["num_parcels"][: snapshot.num_plans] == 0)
        self.num_holds += len(nothing)
        for idle in nothing:
            assert explore(snapshot, int(idle), Exploration("salt", 0.9, 10**9), "order") == (idle, 1.0)
        assert not set(near_slots(snapshot, slot, 10**9).tolist()) & set(nothing.tolist())
        return slot


def test_what_sends_nothing_is_neither_drawn_nor_replaced() -> None:
    checker = Checker()
    simulate(draw_trace(load_scenario("hold-consolidate"), 1_000_000), checker, "compiled", level="none")
    assert checker.num_holds > 100


def test_drawn_plans_are_recorded_repeated_and_judge_another_policy(
    client: TestClient, desk: Desk, make_request: Request, treatment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = desk.service.policy.bundle_sha256
    begin(client, treatment, share=1e-9, **DRAWN)
    told = [decide(client, order_of(make_request, f"order {number}")) for number in range(50)]
    seen = {answer["plan_propensity"] for answer in told}
    assert len(seen) > 1
    assert 0 < min(seen) < 0.5 < max(seen) < 1
    drawn = [answer for answer in told if answer["plan_propensity"] < 0.5]
    assert drawn
    for answer in told:
        is_drawn = answer in drawn
        assert ("drew it by chance" in answer["reasons"][1]) is is_drawn
        assert ("the policy's own choice;" in answer["reasons"][1]) is not is_drawn
        path = f"/v1/decisions/{answer['decision_id']}"
        again = client.post(f"{path}/replay").json()
        assert (again["is_same"], again["answer"]) == (True, answer)
    for answer in (drawn[0], next(answer for answer in told if answer not in drawn)):
        shown = client.get(f"/v1/decisions/{answer['decision_id']}/explain").json()
        assert shown["why"][:2] == answer["reasons"][:2]
        assert bool(shown["flips"]) is (answer not in drawn)
    with desk.database.reading() as tx:
        row = tables.decisions.c
        kept = dict(tuple(found) for found in tx.execute(select(row.id, row.plan_propensity)))
    assert kept == {answer["decision_id"]: answer["plan_propensity"] for answer in told}

    def estimate(policy: str, **options: Any) -> dict[str, Any]:
        found = client.get("/v1/experiments/march/estimate", params={"policy": policy, **options})
        assert found.status_code == 200, found.text
        return dict(found.json())

    own = estimate(first)
    assert {answer["arm"] for answer in told} == {"active"}
    assert [own[f"num_{what}"] for what in ("decisions", "random", "covered")] == [50, 50, 50]
    best = [answer for answer in told if answer["plan_propensity"] > 0.5]  # the policy's own plan came out
    weights = [1 / answer["plan_propensity"] for answer in best]
    total = sum(weight * answer["plan"]["total_millicents"] for weight, answer in zip(weights, best, strict=True))
    assert own["ips"] == pytest.approx(total / 50)
    assert own["snips"] == pytest.approx(total / sum(weights))
    assert own["effective"] == pytest.approx(sum(weights) ** 2 / sum(weight**2 for weight in weights))
    assert own["logged"] == pytest.approx(sum(answer["plan"]["total_millicents"] for answer in told) / 50)
    assert own["value"]["low"] < own["snips"] < own["value"]["high"]
    few = estimate(first, limit=5)
    assert (few["num_decisions"], few["value"]["low"]) == (5, None)  # too few to tell
    early = make_request()["order"]["placed_at"]
    assert estimate(first, metric="delivered_late", now=early)["num_random"] == 0  # nothing was delivered yet
    decision = f"/v1/decisions/{told[0]['decision_id']}"
    period = "since=2025-03-03T10:00:00Z&until=2025-03-04T10:00:00Z"
    asked_for = f"/v1/experiments/march/estimate?policy={first}"
    costly = [("GET", "/v1/experiments/march"), ("GET", asked_for)]
    costly += [("GET", f"{decision}/explain"), ("POST", f"{decision}/replay")]
    costly += [("GET", f"/v1/monitoring/calibration?{period}")]
    with monkeypatch.context() as patched, aside():  # another one is being made
        patched.setattr("serve.admission.aside.WAIT_SECONDS", 0.05)
        patched.setattr("serve.admission.aside.PATIENCE_SECONDS", 0.05)
        for method, path in costly:
            busy = client.request(method, path)
            assert (busy.status_code, busy.headers["Retry-After"], check_error(busy)["key"]) == (503, "1", "server")
        assert client.get(decision).status_code == 200  # and so are orders
    assert [client.request(method, path).status_code for method, path in costly * 2] == [200] * 2 * len(costly)
    unknown = client.get("/v1/experiments/march/estimate", params={"policy": "0" * 64})
    assert unknown.status_code == 409


def test_advice_in_the_second_of_an_order_does_not_stand_for_it(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    """It takes no part in the experiment, so nothing was drawn."""
    begin(client, treatment, share=1e-9, **DRAWN)
    for name in ("one", "two"):
        decide(client, order_of(make_request, name), snapshot=make_request()["snapshot"])
        decide(client, order_of(make_request, name))
    policy = {"policy": desk.service.policy.bundle_sha256}
    found = client.get("/v1/experiments/march/estimate", params=policy).json()
    assert [found[f"num_{what}"] for what in ("decisions", "random", "covered")] == [2, 2, 2]


def test_an_order_that_a_policy_cannot_decide_is_not_covered_and_the_others_are(
    client: TestClient, desk: Desk, make_request: Request, treatment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(client, treatment, share=1e-9, **DRAWN)
    for number in range(12):
        decide(client, order_of(make_request, f"order {number}"))
    agent, calls = desk.policies.find(treatment).chain._agent, Counter[str]()
    real = agent.scores

    def scores(features: np.ndarray, context: np.ndarray) -> np.ndarray:
        calls["scores"] += 1
        return np.full(32, np.nan, np.float32) if calls["scores"] == 7 else real(features, context)

    path, policy = "/v1/experiments/march/estimate", {"policy": treatment}
    whole = client.get(path, params=policy).json()
    monkeypatch.setattr(agent, "scores", scores)
    found = client.get(path, params=policy)
    assert (found.status_code, calls["scores"]) == (200, 12)
    assert whole["num_covered"] == whole["num_random"] == found.json()["num_random"] == 12
    assert found.json()["num_covered"] == 11


def test_where_chance_had_no_part_nothing_is_estimated(
    client: TestClient, make_request: Request, treatment: str
) -> None:
    begin(client, treatment)
    told = decide(client, order_of(make_request, "one"))
    assert told["plan_propensity"] == 1.0
    refused = client.get("/v1/experiments/march/estimate", params={"policy": treatment})
    assert (refused.status_code, check_error(refused)["key"]) == (409, "plan_propensity")
    assert "explore_share" in check_error(refused)["remedy"]
    for half in ({"explore_share": 0.1}, {"explore_margin_millicents": 5}):
        refused = client.post("/v1/experiments", json={"name": "half", "treatment": treatment, **half})
        assert (refused.status_code, check_error(refused)["key"]) == (422, "explore_margin_millicents")
