"""Experiments over HTTP, on both databases: who falls where, what is written down, and what ends them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select, update

from scenarios.local_time import format_utc, parse_utc
from serve import tables
from serve.actor import Actor
from serve.app import create_app
from serve.audit import complaints
from serve.database import Database
from serve.desk import Desk, DeskSettings
from serve.main import load_desk
from serve.tokens import Tokens, digest_of
from serve.trials.assignment import Assignment, Subject
from serve.trials.kept import experiment_of, find_row
from serve.trials.streams import read_streams
from serve.trials.tables import trials
from serve.trials.watch import GUARD
from tests.serve import test_desk
from tests.serve.test_app import check_error, wait_until_ready

Request = Callable[..., dict[str, Any]]


def order_of(make_request: Request, order_id: str, **changes: Any) -> dict[str, Any]:
    """One unit of one SKU, of which there is enough for a whole test."""
    order = test_desk.order_of(make_request, order_id, **changes)
    return {**order, "lines": [{**order["lines"][0], "units": 1}]}


def create(client: TestClient, treatment: str, name: str = "march", **changes: Any) -> dict[str, Any]:
    answer = client.post("/v1/experiments", json={"name": name, "treatment": treatment, **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def begin(client: TestClient, treatment: str, name: str = "march", **changes: Any) -> dict[str, Any]:
    create(client, treatment, name, **changes)
    answer = client.post(f"/v1/experiments/{name}/start")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def decide(client: TestClient, order: dict[str, Any], at: int | None = None, **options: Any) -> dict[str, Any]:
    now = order["placed_at"] if at is None else format_utc(at)
    answer = client.post("/v1/decisions", json={"order": order, "now": now, **options})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def arms(told: dict[str, Any], treatment: str) -> tuple[str, float]:
    """What an answer must say of its arm, given which policy decided."""
    return ("canary", 0.4) if told["policy"]["bundle_sha256"] == treatment else ("active", 0.6)


def kept(desk: Desk, order_id: str) -> Any:
    with desk.database.reading() as tx:
        return tx.execute(select(trials).where(trials.c.order_id == order_id)).one()


def test_orders_fall_to_arms_and_stay_there(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    before = order_of(make_request, "early")
    first = decide(client, before)
    assert (first["experiment"], first["unit"], first["propensity"]) == (None, None, 1.0)
    running = begin(client, treatment, share=0.4)
    assert (running["state"], running["control"]) == ("running", desk.service.policy.bundle_sha256)
    slots = client.get("/v1/policies").json()
    assert (slots["mode"], slots["experiment"], slots["share"]) == ("experiment", "march", 0.4)
    assignment, seen = Assignment(running["salt"], 0.4), set()
    for number in range(10):
        order = order_of(make_request, f"order {number}")
        told = decide(client, order)
        is_treated = assignment.is_treated(order["id"])
        assert (told["policy"]["bundle_sha256"] == treatment) is is_treated
        assert (told["arm"], told["propensity"]) == arms(told, treatment)
        assert (told["experiment"], told["unit"]) == ("march", order["id"])
        row = kept(desk, order["id"])
        assert (row.unit, row.arm, row.is_counted, row.is_pending) == (order["id"], told["arm"], True, False)
        parts = told["plan"]["cost_millicents"]
        assert row.cost_millicents + row.lateness_millicents + row.carbon_millicents == sum(parts.values())
        assert row.carbon_millicents == parts["carbon"]
        assert row.num_parcels == len(told["plan"]["parcels"])
        assert client.post(f"/v1/decisions/{told['decision_id']}/replay").json()["is_same"]
        now = format_utc(parse_utc("now", order["placed_at"]) + 60)
        assert client.post(f"/v1/orders/{order['id']}/take-back", params={"now": now}).status_code == 200
        again = client.post(f"/v1/orders/{order['id']}/redecide", json={"now": now}).json()
        assert [again[key] for key in ("arm", "propensity", "unit")] == [told[k] for k in ("arm", "propensity", "unit")]
        seen.add(told["arm"])
    assert seen == {"active", "canary"}
    now = format_utc(parse_utc("now", before["placed_at"]) + 60)
    client.post("/v1/orders/early/take-back", params={"now": now})
    again = client.post("/v1/orders/early/redecide", json={"now": now}).json()  # it was decided before the experiment
    assert (again["experiment"], again["arm"], again["propensity"]) == (None, "active", 1.0)


def test_blocks_switch_and_an_order_stays_in_the_block_of_its_first_decision(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    running = begin(client, treatment, unit="region_block", block_minutes=60, washout_minutes=15, share=0.4)
    assignment = Assignment(running["salt"], 0.4, "region_block", 3600)
    base = parse_utc("now", make_request()["order"]["placed_at"]) // 3600 * 3600
    seen = set()
    for number in range(12):
        at = base + 3600 * number + 60 * (10 if number % 2 else 20)
        order = order_of(make_request, f"order {number}", placed_at=format_utc(at))
        told = decide(client, order, at)
        unit = assignment.unit_of(Subject(order["id"], order["region"], None, at))
        assert told["unit"] == unit == f"{at // 3600} {order['region']}"
        assert (told["arm"], told["propensity"]) == arms(told, treatment)
        assert (told["arm"] == "canary") is assignment.is_treated(unit)
        assert kept(desk, order["id"]).is_counted is (number % 2 == 0)
        later = {"now": format_utc(at + 3600)}
        client.post(f"/v1/orders/{order['id']}/take-back", params=later)
        again = client.post(f"/v1/orders/{order['id']}/redecide", json=later).json()
        assert (again["unit"], again["arm"]) == (unit, told["arm"])
        seen.add(told["arm"])
    assert seen == {"active", "canary"}
    results = client.get("/v1/experiments/march", params={"now": format_utc(base + 3600 * 24)}).json()["results"]
    assert results["num_orders"] == 12
    ratio = results["sample_ratio"]
    assert (ratio["treatment_units"] + ratio["control_units"], ratio["is_alarm"]) == (12, False)
    cost = next(row for row in results["metrics"] if row["metric"] == "cost")
    assert sum(arm["effective_units"] for arm in cost["arms"]) == pytest.approx(6)  # the others came in the washout


def test_customers_are_hashes_and_orders_without_one_stay_out(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    begin(client, treatment, unit="customer", block_minutes=1440, share=0.4)
    units = {}
    for number in range(8):
        order = order_of(make_request, f"order {number}")
        told = decide(client, {**order, "customer": f"customer {number % 4}"})
        assert units.setdefault(number % 4, (told["unit"], told["arm"])) == (told["unit"], told["arm"])
        assert f"customer {number % 4}" not in str(told)
    assert len(set(units.values())) == 4
    told = decide(client, order_of(make_request, "nobody's"))
    assert (told["experiment"], told["arm"], told["propensity"]) == (None, "active", 1.0)
    with desk.database.reading() as tx:
        assert "customer 1" not in str(tx.execute(select(trials)).all())


def test_a_customer_counts_for_his_time(client: TestClient, desk: Desk, make_request: Request, treatment: str) -> None:
    begin(client, treatment, unit="customer", block_minutes=60, share=0.4)
    base, told = parse_utc("now", make_request()["order"]["placed_at"]), []
    for number, minutes in enumerate((0, 59, 60, 600)):
        at = base + 60 * minutes
        order = order_of(make_request, f"order {number}", placed_at=format_utc(at))
        told.append(decide(client, {**order, "customer": "c-17"}, at))
    assert len({(answer["unit"], answer["arm"]) for answer in told}) == 1
    assert [kept(desk, f"order {number}").is_counted for number in range(4)] == [True, True, False, False]
    with desk.database.reading() as tx:
        design = experiment_of(find_row(tx, "march")).design
        early = read_streams(tx, "march", design, base + 3599, {"total"})["total"]
        late = read_streams(tx, "march", design, base + 3600, {"total"})["total"]
    assert (len(early.sums), late.sizes.sum()) == (0, 2)
    assert late.sums.sum() == pytest.approx(sum(answer["plan"]["total_millicents"] for answer in told[:2]))


def test_a_snapshot_of_ones_own_stays_outside(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    begin(client, treatment, share=0.999, explore_share=0.5, explore_margin_millicents=10_000_000)
    request = make_request()
    asked = {**request, "now": request["snapshot"]["now"]}
    for _ in range(2):
        told = client.post("/v1/decisions", json=asked).json()
        assert (told["experiment"], told["unit"], told["arm"], told["propensity"]) == (None, None, "active", 1.0)
        assert told["plan_propensity"] == 1.0
    with desk.database.reading() as tx:
        assert tx.execute(select(trials)).all() == []


def test_results_are_of_what_was_expected_and_of_what_came(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    begin(client, treatment, share=0.4)
    told = [decide(client, order_of(make_request, f"order {number:02}"), confirm=True) for number in range(12)]
    order = make_request()["order"]
    now, promise = parse_utc("now", order["placed_at"]), parse_utc("promise", told[0]["promise_at"])
    late = {"order 03", "order 05"}
    with desk.database.writing() as tx:  # how parcels move is tested elsewhere
        tx.execute(update(tables.parcels).values(delivered_at=promise, stage="delivered"))
        tx.execute(
            update(tables.parcels).where(tables.parcels.c.order_id.in_(late)).values(delivered_at=promise + 7200)
        )
        tx.execute(update(tables.parcels).where(tables.parcels.c.order_id == "order 07").values(delivered_at=None))
    with desk.database.reading() as tx:
        design = experiment_of(find_row(tx, "march")).design
        early = read_streams(tx, "march", design, promise + 3600)
        streams = read_streams(tx, "march", design, promise + 86_400)
    assert len(early["delivered_late"].sums) == 0  # nobody knows yet how late the last ones will be
    assert streams["delivered_late"].sums.sum() == 3
    assert streams["delivered_late_hours"].sums.sum() == 2 + 2 + 24
    assert streams["delivered_late"].sizes.sum() == 12
    values = {
        "total": [answer["plan"]["total_millicents"] for answer in told],
        "split": [float(len(answer["plan"]["parcels"]) > 1) for answer in told],
        "late": [1 - math.prod(1 - p["late_probability"] for p in answer["plan"]["parcels"]) for answer in told],
    }
    for name, expected in values.items():
        for column, arm in enumerate(("active", "canary")):
            mine = [value for value, answer in zip(expected, told, strict=True) if answer["arm"] == arm]
            assert (streams[name].sizes.sum(axis=0)[column], streams[name].counts.sum(axis=0)[column]) == 2 * (
                len(mine),
            )
            assert streams[name].sums.sum(axis=0)[column] == pytest.approx(sum(mine))
    assert not streams["manual"].sums.any()
    with desk.database.writing() as tx:
        tx.execute(update(trials).where(trials.c.order_id == "order 04").values(is_pending=True, cost_millicents=None))
    with desk.database.reading() as tx:
        held = [read_streams(tx, "march", design, now + after, {"cost", "split"}) for after in (100, 86_400)]
    assert [stream["split"].sizes.sum() for stream in held] == [11, 12]  # a day after its end nobody waits any more
    assert [stream["cost"].sizes.sum() for stream in held] == [11, 11]
    decide(client, order_of(make_request, "order 12"))
    client.post("/v1/orders/order 12/take-back", params={"now": format_utc(now + 60)})
    with desk.database.reading() as tx:
        assert read_streams(tx, "march", design, now + 100, {"manual"})["manual"].sums.sum() == 1


def expect(desk: Desk, num: int, cost_treated: int, *, begin_at: int = 0) -> None:
    """Orders of an experiment, with what they are expected to cost, as if they had been decided."""
    experiment = desk.policies.slots.experiment
    assert experiment is not None
    rows = []
    for number in range(num):
        unit = f"unit {begin_at + number}"
        is_treated = experiment.assignment.is_treated(unit)
        cost = 500_000 + (7919 * number) % 1000 * 100 + (cost_treated if is_treated else 0)
        expected = {"cost_millicents": cost, "lateness_millicents": 0, "carbon_millicents": 0}
        rows.append(
            {
                "experiment_id": experiment.id,
                "order_id": unit,
                "unit": unit,
                "arm": "canary" if is_treated else "active",
                "entered_at": begin_at + number,
                "is_counted": True,
                "is_pending": False,
                "is_manual": False,
                "promise_at": begin_at + number + 86_400,
                **expected,
                "late_probability": 0.0,
                "num_parcels": 1,
            }
        )
    with desk.database.writing() as tx:
        tx.execute(trials.insert(), rows)


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
        assert post("carl", "/march/start") == 200
        assert [post(name, "/march/stop") for name in ("vera", "paul", "rita")] == [403, 403, 403]
        assert post("anna", "/march/stop") == 200
        assert client.get("/v1/experiments/march", headers={"Authorization": "Bearer vera"}).status_code == 200


ROLES_OF = {
    "vera": "viewer",
    "paul": "planner",
    "rita": "rule_editor",
    "anna": "approver",
    "bert": "approver",
    "carl": "approver",
}


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


def test_what_cannot_be_is_refused(client: TestClient, desk: Desk, treatment: str) -> None:
    assert client.get("/v1/experiments/none").status_code == 404
    assert client.post("/v1/experiments/none/start").status_code == 404
    for wrong, key in (
        ({"unit": "block"}, "block_minutes"),
        ({"block_minutes": 5}, "block_minutes"),
        ({"unit": "customer", "block_minutes": 5, "washout_minutes": 1}, "washout_minutes"),
        ({"unit": "block", "block_minutes": 5, "washout_minutes": 5}, "washout_minutes"),
        ({"share": 1.0}, "share"),
        ({"guardrails": [{"metric": "mood", "limit": 1}]}, "guardrails[0].metric"),
        ({"treatment": "x"}, "treatment"),
        ({"salt": "mine"}, "salt"),
    ):
        refused = client.post("/v1/experiments", json={"name": "bad", "treatment": treatment, **wrong})
        assert (refused.status_code, check_error(refused)["key"]) == (422, key), wrong
    create(client, treatment)
    again = client.post("/v1/experiments", json={"name": "march", "treatment": treatment})
    assert (again.status_code, check_error(again)["key"]) == (409, "name")
    assert client.post("/v1/experiments/march/stop").status_code == 409
    create(client, "0" * 64, "of nobody")
    assert check_error(client.post("/v1/experiments/of nobody/start"))["key"] == "policy"
    create(client, treatment, "april")
    assert client.post("/v1/experiments/march/start").status_code == 200
    assert client.post("/v1/experiments/march/start").status_code == 409
    refused = client.post("/v1/experiments/april/start")
    assert (refused.status_code, "march" in check_error(refused)["expected"]) == (409, True)
    assert client.post("/v1/experiments/march/stop").json()["stop_reason"] == "stopped by hand"
    assert client.post("/v1/experiments/march/start").status_code == 409  # it was one, once
    assert {row["name"] for row in client.get("/v1/experiments").json()["experiments"]} == {
        "march",
        "april",
        "of nobody",
    }
    assert desk.policies.slots.experiment is None
