"""The review queue: who gets into it and why, what a person can do, what happens if nobody does. On both databases."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import select

from agents.bundle import BundleAgent
from agents.heuristics import RuleAgent
from scenarios.local_time import format_utc, parse_utc
from serve.audit.log import complaints
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.record import find_decision, read_record
from serve.orders.changes import Changes
from serve.orders.ending import Ending, cancel_order
from serve.orders.order import Conflict, NotFound, OrderAnswer, confirm_order, describe_order, set_state
from serve.orders.parcel import find_parcels, lines_of, take_out
from serve.orders.tasks import lease_tasks
from serve.reviews.ending import approve, reject
from serve.reviews.queue import ReviewLimits
from serve.storage import tables
from tests.serve.decisions.test_desk import allocated, ask, ask_again, change, order_of, sent
from tests.serve.orders.test_happened import tell
from tests.serve.random_cases import random_case
from tests.serve.reviewed import count, empty_shelves, put_instead, reviews_of, state_of
from tests.serve.test_walks import check

Request = Callable[..., dict[str, Any]]


@pytest.fixture
def strict(desk: Desk) -> Desk:
    """A desk all of whose plans a person looks at."""
    limits = ReviewLimits(seconds=600, least_confidence=1.1, least_margin_millicents=0)
    return Desk(desk.service, desk.database, desk.known, DeskSettings(is_request_clock=True, review=limits))


BROKEN = {"policy": 0, "heuristic": 1, "static": 2, "review": 3}
"""How many of those who decide fail before the stage is reached."""


@pytest.mark.parametrize("stage", BROKEN)
def test_what_cannot_be_routed_is_in_the_queue_in_every_stage(
    desk: Desk, sound_agent: BundleAgent, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> Any:
        raise RuntimeError("broken")

    chain, working = desk.service.chain, RuleAgent.choose
    if BROKEN[stage] > 0:
        monkeypatch.setattr(chain._model, "call", broken)
    names = [rule.name for rule in chain._heuristics][: BROKEN[stage] - 1] if BROKEN[stage] > 1 else []
    monkeypatch.setattr(RuleAgent, "choose", lambda rule, s: broken() if rule.name in names else working(rule, s))
    dice, stages = random.Random(stage), Counter()
    empty_shelves(desk)
    skus, houses = desk.known.names.skus, desk.known.names.warehouses
    with desk.database.writing() as tx:
        for sku in skus:
            if dice.random() < 0.7:
                there = (tables.stock.c.sku == sku, tables.stock.c.warehouse == dice.choice(houses))
                tx.execute(tables.stock.update().where(*there).values(on_hand_units=3))
    for number in range(60):
        document = random_case(sound_agent, number)["order"]
        now = parse_utc("t", document["placed_at"])
        promise = format_utc(now + 3 * 86_400)
        lines = [{"sku": line["sku"], "units": line["units"]} for line in document["lines"]]
        order = {"id": f"o{number}", "region": document["region"], "promise_at": promise, "lines": lines}
        answer = ask(desk, {**order, "placed_at": format_utc(now), "requirements": document.get("requirements", [])})
        stages[answer["stage"]] += 1
        found = [row for row in reviews_of(desk) if row.order_id == order["id"]]
        if answer["plan"] is None:
            assert [(row.reasons, row.decision_id) for row in found] == [(["unroutable"], answer["decision_id"])]
            assert found[0].detail == answer["fallback_reason"]
            assert answer["review"] == {"reasons": ["unroutable"], "due_at": found[0].due_at}
            assert state_of(desk, order["id"]) == "review"
        else:
            assert found == []
            assert "review" not in answer
    assert stages["review"] > 5
    assert set(stages) == {stage, "review"}


def test_low_confidence_and_high_value_are_looked_at(strict: Desk, desk: Desk, make_request: Request) -> None:
    answer = ask(strict, order_of(make_request, "one"))
    (review,) = reviews_of(strict)
    assert (review.reasons, review.order_id) == (["low_confidence", "high_value"], "one")
    assert review.decision_id == answer["decision_id"]
    assert parse_utc("t", review.due_at) - parse_utc("t", review.opened_at) == strict.settings.review.seconds
    plain = ask(desk, order_of(make_request, "two"))  # by its limits nobody need look
    assert len(reviews_of(desk)) == 1
    assert answer["review"] == {"reasons": ["low_confidence", "high_value"], "due_at": review.due_at}
    assert "review" not in plain
    with desk.database.reading() as tx:
        records = [read_record(tx, find_decision(tx, told["decision_id"])) for told in (answer, plain)]
        assert [describe_order(tx, order_id).review_id for order_id in ("one", "two")] == [review.review_id, None]
    assert [record.replay(desk.service).is_same for record in records] == [True, True]
    assert [record.told().review is None for record in records] == [False, True]


def test_a_plan_that_is_approved_stands(strict: Desk, make_request: Request) -> None:
    answer = ask(strict, order_of(make_request, "one"))
    (review,) = reviews_of(strict)
    with strict.database.writing() as tx:
        approve(tx, review.review_id, "a planner", 7, 900)
    (done,) = reviews_of(strict, "approved")
    assert (done.closed_by, done.closed_at, reviews_of(strict)) == ("a planner", format_utc(7), [])
    with strict.database.reading() as tx:
        assert describe_order(tx, "one").review_id is None
    assert allocated(strict) == sent(answer)
    with pytest.raises(Conflict, match="open review"), strict.database.writing() as tx:
        approve(tx, review.review_id, "x", 8, 900)
    with pytest.raises(Conflict, match="open review"), strict.database.writing() as tx:
        reject(tx, strict.known, Changes(), review.review_id, "x", 8)
    with pytest.raises(NotFound), strict.database.writing() as tx:
        approve(tx, "12345", "x", 8, 900)


def test_what_is_rejected_gives_everything_back(strict: Desk, make_request: Request) -> None:
    ask(strict, order_of(make_request, "one"))
    (review,) = reviews_of(strict)
    change(strict, lambda tx, changes: reject(tx, strict.known, changes, review.review_id, "a planner", 7))
    assert (allocated(strict), state_of(strict, "one")) == ({}, "declined")
    assert [row.review_id for row in reviews_of(strict, "rejected")] == [review.review_id]
    check(strict)


def test_another_plan_instead_is_kept_as_a_label(strict: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(strict, order, max_alternatives=31), parse_utc("t", order["placed_at"])
    (review,) = reviews_of(strict)
    other = next(plan for plan in reversed(answer["alternatives"]) if plan["kind"] == "ship")
    told = put_instead(strict, review.review_id, other, now + 60)
    assert (told["stage"], told["fallback_reason"], told["confidence"]) == ("review", "a person chose", None)
    assert allocated(strict) == sent({"plan": other}) == sent(told)
    assert reviews_of(strict) == []
    (done,) = reviews_of(strict, "overridden")
    assert (done.label_decision_id, done.decision_id) == (told["decision_id"], answer["decision_id"])
    assert state_of(strict, "one") == "reserved"
    with strict.database.reading() as tx:
        label = read_record(tx, find_decision(tx, told["decision_id"]))
        assert label.parcels is not None
        assert label.case["order"]["id"] == "one"
        assert list(complaints(tx)) == []
    check(strict)


def test_a_plan_that_cannot_be_leaves_the_old_one(strict: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(strict, order), parse_utc("t", order["placed_at"])
    (review,) = reviews_of(strict)
    impossible = {"parcels": [{**parcel, "lines": [{"sku": "nothing"}]} for parcel in answer["plan"]["parcels"]]}
    with pytest.raises(Conflict, match="parcels"):
        put_instead(strict, review.review_id, impossible, now + 60)
    assert allocated(strict) == sent(answer)
    assert state_of(strict, "one") == "reserved"
    assert len(reviews_of(strict)) == 1
    check(strict)


def test_an_order_that_could_not_be_routed_is_sent_by_a_person(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    plan, now = ask(desk, order)["plan"], parse_utc("t", order["placed_at"])
    change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("one", now)))
    with desk.database.reading() as tx:
        before = tx.execute(select(tables.stock)).all()
    empty_shelves(desk)
    answer = ask(desk, {**order, "id": "two"}, confirm=True)
    assert answer["plan"] is None
    (review,) = reviews_of(desk)
    with pytest.raises(Conflict, match="with a plan"), desk.database.writing() as tx:
        approve(tx, review.review_id, "a planner", now, 900)
    with desk.database.writing() as tx:
        for row in before:
            there = (tables.stock.c.sku == row.sku, tables.stock.c.warehouse == row.warehouse)
            tx.execute(tables.stock.update().where(*there).values(on_hand_units=row.on_hand_units))
    told = put_instead(desk, review.review_id, plan, now + 60)
    assert allocated(desk) == sent(told)
    assert state_of(desk, "two") == "confirmed"  # as it was asked for


def test_what_nobody_looks_at_ends_safely(strict: Desk, make_request: Request) -> None:
    order = order_of(make_request, "planned")
    answer, now = ask(strict, order, confirm=True), parse_utc("t", order["placed_at"])
    empty_shelves(strict)
    ask(strict, {**order, "id": "stranded"})
    end = now + strict.settings.review.seconds
    strict.keep_until(end - 1)
    assert len(reviews_of(strict)) == 2
    for _ in range(2):
        strict.keep_until(end)
    assert reviews_of(strict) == []
    assert {row.order_id: row.closed_by for row in reviews_of(strict, "expired")} == {
        "planned": "keeper",
        "stranded": "keeper",
    }
    assert allocated(strict) == sent(answer)  # the plan stands
    with strict.database.writing() as tx:
        tasks = lease_tasks(tx, end, 10, 60)
    assert [(task.kind, task.order_id) for task in tasks] == [("review_ended", "stranded")]
    assert ask_again(strict, "stranded", end)["plan"] is None
    (again,) = reviews_of(strict)
    assert again.order_id == "stranded"


@pytest.fixture
def usual(desk: Desk) -> Desk:
    """A desk with the times of the defaults; a person looks at all of its plans."""
    settings = DeskSettings(is_request_clock=True, review=ReviewLimits(least_margin_millicents=0))
    return Desk(desk.service, desk.database, desk.known, settings)


def standing(desk: Desk, order_id: str) -> OrderAnswer:
    with desk.database.reading() as tx:
        return describe_order(tx, order_id)


@pytest.mark.parametrize("is_paused", [False, True])
def test_goods_are_kept_until_nobody_looked_and_then_for_the_usual_time(
    usual: Desk, make_request: Request, is_paused: bool
) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(usual, order), parse_utc("t", order["placed_at"])
    due = now + usual.settings.review.seconds
    end = due + usual.settings.reservation_seconds
    assert now + usual.settings.reservation_seconds < due  # else there is nothing to be tested
    assert answer["reservation"]["expires_at"] == standing(usual, "one").expires_at == format_utc(end)
    for at in [] if is_paused else [due - 1, due, end - 1]:  # else the keeper was away, and finds both due
        usual.keep_until(at)
        assert (allocated(usual), state_of(usual, "one")) == (sent(answer), "reserved")
        assert len(reviews_of(usual)) == int(at < due)
    usual.keep_until(end)
    assert (allocated(usual), state_of(usual, "one")) == ({}, "expired")
    assert [row.order_id for row in reviews_of(usual, "expired")] == ["one"]
    assert reviews_of(usual, "superseded") == []


def test_what_is_approved_or_chosen_by_a_person_is_kept_for_the_usual_time(usual: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(usual, order), parse_utc("t", order["placed_at"])
    (review,) = reviews_of(usual)
    seconds = usual.settings.reservation_seconds
    with usual.database.writing() as tx:
        approve(tx, review.review_id, "a planner", now + 60, seconds)
    assert standing(usual, "one").expires_at == format_utc(now + 60 + seconds)
    usual.keep_until(now + 59 + seconds)
    assert (allocated(usual), state_of(usual, "one")) == (sent(answer), "reserved")
    usual.keep_until(now + 60 + seconds)
    assert (allocated(usual), state_of(usual, "one")) == ({}, "expired")
    again = ask(usual, {**order, "id": "two"})
    (review,) = reviews_of(usual)
    told = put_instead(usual, review.review_id, again["plan"], now + 90)
    assert told["reservation"]["expires_at"] == format_utc(now + 90 + seconds)


def test_what_is_confirmed_while_a_person_should_look_stays(usual: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(usual, order), parse_utc("t", order["placed_at"])
    (review,) = reviews_of(usual)
    with usual.database.writing() as tx:
        confirm_order(tx, "one")
        approve(tx, review.review_id, "a planner", now + 60, usual.settings.reservation_seconds)
    usual.keep_until(now + 86_400)
    assert (allocated(usual), state_of(usual, "one")) == (sent(answer), "confirmed")
    assert standing(usual, "one").expires_at is None


def test_the_rest_of_an_order_is_kept_while_a_person_should_look_at_a_part(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    now, settings = parse_utc("t", order["placed_at"]), desk.settings
    assert len(order["lines"]) > 1
    before = ask(desk, order)["reservation"]["expires_at"]
    assert before == format_utc(now + settings.reservation_seconds)

    def lose_a_line(tx: Any, changes: Changes) -> None:
        parcel = find_parcels(tx, tables.parcels.c.order_id == "one")[0]
        line = lines_of(tx, parcel)[0]
        take_out(tx, desk.known, changes, parcel, [(line.order_id, line.position)], "open")

    change(desk, lose_a_line)
    empty_shelves(desk)
    with desk.database.writing() as tx:
        tx.execute(tables.receipts.delete())
    assert ask_again(desk, "one", now + 30)["plan"] is None
    end = now + 30 + settings.review.seconds + settings.reservation_seconds
    assert (state_of(desk, "one"), standing(desk, "one").expires_at) == ("reserved", format_utc(end))
    assert standing(desk, "one").planned_lines


def test_another_decision_or_expiry_supersedes(strict: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(strict, order), parse_utc("t", order["placed_at"])
    ask(strict, {**order, "id": "two"})
    with strict.database.writing() as tx:  # as of orders that were in the queue before it kept their goods
        set_state(tx, "two", "reserved", expires_at=now + 100)
    strict.keep_until(now + 100)
    assert [row.order_id for row in reviews_of(strict, "superseded")] == ["two"]
    ask_again(strict, "two", now + 100)
    assert [row.order_id for row in reviews_of(strict)] == ["one", "two"]
    assert reviews_of(strict)[0].decision_id == answer["decision_id"]


def test_only_one_of_many_ends_a_review(strict: Desk, make_request: Request) -> None:
    ask(strict, order_of(make_request, "one"))
    (review,) = reviews_of(strict)

    def act(number: int) -> str:
        try:
            if number % 2:
                with strict.database.writing() as tx:
                    approve(tx, review.review_id, f"planner {number}", 7, 900)
            else:
                change(
                    strict,
                    lambda tx, changes: reject(tx, strict.known, changes, review.review_id, f"planner {number}", 7),
                )
            return f"planner {number}"
        except Conflict:
            return ""

    with ThreadPoolExecutor(4) as pool:
        winners = [name for name in pool.map(act, range(12)) if name]
    ended = reviews_of(strict, "approved") + reviews_of(strict, "rejected")
    assert [row.closed_by for row in ended] == winners
    check(strict)


def test_what_cannot_be_routed_by_a_snapshot_of_ones_own_is_the_callers(desk: Desk, make_request: Request) -> None:
    document = make_request()
    for row in document["snapshot"]["stock"]:
        row.update(on_hand_units=0, allocated_units=0)
    document["snapshot"]["receipts"] = []
    answer = ask(desk, document["order"], snapshot=document["snapshot"])
    assert (answer["stage"], answer["plan"], answer["fallback_reason"]) == ("review", None, "no feasible plan")
    assert reviews_of(desk) == []  # nobody here could approve, override or reject an order that is not kept


def begun(desk: Desk, order: dict[str, Any]) -> tuple[list[dict[str, Any]], int]:
    """Parcels of an order of which the first one is being picked, and when it began."""
    parcels, now = ask(desk, order)["plan"]["parcels"], parse_utc("t", order["placed_at"])
    tell(desk, now + 60, {"kind": "pick_started", "parcel": parcels[0]["id"]})
    return parcels, now + 60


@pytest.mark.parametrize("is_gone", [False, True])
def test_a_person_sends_the_rest_of_what_is_on_its_way(desk: Desk, make_request: Request, is_gone: bool) -> None:
    parcels, now = begun(desk, order_of(make_request, "one"))
    assert len(parcels) > 1
    if is_gone:
        tell(desk, now + 1, {"kind": "handed_over", "parcel": parcels[0]["id"]})
    skus = [line["sku"] for parcel in parcels[1:] for line in parcel["lines"]]
    with desk.database.reading() as tx:
        before = tx.execute(select(tables.stock).where(tables.stock.c.sku.in_(skus))).all()
    for sku in skus:
        count(desk, sku, now + 2, 0)
    with desk.database.writing() as tx:
        tx.execute(tables.receipts.delete())
    assert ask_again(desk, "one", now + 3)["review"]["reasons"] == ["unroutable"]
    for sku in skus:
        count(desk, sku, now + 4, sum(row.on_hand_units for row in before if row.sku == sku))
    (review,) = reviews_of(desk)
    with pytest.raises(Conflict, match="with a plan"), desk.database.writing() as tx:
        approve(tx, review.review_id, "a planner", now, 900)
    told = put_instead(desk, review.review_id, {"parcels": parcels[1:]}, now + 5)
    assert [line["sku"] for parcel in told["plan"]["parcels"] for line in parcel["lines"]] == skus
    assert (standing(desk, "one").state, standing(desk, "one").open_lines) == ("confirmed", [])
    assert told["reservation"] == {"state": "confirmed", "expires_at": None}
    check(desk)


def test_a_person_sends_otherwise_what_nobody_picks_yet(strict: Desk, make_request: Request) -> None:
    parcels, now = begun(strict, order_of(make_request, "one"))
    (review,) = reviews_of(strict)
    told = put_instead(strict, review.review_id, {"parcels": parcels[1:]}, now + 5)
    assert sent(told) == sent({"plan": {"parcels": parcels[1:]}})
    assert allocated(strict) == sent({"plan": {"parcels": parcels}})  # what is picked has its goods
    check(strict)


def test_of_what_is_picked_as_a_whole_nothing_is_sent_otherwise(strict: Desk, make_request: Request) -> None:
    parcels, now = begun(strict, order_of(make_request, "one"))
    for i, parcel in enumerate(parcels[1:]):
        tell(strict, now + 1 + i, {"kind": "pick_started", "parcel": parcel["id"]})
    (review,) = reviews_of(strict)
    with pytest.raises(Conflict, match="nothing to decide"):
        put_instead(strict, review.review_id, {"parcels": parcels}, now + 60)
    assert [row.review_id for row in reviews_of(strict)] == [review.review_id]
    check(strict)
