"""Experiments over HTTP, on both databases: who falls where, what is written down, and what it comes to."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import event, select, update

from scenarios.local_time import format_utc, parse_utc
from serve.app import create_app
from serve.decisions.desk import Desk, DeskSettings
from serve.orders.ending import note_ends
from serve.storage import tables
from serve.storage.database import Database
from serve.trials.assignment import Assignment, Subject
from serve.trials.kept import experiment_of, find_row
from serve.trials.streams import read_orders, read_streams
from serve.trials.tables import trials
from serve.web.path_names import in_path
from tests.serve.replay.endpoints import listening
from tests.serve.reviewed import count, empty_shelves, state_of
from tests.serve.test_app import check_error
from tests.serve.trials.march import Request, arms, begin, create, decide, expect, kept, order_of


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
    for _ in range(2):
        told = client.post("/v1/decisions", json=request).json()
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


@pytest.mark.parametrize(("unit", "minutes"), [("order", 0), ("block", 1)])
def test_units_of_a_metric_are_those_with_a_value_of_it(
    client: TestClient, desk: Desk, treatment: str, unit: str, minutes: int
) -> None:
    """Whichever others are asked for: what guardrails look at is what the page shows."""
    begin(client, treatment, unit=unit, block_minutes=minutes, share=0.4)
    planless = {f"{name}_millicents": None for name in ("cost", "lateness", "carbon")} | {"num_parcels": None}
    expect(desk, 40, 0, harm=lambda number, _: {"entered_at": number // 8, **(planless if number % 2 else {})})
    with desk.database.reading() as tx:
        design = experiment_of(find_row(tx, "march")).design
        page = read_streams(tx, "march", design, 7200)
        for name, num in (("cost", 20), ("split", 20), ("manual", 40)):
            (alone,) = read_streams(tx, "march", design, 7200, {name}).values()
            assert alone.counts.sum() == page[name].counts.sum() == num, name
            for seen, shown in zip(alone[:3], page[name][:3], strict=True):
                assert (seen == shown).all(), name


def test_presale_is_late_by_its_own_promise(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    begin(client, treatment, share=0.4)
    now, wait = parse_utc("now", make_request()["order"]["placed_at"]), 2 * 86_400
    for name in ("in time", "late"):
        order = order_of(make_request, name)
        lines = [{**line, "ship_from": format_utc(now + wait)} for line in order["lines"]]
        decide(client, {**order, "lines": lines}, confirm=True)
    promise = parse_utc("promise", make_request()["order"]["promise_at"])
    with desk.database.writing() as tx:
        tx.execute(update(tables.parcels).values(delivered_at=promise + wait))
        of_late = tables.parcels.c.order_id == "late"
        tx.execute(update(tables.parcels).where(of_late).values(delivered_at=promise + wait + 7200))
    with desk.database.reading() as tx:
        design = experiment_of(find_row(tx, "march")).design
        early = read_streams(tx, "march", design, promise + 86_400, {"delivered_late"})
        streams = read_streams(tx, "march", design, promise + wait + 86_400)
    assert len(early["delivered_late"].sums) == 0
    assert (streams["delivered_late"].sizes.sum(), streams["delivered_late"].sums.sum()) == (2, 1)
    assert streams["delivered_late_hours"].sums.sum() == 2


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


def test_what_was_never_sent_is_late_and_what_is_owed_to_nobody_is_not(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    """Else an arm that leaves lines lying would look punctual."""
    begin(client, treatment, share=0.4)
    names = ("there", "half", "unroutable", "on the road", "cancelled", "half cancelled", "unpaid")
    order = make_request()["order"]
    two = [{"sku": name, "units": 1} for name in desk.known.names.skus[:2]]
    for name in names:
        decide(client, order_of(make_request, name) | {"lines": two}, confirm=name != "unpaid")
    promise = parse_utc("t", order["promise_at"])
    line, of = tables.lines.c, tables.parcels.c.order_id
    left = {"half": "open", "half cancelled": "cancelled", "unroutable": "open", "cancelled": "cancelled"}
    with desk.database.writing() as tx:  # how lines get there is tested elsewhere
        tx.execute(update(tables.parcels).values(delivered_at=promise, stage="delivered"))
        tx.execute(update(tables.parcels).where(of == "on the road").values(delivered_at=None, stage="departed"))
        tx.execute(update(tables.lines).values(state="delivered"))
        tx.execute(update(tables.lines).where(line.order_id == "on the road").values(state="planned"))
        for name, state in left.items():
            least = 1 if name.startswith("half") else 0
            gone = update(tables.lines).where(line.order_id == name, line.position >= least)
            tx.execute(gone.values(state=state, parcel_id=None))
        tx.execute(update(tables.lines).where(line.order_id == "unpaid").values(state="open", parcel_id=None))
        tx.execute(update(tables.orders).where(tables.orders.c.id == "unpaid").values(state="expired"))
        for name in names:
            note_ends(tx, name, promise)
    with desk.database.reading() as tx:
        design = experiment_of(find_row(tx, "march")).design
        early = read_streams(tx, "march", design, promise + 86_399, {"delivered_late"})["delivered_late"]
        late = read_orders(tx, "march", "delivered_late", promise + 86_400)
        hours = read_orders(tx, "march", "delivered_late_hours", promise + 86_400)
        streams = read_streams(tx, "march", design, promise + 86_400, {"delivered_late", "delivered_late_hours"})
    assert len(early.sums) == 0
    assert late == {"there": 0, "half": 1, "unroutable": 1, "on the road": 1, "half cancelled": 0}
    assert hours == {name: 24 * value for name, value in late.items()}
    assert [(s.counts.sum(), s.sizes.sum()) for s in streams.values()] == [(5, 5), (5, 5)]
    assert [streams[name].sums.sum() for name in ("delivered_late", "delivered_late_hours")] == [3, 72]


def test_presale_that_nobody_could_route_is_late_by_its_own_promise(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    begin(client, treatment, share=0.4)
    empty_shelves(desk)
    order, wait = order_of(make_request, "one"), 2 * 86_400
    now, promise = (parse_utc("t", order[key]) for key in ("placed_at", "promise_at"))
    lines = [{**line, "ship_from": format_utc(now + wait)} for line in order["lines"]]
    assert decide(client, {**order, "lines": lines})["plan"] is None
    with desk.database.reading() as tx:
        early, late = (read_orders(tx, "march", "delivered_late", promise + wait + at) for at in (86_399, 86_400))
    assert (early, late) == ({}, {"one": 1})


def test_what_was_counted_stays_as_it_is(client: TestClient, desk: Desk, make_request: Request, treatment: str) -> None:
    """Whatever ends or opens again after that; before, it is as it stands."""
    begin(client, treatment, share=0.4)
    orders = [order_of(make_request, name) for name in ("cancelled", "unpaid", "rejected", "declined", "there")]
    for order in orders:
        decide(client, order, confirm=order["id"] != "unpaid")
    begun, promise = (parse_utc("t", orders[0][key]) for key in ("placed_at", "promise_at"))
    settled = promise + 86_400
    with desk.database.writing() as tx:
        tx.execute(update(tables.parcels).where(tables.parcels.c.order_id == "there").values(delivered_at=promise))
        tx.execute(update(tables.orders).where(tables.orders.c.id == "unpaid").values(expires_at=settled))

    def take_back(name: str, at: int) -> None:
        answer = client.post(f"/v1/orders/{name}/take-back", params={"now": format_utc(at)})
        assert answer.status_code == 200, answer.text

    def reject(name: str, at: int) -> None:
        review = client.get(f"/v1/orders/{name}").json()["review_id"]
        answer = client.post(f"/v1/reviews/{review}/reject", params={"now": format_utc(at)})
        assert answer.status_code == 200, answer.text

    def counted(at: int = settled) -> tuple[dict[str, float], list[float]]:
        with desk.database.reading() as tx:
            design = experiment_of(find_row(tx, "march")).design
            stream = read_streams(tx, "march", design, at, {"delivered_late"})["delivered_late"]
            found = [stream.counts.sum(), stream.sizes.sum(), stream.sums.sum()]
            return read_orders(tx, "march", "delivered_late", at), found

    take_back("declined", begun + 60)
    reject("declined", begun + 120)
    take_back("rejected", settled - 60)
    assert state_of(desk, "declined") == "declined"
    first = counted()
    assert first == ({"cancelled": 1, "unpaid": 1, "rejected": 1, "there": 0}, [4, 4, 3])
    desk.keep_until(settled)
    client.post("/v1/orders/cancelled/cancel", params={"now": format_utc(settled)})
    reject("rejected", settled)
    take_back("declined", settled)
    assert [state_of(desk, name) for name in ("cancelled", "unpaid", "rejected", "declined")] == [
        "cancelled",
        "expired",
        "declined",
        "review",
    ]
    assert counted() == counted(settled + 86_400) == first
    take_back("unpaid", settled + 60)  # what ended once more, or opened, is as it was counted
    reject("unpaid", settled + 120)
    reject("declined", settled + 120)
    assert counted(settled + 86_400) == first


@pytest.mark.parametrize("is_long_ago", [False, True])
def test_a_promise_that_was_counted_by_stays(
    client: TestClient, desk: Desk, make_request: Request, treatment: str, is_long_ago: bool
) -> None:
    """Whenever a later bundle says that its SKU ships; lines of long ago have no promise but that of their order."""
    begin(client, treatment, share=0.4)
    empty_shelves(desk)
    orders = [order_of(make_request, name) for name in ("soon", "counted")]
    for order in orders:
        assert decide(client, order)["plan"] is None
    promise = parse_utc("t", orders[0]["promise_at"])
    settled = promise + 86_400
    if is_long_ago:
        with desk.database.writing() as tx:
            tx.execute(update(tables.lines).values(promise_at=None))

    def late() -> dict[str, float]:
        with desk.database.reading() as tx:
            return read_orders(tx, "march", "delivered_late", settled)

    assert late() == {"soon": 1, "counted": 1}
    with desk.database.writing() as tx:
        for order in orders:
            lines = [{**line, "ship_from": format_utc(settled + 86_400)} for line in order["lines"]]
            moved = json.dumps({**order, "lines": lines})
            tx.execute(update(tables.orders).where(tables.orders.c.id == order["id"]).values(document=moved))
    count(desk, orders[0]["lines"][0]["sku"], settled - 60, 50)
    for name, at in (("soon", settled - 1), ("counted", settled)):
        answer = client.post(f"/v1/orders/{name}/redecide", json={"now": format_utc(at)})
        assert answer.status_code == 200, answer.text
        assert answer.json()["plan"], answer.text
    assert late() == ({"soon": 1, "counted": 1} if is_long_ago else {"counted": 1})


def test_a_line_of_long_ago_that_ended_is_not_owed_again(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    begin(client, treatment, share=0.4)
    order = order_of(make_request, "one")
    decide(client, order)
    promise = parse_utc("t", order["promise_at"])
    client.post("/v1/orders/one/take-back", params={"now": format_utc(promise)})
    review = client.get("/v1/orders/one").json()["review_id"]
    client.post(f"/v1/reviews/{review}/reject", params={"now": format_utc(promise)})
    with desk.database.writing() as tx:
        tx.execute(update(tables.lines).values(promise_at=None))
    answer = client.post("/v1/orders/one/take-back", params={"now": format_utc(promise + 2 * 86_400)})
    assert answer.status_code == 200, answer.text
    with desk.database.reading() as tx:
        assert read_orders(tx, "march", "delivered_late", promise + 86_400) == {}


def test_what_a_shop_tells_late_was_owed_until_then(
    client: TestClient, desk: Desk, make_request: Request, treatment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(client, treatment, share=0.4)
    order = order_of(make_request, "one")
    decide(client, order, confirm=True)
    monkeypatch.setattr(desk, "settings", DeskSettings())  # by the wall's clock all that is long ago
    event = {"id": "late", "kind": "cancelled", "at": order["placed_at"], "order": "one"}
    assert client.post("/v1/events", json={"events": [event]}).json() == {"applied": 1, "known": 0}
    assert state_of(desk, "one") == "cancelled"
    with desk.database.reading() as tx:
        settled = parse_utc("t", order["promise_at"]) + 86_400
        assert read_orders(tx, "march", "delivered_late", settled) == {"one": 1}


@pytest.mark.parametrize("is_in_time", [True, False])
def test_what_was_cancelled_while_it_was_picked_is_owed_until_it_is_missed(
    client: TestClient, desk: Desk, make_request: Request, treatment: str, is_in_time: bool
) -> None:
    """As long as it may travel still, it is late when its time comes; what was counted stays."""
    begin(client, treatment, share=0.4)
    order = order_of(make_request, "one")
    (parcel,) = decide(client, order, confirm=True)["plan"]["parcels"]
    placed, settled = parse_utc("t", order["placed_at"]), parse_utc("t", order["promise_at"]) + 86_400
    short = [{"sku": line["sku"], "found_units": 0} for line in parcel["lines"]]
    told = [
        (placed + 60, {"kind": "pick_started", "parcel": parcel["id"]}),
        (placed + 120, {"kind": "cancelled", "order": "one"}),
        (settled - is_in_time, {"kind": "pick_finished", "parcel": parcel["id"], "short": short}),
    ]
    events = [{"id": f"e{at}", "at": format_utc(at), **event} for at, event in told]
    answer = client.post("/v1/events", json={"events": events})
    assert answer.status_code == 200, answer.text
    assert state_of(desk, "one") == "cancelled"
    with desk.database.reading() as tx:
        assert read_orders(tx, "march", "delivered_late", settled) == ({} if is_in_time else {"one": 1})


def test_what_is_open_again_in_time_is_owed(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    begin(client, treatment, unit="block", block_minutes=60, share=0.4)
    orders = [order_of(make_request, name) for name in ("unpaid", "declined")]
    promise = parse_utc("t", orders[0]["promise_at"])
    at = format_utc(promise + 86_399)
    for order in orders:
        decide(client, order)
    desk.keep_until(promise)
    client.post("/v1/orders/declined/take-back", params={"now": format_utc(promise)})
    review = client.get("/v1/orders/declined").json()["review_id"]
    client.post(f"/v1/reviews/{review}/reject", params={"now": format_utc(promise)})
    assert [state_of(desk, order["id"]) for order in orders] == ["expired", "declined"]

    def late(at: int) -> dict[str, float]:
        with desk.database.reading() as tx:
            return read_orders(tx, "march", "delivered_late", at)

    assert late(promise + 86_400) == {}
    assert client.post("/v1/orders/unpaid/redecide", json={"now": at}).status_code == 200
    client.post("/v1/orders/declined/take-back", params={"now": at})
    assert late(promise + 86_400) == {"unpaid": 1, "declined": 1}


def test_a_block_waits_for_what_may_be_owed_again(
    client: TestClient, desk: Desk, make_request: Request, treatment: str
) -> None:
    begin(client, treatment, unit="block", block_minutes=60, share=0.4)
    now, wait = parse_utc("now", make_request()["order"]["placed_at"]), 2 * 86_400
    soon, later = order_of(make_request, "soon"), order_of(make_request, "later")
    decide(client, soon, confirm=True)
    decide(client, later | {"lines": [{**line, "ship_from": format_utc(now + wait)} for line in later["lines"]]})
    client.post("/v1/orders/later/cancel", params={"now": format_utc(now + 60)})
    settled = parse_utc("t", soon["promise_at"]) + 86_400
    with desk.database.reading() as tx:
        design = experiment_of(find_row(tx, "march")).design
        sizes = [
            read_streams(tx, "march", design, settled + after, {"delivered_late"})["delivered_late"].sizes.sum()
            for after in (wait - 1, wait)
        ]
    assert sizes == [0, 1]


def test_what_came_is_read_along_indexes(tmp_path: Path) -> None:
    database, asked = Database(f"sqlite:///{tmp_path / 'shop.db'}"), list[tuple[str, Any]]()
    database.migrate()
    with database.reading() as tx:
        event.listen(tx, "before_cursor_execute", lambda *told: asked.append((told[2], told[3])))
        read_orders(tx, "march", "delivered_late", 0)
        ((query, values),) = list(asked)
        plan = [row[3] for row in tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}", values)]
    database.close()
    reads = {words.split()[1] for words in plan if words.startswith("SEARCH") and "INDEX" in words}
    assert {"trials", "lines", "parcels"} <= reads, plan
    assert not any(words.startswith("SCAN") and words.split()[1] in tables.metadata.tables for words in plan), plan


def test_an_experiment_is_reached_whatever_its_name(client: TestClient, desk: Desk, treatment: str) -> None:
    """Over a socket: the framework's own client for tests reads paths otherwise than a server."""
    period = {"since": "2025-03-03T10:00:00Z", "until": "2025-03-04T10:00:00Z"}
    app = create_app(lambda: desk.service, open_desk=lambda service: desk)
    with listening(app) as address, httpx.Client(base_url=address) as http:
        for name in ("q3/2026", "a/start", "x/estimate/", "?#"):
            create(client, treatment, name=name)
            path = f"/v1/experiments/{in_path(name)}"
            assert http.get(path).json()["name"] == name
            assert http.post(f"{path}/start").json()["state"] == "running"
            estimate = http.get(f"{path}/estimate", params={"policy": treatment, "metric": "nonsense"})
            assert (estimate.status_code, check_error(estimate)["key"]) == (422, "query.metric")
            assert http.post(f"{path}/stop").json()["state"] == "stopped"
            assert http.put(f"/v1/health-report/baselines/{in_path(name)}", params=period).status_code == 200
            assert http.get("/v1/health-report", params={**period, "baseline": name}).status_code == 200


def test_no_experiment_has_the_path_of_an_estimate(client: TestClient, treatment: str) -> None:
    refused = client.post("/v1/experiments", json={"name": "x/estimate", "treatment": treatment})
    assert (refused.status_code, check_error(refused)["key"]) == (422, "name")
