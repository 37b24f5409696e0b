"""What ends an experiment: guardrails, persons, changes of the slots; and a ratio of units that is wrong."""

from __future__ import annotations

from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from scenarios.errors import InputError
from scenarios.local_time import format_utc, parse_utc
from serve.app import create_app
from serve.audit.log import complaints
from serve.decisions.desk import Desk, DeskSettings
from serve.main import load_desk
from serve.orders.order import Conflict
from serve.storage import tables
from serve.storage.database import Database
from serve.trials.assignment import Subject
from serve.trials.tables import trials
from serve.trials.watch import GUARD
from serve.web.actor import Actor
from serve.web.tokens import Tokens, digest_of
from tests.serve.test_app import wait_until_ready
from tests.serve.trials.march import Harm, Request, begin, decide, expect, order_of


@pytest.mark.parametrize("of", ["difference", "treatment"])
def test_a_guardrail_stops_the_experiment_and_all_falls_to_the_control(
    client: TestClient, desk: Desk, make_request: Request, treatment: str, of: str
) -> None:
    limit = 20_000 if of == "difference" else 560_000
    rails = [{"metric": "cost", "limit": limit, "of": of}, {"metric": "manual", "limit": 0.1}]
    begin(client, treatment, guardrails=rails)
    expect(desk, 400, cost_treated=0)
    desk.guardrails.look(10**9)
    results = client.get("/v1/experiments/march", params={"now": format_utc(10**9)}).json()["results"]
    assert [rail["is_broken"] for rail in results["guardrails"]] == [False, False]
    expect(desk, 800, cost_treated=60_000, begin_at=1000)
    order = order_of(make_request, "next")
    treated = next(
        f"o{i}" for i in range(100) if desk.policies.slots.pick(Subject(f"o{i}", "", None, 0)).arm == "canary"
    )
    told = decide(client, order_of(make_request, treated), parse_utc("now", order["placed_at"]))
    assert told["arm"] == "active"  # the watch looked before this order was decided
    stopped = client.get("/v1/experiments/march").json()
    assert (stopped["state"], stopped["stopped_by"]) == ("stopped", GUARD.name)
    assert f"cost of the {of} is above {limit}" in stopped["stop_reason"]
    slots = client.get("/v1/policies").json()
    assert (slots["mode"], slots["share"], slots["experiment"]) == ("loaded", 0.0, None)
    with desk.database.reading() as tx:
        row = tables.audit.c
        query = select(row.kind, row.actor, row.subject).where(row.kind.like("experiment_%")).order_by(row.seq)
        kinds = [tuple(found) for found in tx.execute(query)]
        assert list(complaints(tx)) == []
    assert kinds == [
        ("experiment_created", "anyone", "march"),
        ("experiment_started", "anyone", "march"),
        ("experiment_stopped", GUARD.name, "march"),
    ]
    number = slots["number"]
    desk.guardrails.look(10**9)  # there is nothing to stop any more
    assert client.get("/v1/policies").json()["number"] == number


def _some(number: int, is_treated: bool) -> bool:
    """True of one order in eight, and of three in four that are treated."""
    return number % 8 < (6 if is_treated else 1)


HARMS: dict[str, tuple[float, Harm]] = {
    "late": (0.1, lambda number, is_treated: {"late_probability": 0.9 if _some(number, is_treated) else 0.05}),
    "split": (0.1, lambda number, is_treated: {"num_parcels": 1 + _some(number, is_treated)}),
    "carbon": (500, lambda number, is_treated: {"carbon_millicents": 900 + number % 7 + 2_000 * is_treated}),
    "manual": (0.1, lambda number, is_treated: {"is_manual": _some(number, is_treated)}),
}
"""By metric the limit of the difference, and what the treatment does beyond it."""


@pytest.mark.parametrize("metric", HARMS)
def test_each_metric_that_a_guardrail_is_for_stops_an_arm(
    client: TestClient, desk: Desk, treatment: str, metric: str
) -> None:
    limit, harm = HARMS[metric]
    others = [{"metric": other, "limit": beyond} for other, (beyond, _) in HARMS.items() if other != metric]
    begin(client, treatment, guardrails=[*others, {"metric": metric, "limit": limit}])
    expect(desk, 400, cost_treated=0, harm=lambda number, is_treated: harm(number, False))  # both arms alike
    desk.guardrails.look(10**9)
    assert client.get("/v1/experiments/march").json()["state"] == "running"
    expect(desk, 800, cost_treated=0, begin_at=1000, harm=harm)
    desk.guardrails.look(10**9 + 60)
    stopped = client.get("/v1/experiments/march").json()
    assert (stopped["state"], stopped["stopped_by"]) == ("stopped", GUARD.name)
    assert f"guardrail: {metric} of the difference is above {limit:g}" in stopped["stop_reason"]
    assert client.get("/v1/policies").json()["share"] == 0.0


def test_one_that_cannot_be_stopped_is_told_at_every_look(
    client: TestClient, desk: Desk, treatment: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    begin(client, treatment, guardrails=[{"metric": "cost", "limit": 20_000}])
    expect(desk, 800, cost_treated=60_000)

    def gone(*_: object) -> None:
        raise Conflict(InputError("bundle", treatment, "a bundle that is there", "put its folder back"))

    with monkeypatch.context() as broken:
        broken.setattr(desk.policies, "change", gone)
        for look in (1, 2):
            desk.guardrails.look(10**9 + look)
            told = [row.getMessage() for row in caplog.records if "must be stopped and goes on" in row.getMessage()]
            assert len(told) == look
    assert client.get("/v1/experiments/march").json()["state"] == "running"
    desk.guardrails.look(10**9 + 3)
    assert client.get("/v1/experiments/march").json()["state"] == "stopped"
    assert "march" not in caplog.text


def test_another_process_goes_on_with_it_and_a_wrong_ratio_is_said_once(
    client: TestClient, desk: Desk, database_url: str, make_request: Request, treatment: str
) -> None:
    begin(client, treatment, share=0.4)
    settings = DeskSettings(is_request_clock=True, policies=desk.settings.policies)
    second = load_desk(desk.service, Database(database_url), settings)  # a restart, or another process
    for number in range(50):
        subject = Subject(f"order {number}", "", None, 0)
        one, other = desk.policies.slots.pick(subject), second.policies.slots.pick(subject)
        assert (one.arm, one.propensity, one.unit) == (other.arm, other.propensity, other.unit)
        assert one.service.policy == other.service.policy
    expect(desk, 3000, 0)
    with desk.database.writing() as tx:
        lost = trials.delete().where(trials.c.arm == "canary", trials.c.entered_at % 3 == 0)
        tx.execute(lost)  # as if a third of what the treatment decided were not written down
    second.guardrails.look(10**9)
    alarmed = client.get("/v1/experiments/march", params={"now": format_utc(10**9)}).json()
    assert alarmed["alarmed_at"] == format_utc(10**9)
    assert (alarmed["state"], alarmed["results"]["sample_ratio"]["is_alarm"]) == ("running", True)
    desk.guardrails.look(10**9 + 60)
    assert client.get("/v1/experiments/march").json()["alarmed_at"] == format_utc(10**9)
    client.post("/v1/experiments/march/stop", json={"reason": "enough"})
    second.policies.follow()
    assert second.policies.slots.experiment is None
    second.database.close()


ROLES_OF = {
    "vera": "viewer",
    "paul": "planner",
    "rita": "rule_editor",
    "anna": "approver",
    "bert": "approver",
    "carl": "approver",
}


def test_four_eyes_and_roles(desk: Desk, treatment: str) -> None:
    entries = [f"{name}:{role}:{digest_of(name).hex()}" for name, role in ROLES_OF.items()]
    app = create_app(lambda: desk.service, open_desk=lambda service: desk, tokens=Tokens(" ".join(entries)))
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until_ready(client)

        def post(who: str, path: str, **body: Any) -> int:
            headers = {"Authorization": f"Bearer {who}"}
            return client.post(f"/v1/experiments{path}", json=body or None, headers=headers).status_code

        plan = {"name": "march", "treatment": treatment}
        assert [post(name, "", **plan) for name in ("vera", "paul")] == [403, 403]
        assert post("anna", "", **plan) == 200  # an approver may plan, too, but then another one has to look at it
        assert [post(name, "/march/start") for name in ("vera", "paul", "rita", "anna")] == [403, 403, 403, 403]
        desk.policies.load("other", Actor("bert", "approver"))
        assert post("bert", "/march/start") == 403  # he loaded the treatment
        for_vera, for_rita = ({"Authorization": f"Bearer {name}"} for name in ("vera", "rita"))
        assert client.get("/v1/experiments/march", headers=for_vera).json()["salt"] is None
        assert client.get("/v1/experiments", headers=for_vera).json()["experiments"][0]["salt"] is None
        assert post("carl", "/march/start") == 200
        assert client.get("/v1/experiments/march", headers=for_vera).json()["salt"] == "salt of march"
        path = f"/v1/experiments/march/estimate?policy={treatment}"
        assert client.get(path, headers=for_vera).status_code == 403
        assert client.get(path, headers=for_rita).status_code == 409  # no plan was drawn
        assert [post(name, "/march/stop") for name in ("vera", "paul", "rita")] == [403, 403, 403]
        assert post("anna", "/march/stop") == 200
        assert client.get("/v1/experiments/march", headers={"Authorization": "Bearer vera"}).status_code == 200


def test_any_change_of_the_slots_ends_it(client: TestClient, treatment: str) -> None:
    for what in ("shadow", "canary", "withdraw", "activate"):
        client.post("/v1/policies", json={"folder": "other"})
        begin(client, treatment, f"in {what}")
        body = {"share": 0.1} if what == "canary" else None
        assert client.post(f"/v1/policies/{treatment}/{what}", json=body).status_code == 200
        stopped = client.get(f"/v1/experiments/in {what}").json()
        assert stopped["state"] == "stopped"
        assert stopped["stop_reason"].startswith(f"policy_{what[:5]}")
        assert client.get("/v1/policies").json()["experiment"] is None
