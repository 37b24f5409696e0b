"""A person takes a decision back, as long as nothing of it is picked. On both databases."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from scenarios.errors import InputError
from scenarios.local_time import format_utc, parse_utc
from serve.decisions.desk import Desk
from serve.decisions.record import find_decision, read_record
from serve.orders.ending import Ending, cancel_order
from serve.orders.order import Conflict, confirm_order
from serve.reviews.ending import approve, reject
from serve.storage import tables
from serve.storage.retry import retried
from tests.serve.decisions.test_desk import allocated, ask, ask_again, change, order_of
from tests.serve.decisions.test_groups import another, hold_taken_back
from tests.serve.decisions.test_waiting import toy_desk
from tests.serve.orders.test_happened import tasks_at, tell
from tests.serve.reviewed import count, empty_shelves, put_instead, reviews_of, state_of, take_back
from tests.serve.test_walks import check

Request = Callable[..., dict[str, Any]]


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_it_is_taken_back_while_nothing_is_picked(desk: Desk, make_request: Request, is_confirmed: bool) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(desk, order, max_alternatives=31), parse_utc("t", order["placed_at"])
    if is_confirmed:
        change(desk, lambda tx, changes: confirm_order(tx, "one"))
    take_back(desk, "one", now)
    assert (allocated(desk), state_of(desk, "one")) == ({}, "review")
    (review,) = reviews_of(desk)
    assert review.reasons == ["taken_back"]
    check(desk)
    told = put_instead(desk, review.review_id, answer["alternatives"][0], now)
    assert state_of(desk, "one") == ("confirmed" if is_confirmed else "reserved")
    parcel = told["plan"]["parcels"][0]["id"]
    tell(desk, now + 60, {"kind": "pick_started", "parcel": parcel})
    with pytest.raises(Conflict, match="nothing is picked"):
        take_back(desk, "one", now)
    check(desk)


def test_a_refusal_is_taken_back_too(desk: Desk, make_request: Request) -> None:
    now = parse_utc("t", order_of(make_request, "one")["placed_at"])
    ask(desk, order_of(make_request, "one"))
    take_back(desk, "one", now)
    (review,) = reviews_of(desk)
    change(desk, lambda tx, changes: reject(tx, desk.known, changes, review.review_id, "a planner", now))
    assert state_of(desk, "one") == "declined"
    take_back(desk, "one", now)  # the refusal
    assert state_of(desk, "one") == "review"
    assert ask_again(desk, "one", now)["review"]["reasons"] == ["taken_back"]
    assert (state_of(desk, "one"), len(reviews_of(desk))) == ("reserved", 1)
    take_back(desk, "one", now)
    change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("one", now)))
    assert reviews_of(desk) == []
    with pytest.raises(Conflict, match="with lines"):
        take_back(desk, "one", now)


def test_what_is_decided_again_meanwhile_is_looked_at_too(desk: Desk, make_request: Request) -> None:
    """Until a person says so, or lets his time pass; also if it could not be decided in between."""
    order = order_of(make_request, "one")
    ask(desk, order)
    now, due = parse_utc("t", order["placed_at"]), desk.settings.review.seconds
    take_back(desk, "one", now)
    again = ask_again(desk, "one", now + 60)
    assert (again["plan"]["kind"], again["review"]["reasons"]) == ("ship", ["taken_back"])
    (review,) = reviews_of(desk)
    assert (review.decision_id, review.reasons) == (again["decision_id"], ["taken_back"])
    assert review.due_at == format_utc(now + 60 + due)
    assert [row.state for row in reviews_of(desk, "superseded")] == ["superseded"]
    with desk.database.reading() as tx:
        assert read_record(tx, find_decision(tx, again["decision_id"])).replay(desk.service).is_same
    with desk.database.writing() as tx:
        approve(tx, review.review_id, "a planner", now + 70, 900)
    assert (state_of(desk, "one"), reviews_of(desk)) == ("reserved", [])
    desk.keep_until(now + 70 + 900)
    assert "review" not in {name for name, value in ask_again(desk, "one", now + 1000).items() if value is not None}
    check(desk)


def test_what_could_not_be_decided_meanwhile_is_still_a_persons(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    order["lines"] = order["lines"][:1]
    ask(desk, order)
    now, sku = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
    take_back(desk, "one", now)
    count(desk, sku, now + 10, 0)
    with desk.database.writing() as tx:
        tx.execute(tables.receipts.delete())
    assert ask_again(desk, "one", now + 20)["review"]["reasons"] == ["unroutable", "taken_back"]
    count(desk, sku, now + 30, 50)
    assert ask_again(desk, "one", now + 40)["review"]["reasons"] == ["taken_back"]
    desk.keep_until(now + 40 + desk.settings.review.seconds)  # nobody looked: the plan stands
    assert (state_of(desk, "one"), [row.closed_by for row in reviews_of(desk, "expired")]) == ("reserved", ["keeper"])


def test_of_what_nobody_decided_in_time_nobody_is_asked_again(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    ask(desk, order)
    now = parse_utc("t", order["placed_at"])
    take_back(desk, "one", now)
    due = now + desk.settings.review.seconds
    desk.keep_until(due)
    assert tasks_at(desk, due) == [("review_ended", "one")]
    assert (ask_again(desk, "one", due)["plan"]["kind"], reviews_of(desk)) == ("ship", [])


def test_a_hold_after_what_was_taken_back_is_looked_at(database_url: str, tmp_path: Path) -> None:
    """And what comes after the hold, in which another order has joined."""
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        now, sku = hold_taken_back(desk, order)
        again = ask_again(desk, "first", now + 20)
        assert (again["plan"]["kind"], again["review"]["reasons"]) == ("hold", ["taken_back"])
        late = ask(desk, another(order, "late", sku, now + 30, customer="c-17"), at=now + 30)
        assert (late["joined_orders"], late["review"]["reasons"]) == (["first"], ["taken_back"])
        assert [(row.order_id, row.decision_id) for row in reviews_of(desk)] == [("first", late["decision_id"])]


def test_taken_back_while_it_is_decided_again(
    desk: Desk, make_request: Request, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An order without a plan stands the same before and after that, and yet it is decided once more."""
    order = order_of(make_request, "one")
    order["lines"] = order["lines"][:1]
    now, sku = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
    empty_shelves(desk)
    with desk.database.writing() as tx:
        tx.execute(tables.receipts.delete())
    assert ask(desk, order)["review"]["reasons"] == ["unroutable"]
    count(desk, sku, now + 10, 50)
    weigh, waiting = desk.service.weigh, [lambda: take_back(desk, "one", now + 20)]

    def weigh_slowly(*args: Any) -> Any:
        weighed = weigh(*args)
        if waiting:
            waiting.pop()()
        return weighed

    monkeypatch.setattr(desk.service, "weigh", weigh_slowly)
    assert ask_again(desk, "one", now + 30)["review"]["reasons"] == ["taken_back"]


@pytest.mark.slow
def test_either_it_is_picked_or_taken_back(desk: Desk, make_request: Request) -> None:
    """Both at once, again and again: one of them is told that it is too late. Where they meet, one tries again."""
    order, outcomes = order_of(make_request, "x"), Counter()
    now = parse_utc("t", order["placed_at"])
    for number in range(12):
        line = {**order["lines"][0], "units": 1}
        parcels = ask(desk, {**order, "id": f"x{number}", "lines": [line]})["plan"]["parcels"]

        def pick(parcel: str = parcels[0]["id"], at: int = now + 60 + number) -> bool:
            try:
                retried(lambda: tell(desk, at, {"kind": "pick_started", "parcel": parcel}))
            except InputError:
                return False
            return True

        def back(name: str = f"x{number}") -> bool:
            try:
                retried(lambda: take_back(desk, name, now))
            except Conflict:
                return False
            return True

        with ThreadPoolExecutor(2) as pool:
            acts = [pick, back] if number % 2 else [back, pick]
            first, second = (pool.submit(act) for act in acts)
            picked, taken = (first.result(), second.result())[:: 1 if number % 2 else -1]
        assert picked != taken
        outcomes[picked] += 1
        check(desk)
    assert sum(outcomes.values()) == 12
