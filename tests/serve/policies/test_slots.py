"""Two slots: what may stand in them, who decides, and that no order notices a change."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import delete, func, select

from serve.audit.log import complaints
from serve.decisions.desk import Desk
from serve.decisions.record import find_decision
from serve.storage import tables
from serve.storage.database import insert_new
from serve.trials.assignment import draw
from tests.policy_bundles import RELIABILITY
from tests.serve.decisions.test_desk import order_of
from tests.serve.policies.slots import act, load, name_of, under_load
from tests.serve.test_app import check_error

Request = Callable[..., dict[str, Any]]


def test_a_policy_is_loaded_tried_activated_and_given_up(client: TestClient, desk: Desk, apart: dict[str, Any]) -> None:
    first = desk.service.policy.bundle_sha256
    sha256 = load(client)
    assert name_of(client, apart) == "hand-made"
    assert act(client, sha256, "shadow")["mode"] == "shadow"
    assert name_of(client, apart) == "hand-made"
    assert act(client, sha256, "canary", share=0.25)["share"] == 0.25
    standing = act(client, sha256, "activate")
    assert (standing["active"]["name"], standing["candidate"]) == ("contrary", None)
    assert standing["previous"]["bundle_sha256"] == first
    assert (standing["previous"]["reliability"], standing["active"]["reliability"]) == (RELIABILITY, None)
    assert name_of(client, apart) == "contrary"
    assert client.get("/health/ready").json()["policy"]["name"] == "contrary"
    standing = act(client, sha256, "rollback")
    assert (standing["active"]["bundle_sha256"], standing["mode"]) == (first, "loaded")
    assert name_of(client, apart) == "hand-made"
    assert act(client, sha256, "withdraw")["candidate"] is None
    assert client.get("/v1/policies").json()["number"] == 7
    with desk.database.reading() as tx:
        row = tables.audit.c
        kinds = tx.execute(select(row.kind).where(row.kind.like("policy_%")).order_by(row.seq)).scalars().all()
        assert list(complaints(tx)) == []
    done = ["loaded", "shadowed", "canaried", "activated", "rolled_back", "withdrawn"]
    assert kinds == ["policy_started", *(f"policy_{kind}" for kind in done)]


def test_what_does_not_stand_in_the_slot_is_a_conflict(client: TestClient, desk: Desk) -> None:
    first, nobody = desk.service.policy.bundle_sha256, "0" * 64
    assert client.post(f"/v1/policies/{nobody}/shadow").status_code == 409
    assert client.post("/v1/policies", json={"folder": "first"}).status_code == 409  # it is the active one
    sha256 = load(client)
    for what, named in (("activate", nobody), ("activate", first), ("rollback", sha256), ("rollback", first)):
        answer = client.post(f"/v1/policies/{named}/{what}")
        assert (answer.status_code, check_error(answer)["key"]) == (409, "policy"), what
    for share in (0, 1, -0.5, "half", None):
        assert client.post(f"/v1/policies/{sha256}/canary", json={"share": share}).status_code == 422
    assert client.post("/v1/policies/short/shadow").status_code == 422
    assert client.get("/v1/policies").json()["number"] == 2


@pytest.mark.parametrize("times", [10, pytest.param(50, marks=pytest.mark.slow)])
def test_swaps_and_roll_backs_under_load(client: TestClient, desk: Desk, apart: dict[str, Any], times: int) -> None:
    threads_before = threading.active_count()
    with under_load(client, apart) as answers:
        for _ in range(times):
            num_answers = len(answers)
            sha256 = load(client)
            act(client, sha256, "activate")
            while len(answers) < num_answers + 4:
                time.sleep(0.001)
            act(client, sha256, "rollback")
    assert {answer.status_code for answer in answers} == {200}
    decided = {(answer.json()["policy"]["name"], json.dumps(answer.json()["plan"])) for answer in answers}
    assert len(decided) == 2  # whoever is named has decided, all of it
    assert {name for name, _ in decided} == {"hand-made", "contrary"}
    assert threading.active_count() < threads_before + 20  # those that were replaced are forgotten
    with desk.database.reading() as tx:
        assert list(complaints(tx)) == []
        by_name = {answer.json()["decision_id"]: answer.json()["policy"]["bundle_sha256"] for answer in answers}
        row = tables.decisions.c
        kept = {found.id: found.bundle_sha256 for found in tx.execute(select(row.id, row.bundle_sha256))}
        assert by_name.items() <= kept.items()


@pytest.mark.parametrize("num_units", [40, pytest.param(100, marks=pytest.mark.slow)])
def test_swaps_and_roll_backs_reserve_exactly_what_is_there(
    client: TestClient, desk: Desk, make_request: Request, num_units: int
) -> None:
    """Orders that come at once want more than there is, while who decides changes again and again."""
    template, numbers = make_request()["order"], count()
    line, house, row = {**template["lines"][0], "units": 1}, desk.known.names.warehouses[0], tables.stock.c
    with desk.database.writing() as tx:
        tx.execute(delete(tables.stock).where(row.sku == line["sku"]))
        insert_new(tx, tables.stock, sku=line["sku"], warehouse=house, on_hand_units=num_units)
    answers = list[dict[str, Any]]()

    def order() -> None:
        while len(answers) < num_units + 20:
            asked = {**template, "id": f"order {next(numbers)}", "lines": [line]}
            answer = client.post("/v1/decisions", json={"order": asked, "now": template["placed_at"]})
            assert answer.status_code == 200, answer.text
            answers.append(answer.json())

    sha256 = load(client)
    with ThreadPoolExecutor(3) as pool:
        shoppers = [pool.submit(order) for _ in range(3)]
        while not all(shopper.done() for shopper in shoppers):
            seen = len(answers)
            act(client, sha256, "rollback" if desk.policies.active.policy.bundle_sha256 == sha256 else "activate")
            while len(answers) < seen + 4 and not all(shopper.done() for shopper in shoppers):
                time.sleep(0.001)
    for shopper in shoppers:
        shopper.result()
    planned = [answer for answer in answers if answer["plan"] is not None]
    assert len(planned) == num_units
    assert {answer["policy"]["name"] for answer in planned} == {"hand-made", "contrary"}
    assert {answer["stage"] for answer in answers if answer["plan"] is None} == {"review"}
    with desk.database.reading() as tx:
        kept = tx.execute(select(row.on_hand_units, row.allocated_units).where(row.sku == line["sku"])).all()
        booked = tx.execute(select(func.sum(tables.bookings.c.booked_parcels))).scalar_one()
        assert list(complaints(tx)) == []
    assert [tuple(found) for found in kept] == [(num_units, num_units)]
    assert booked == num_units


@pytest.mark.parametrize("what", ["canary", "activate"])
def test_what_a_person_chooses_names_the_policy_whose_plans_it_is_from(
    client: TestClient, desk: Desk, make_request: Request, what: str
) -> None:
    """It is the policy to which the order falls by now, whoever decided before, and certain in either arm."""
    first, sha256, seen = desk.service.policy.bundle_sha256, load(client), []
    ids = [f"order {number}" for number in range(100)]
    chosen = [next(name for name in ids if (draw(sha256, name) < 0.5) is is_low) for is_low in (True, False)]
    for name in chosen:
        order = order_of(make_request, name)
        now, line = {"now": order["placed_at"]}, {**order["lines"][0], "units": 1}
        asked = {"order": {**order, "lines": [line]}, "max_alternatives": 31, **now}
        before = client.post("/v1/decisions", json=asked).json()
        assert client.post(f"/v1/orders/{name}/take-back", params=now).json()["state"] == "review"
        if name == chosen[0]:
            assert before["policy"]["bundle_sha256"] == first
            act(client, sha256, what, **({"share": 0.5} if what == "canary" else {}))
        (review,) = client.get("/v1/reviews").json()["reviews"]
        (parcel,) = next(plan for plan in before["alternatives"] if plan["kind"] == "ship")["parcels"]
        wanted = {"warehouse": parcel["warehouse"], "service": parcel["service"], "skus": [line["sku"]]}
        wanted["receipt"] = parcel["receipt"] and parcel["receipt"]["id"]
        told = client.post(f"/v1/reviews/{review['review_id']}/override", json={"parcels": [wanted], **now})
        assert told.status_code == 200, told.text
        answer = told.json()
        kept = (answer["policy"]["bundle_sha256"], answer["arm"], answer["propensity"])
        with desk.database.reading() as tx:
            found = find_decision(tx, answer["decision_id"])
        assert (found.bundle_sha256, found.arm, found.propensity) == kept
        path = f"/v1/decisions/{answer['decision_id']}"
        again = client.post(f"{path}/replay").json()
        assert (again["is_same"], again["answer"]) == (True, answer)
        assert "propensity" not in again["taken_as_recorded"]
        assert client.get(f"{path}/explain").json()["stage"] == "review"
        seen.append(kept)
    arms = [(sha256, "canary", 1.0), (first, "active", 1.0)]
    assert seen == (arms if what == "canary" else 2 * [(sha256, "active", 1.0)])


def test_changes_at_once_are_made_one_after_the_other(client: TestClient, desk: Desk) -> None:
    sha256 = load(client)
    answers: list[int] = []
    threads = [
        threading.Thread(target=lambda: answers.append(client.post(f"/v1/policies/{sha256}/activate").status_code))
        for _ in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(answers) == [200] + 5 * [409]
    assert desk.policies.slots.standing.number == 3
