"""What is confirmed stays so, whatever becomes of its order; and nobody confirms another one's. On both databases."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
from sqlalchemy import select

from agents.documents import OrderDocument
from envs.snapshot import Snapshot
from scenarios.local_time import DAY_SECONDS, format_utc, parse_utc
from serve.decisions.chain import Choice
from serve.decisions.desk import Desk
from serve.orders.changes import Changes
from serve.orders.ending import Ending, cancel_order
from serve.orders.order import (
    Conflict,
    OrderAnswer,
    State,
    break_plan,
    confirm_order,
    confirm_orders,
    confirmation,
    find_order,
)
from serve.orders.parcel import find_parcels, lines_of, take_out
from serve.storage import tables
from serve.storage.database import Database
from tests.serve.decisions.test_desk import allocated, ask, ask_again, change, order_of
from tests.serve.decisions.test_groups import another, decided_group, described, states
from tests.serve.decisions.test_waiting import toy_desk
from tests.serve.orders.test_happened import tell
from tests.serve.reviewed import count, empty_shelves, put_instead, reviews_of, state_of, take_back
from tests.serve.storage.test_database import go_back

Request = Callable[..., dict[str, Any]]


def of_one_line(make_request: Request) -> dict[str, Any]:
    order = order_of(make_request, "one")
    return {**order, "lines": order["lines"][:1]}


def ship(desk: Desk) -> None:
    """From now on the desk chooses a plan that sends at once."""

    def choose(snapshot: Snapshot, *_: object) -> Choice:
        slots = snapshot.plans.slots[: snapshot.num_plans]
        sends = np.flatnonzero((slots["hold_seconds"] == 0) & (slots["num_parcels"] > 0))
        return Choice("policy", int(sends[0]), None, None, np.ones(32) / 32)

    desk.service.chain.decide = choose  # type: ignore[method-assign,assignment]


def confirmed(answer: OrderAnswer) -> tuple[str, bool, bool]:
    return answer.state, answer.is_confirmed, answer.expires_at is not None


@pytest.mark.parametrize("is_told_in_the_queue", [False, True])
def test_a_confirmed_order_is_confirmed_after_a_review(
    desk: Desk, make_request: Request, is_told_in_the_queue: bool
) -> None:
    order = of_one_line(make_request)
    now, sku = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
    ask(desk, order, confirm=not is_told_in_the_queue)
    count(desk, sku, now + 60, 0)
    with desk.database.writing() as tx:
        tx.execute(tables.receipts.delete())
    assert ask_again(desk, "one", now + 120)["review"]["reasons"] == ["unroutable"]
    if is_told_in_the_queue:
        change(desk, lambda tx, changes: confirm_order(tx, "one"))
    assert confirmed(described(desk, "one")) == ("review", True, False)
    count(desk, sku, now + 600, 50)
    assert ask_again(desk, "one", now + 700)["reservation"] == {"state": "confirmed", "expires_at": None}
    desk.keep_until(now + 100_000)
    assert confirmed(described(desk, "one")) == ("confirmed", True, False)


@pytest.mark.parametrize("state", get_args(State))
def test_confirming_one_order_and_many_is_one_rule(desk: Desk, make_request: Request, state: State) -> None:
    """``confirmation`` states it of a row that is written, ``confirm_orders`` of rows that are there."""
    row, columns = tables.orders.c, ("state", "is_confirmed", "expires_at")
    ask(desk, of_one_line(make_request))
    standing = {"state": state, "is_confirmed": False, "expires_at": 7}
    with desk.database.writing() as tx:
        tx.execute(tables.orders.update().values(**standing))
        confirm_orders(tx, ["one"])
        found = tx.execute(select(*(row[name] for name in columns))).one()._asdict()
    assert found == standing | confirmation(state)


@pytest.mark.parametrize("is_asked_with_the_order", [False, True])
def test_a_held_order_is_confirmed_after_its_hold(
    database_url: str, tmp_path: Path, is_asked_with_the_order: bool
) -> None:
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        answer = ask(desk, order, confirm=is_asked_with_the_order)
        if not is_asked_with_the_order:
            change(desk, lambda tx, changes: confirm_order(tx, order["id"]))
        while answer["plan"]["kind"] == "hold":
            assert confirmed(described(desk, order["id"])) == ("held", True, False)
            now = parse_utc("t", answer["plan"]["hold_until"])
            answer = ask_again(desk, order["id"], now)
        assert answer["reservation"] == {"state": "confirmed", "expires_at": None}
        desk.keep_until(now + 100_000)
        assert state_of(desk, order["id"]) == "confirmed"


def test_what_is_left_of_a_held_order_is_not_held_for_good(database_url: str, tmp_path: Path) -> None:
    """One of two lines was cancelled meanwhile, and the other one is declined."""
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        now, sku = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
        other = next(name for name in desk.known.names.skus if name != sku)
        ask(desk, {**order, "lines": [*order["lines"], {"sku": other, "units": 1}]})
        assert state_of(desk, order["id"]) == "held"
        ending = Ending(order["id"], now + 60, skus=[other])
        change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, ending))
        empty_shelves(desk)
        kinds = [ask_again(desk, order["id"], now + 3600 * hours)["plan"]["kind"] for hours in (1, 2)]
        assert kinds[-1] == "decline"
        assert state_of(desk, order["id"]) == "declined"


def test_a_part_that_nobody_could_decide_is_not_held_later(database_url: str, tmp_path: Path) -> None:
    """The other line keeps what it has: goods that are reserved go free at their time."""
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        now, sku = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
        other = next(name for name in desk.known.names.skus if name != sku)
        hold = desk.service.chain.decide
        ship(desk)
        ask(desk, {**order, "lines": [{"sku": name, "units": 1} for name in (sku, other)]})

        def lose_a_line(tx: Any, changes: Changes) -> None:
            (parcel,) = find_parcels(tx, tables.parcels.c.stage == "queued")
            lost = [(line.order_id, line.position) for line in lines_of(tx, parcel) if line.sku == other]
            take_out(tx, desk.known, changes, parcel, lost, "open")
            break_plan(tx, order["id"], "count", now + 60)

        change(desk, lose_a_line)
        desk.service.chain.decide = lambda *_: Choice("review", None, "no feasible plan")  # type: ignore[method-assign]
        assert ask_again(desk, order["id"], now + 120)["plan"] is None
        assert state_of(desk, order["id"]) == "reserved"
        desk.service.chain.decide = hold  # type: ignore[method-assign]
        assert ask_again(desk, order["id"], now + 180)["plan"]["kind"] == "ship"
        assert confirmed(described(desk, order["id"])) == ("reserved", False, True)
        desk.keep_until(now + 100_000)
        assert (state_of(desk, order["id"]), allocated(desk)) == ("expired", {})


def test_who_joins_a_held_order_does_not_confirm_it(database_url: str, tmp_path: Path) -> None:
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        now, asked = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
        sku = next(name for name in desk.known.names.skus if name != asked)
        ask(desk, another(order, "first", asked, now, customer="c-17"))
        ship(desk)
        late = another(order, "late", sku, now + 90, customer="c-17")
        answer = ask(desk, late, at=now + 90, confirm=True)
        assert answer["joined_orders"] == ["first"]
        assert answer["reservation"]["state"] == "confirmed"
        assert confirmed(described(desk, "first")) == ("reserved", False, True)
        assert confirmed(described(desk, "late")) == ("confirmed", True, False)
        desk.keep_until(now + 100_000)
        assert states(desk) == ["expired", "confirmed"]


def test_deciding_again_confirms_whom_it_names(database_url: str, tmp_path: Path) -> None:
    with decided_group(database_url, tmp_path) as (desk, _, now):
        desk.keep_until(now + 100_000)
        ship(desk)
        assert states(desk) == ["expired", "expired"]
        again = ask_again(desk, "late", now + 100_000, confirm=True)
        assert (again["reservation"]["state"], states(desk)) == ("confirmed", ["reserved", "confirmed"])


def test_deciding_again_confirms_whom_it_names_though_it_waits_for_nothing(database_url: str, tmp_path: Path) -> None:
    with decided_group(database_url, tmp_path) as (desk, _, now):
        ship(desk)

        def lose_the_line_of_first(tx: Any, changes: Changes) -> None:
            (parcel,) = find_parcels(tx, tables.parcels.c.stage == "queued")
            lost = [(line.order_id, line.position) for line in lines_of(tx, parcel) if line.order_id == "first"]
            take_out(tx, desk.known, changes, parcel, lost, "open")

        change(desk, lose_the_line_of_first)
        again = ask_again(desk, "late", now + 60, confirm=True)
        assert again["reservation"]["state"] == "reserved"  # that of the first one
        assert confirmed(described(desk, "first")) == ("reserved", False, True)
        assert confirmed(described(desk, "late")) == ("confirmed", True, False)


def test_deciding_again_does_not_confirm_who_cancelled(database_url: str, tmp_path: Path) -> None:
    with decided_group(database_url, tmp_path) as (desk, answer, now):
        tell(desk, now + 60, {"kind": "cancelled", "order": "late"})
        (parcel,) = answer["plan"]["parcels"]
        until = format_utc(now + 40 * DAY_SECONDS)
        tell(desk, now + 70, {"kind": "outage", "warehouse": parcel["warehouse"], "until": until})
        with pytest.raises(Conflict, match="cancelled"):
            ask_again(desk, "late", now + 80, confirm=True)
        assert confirmed(described(desk, "late")) == ("cancelled", False, False)
        assert described(desk, "first").open_lines  # nothing was decided
        ask_again(desk, "late", now + 80)
        assert confirmed(described(desk, "late")) == ("cancelled", False, False)
        assert not described(desk, "first").open_lines


@pytest.mark.parametrize("is_wanted", [False, True])
def test_taken_back_each_of_a_group_stays_confirmed_by_itself(
    database_url: str, tmp_path: Path, is_wanted: bool
) -> None:
    with decided_group(database_url, tmp_path) as (desk, answer, now):
        change(desk, lambda tx, changes: confirm_order(tx, "late"))
        take_back(desk, "first", now)
        (review,) = reviews_of(desk)
        put_instead(desk, review.review_id, answer["plan"], now, confirm=is_wanted)
        assert states(desk) == ["confirmed" if is_wanted else "reserved", "confirmed"]


def test_a_person_does_not_confirm_what_was_cancelled(database_url: str, tmp_path: Path) -> None:
    with decided_group(database_url, tmp_path) as (desk, answer, now):
        change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("first", now)))
        take_back(desk, "late", now)
        (review,), (parcel,) = reviews_of(desk), answer["plan"]["parcels"]
        left = [{**parcel, "lines": [line for line in parcel["lines"] if line["order_id"] == "late"]}]
        put_instead(desk, review.review_id, {**answer["plan"], "parcels": left}, now, confirm=True)
        assert confirmed(described(desk, "first")) == ("cancelled", False, False)
        assert confirmed(described(desk, "late")) == ("confirmed", True, False)


def test_what_is_picked_is_confirmed_for_good(desk: Desk, make_request: Request) -> None:
    order = of_one_line(make_request)
    (parcel,) = ask(desk, order)["plan"]["parcels"]
    now, sku = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
    tell(desk, now + 60, {"kind": "pick_started", "parcel": parcel["id"]})
    short = [{"sku": sku, "found_units": 0}]
    tell(desk, now + 90, {"kind": "pick_finished", "parcel": parcel["id"], "short": short})
    assert ask_again(desk, "one", now + 120)["plan"] is not None
    assert confirmed(described(desk, "one")) == ("confirmed", True, False)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_what_is_confirmed_is_told_of_while_somebody_changes_its_order(desk: Desk, make_request: Request) -> None:
    """He holds the order and wants its parcel next: if the event waited for him, neither could go on."""
    order = of_one_line(make_request)
    (parcel,) = ask(desk, order)["plan"]["parcels"]
    now = parse_utc("t", order["placed_at"])
    tell(desk, now + 60, {"kind": "pick_started", "parcel": parcel["id"]})
    event = {"kind": "pick_finished", "parcel": parcel["id"]}
    with ThreadPoolExecutor(1) as pool, desk.database.writing() as tx:
        find_order(tx, "one", lock=True)
        pool.submit(tell, desk, now + 90, event).result(timeout=10)
        assert [found.stage for found in find_parcels(tx, tables.parcels.c.order_id == "one")] == ["packed"]


def test_what_has_ended_is_not_confirmed(desk: Desk, make_request: Request) -> None:
    ask(desk, order_of(make_request, "one"))
    change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("one", 0)))
    with pytest.raises(Conflict, match="cancelled"):
        change(desk, lambda tx, changes: confirm_order(tx, "one"))


def test_what_was_confirmed_before_that_was_kept_stays_so(database: Database) -> None:
    """Also where only its review knew it."""
    document = OrderDocument.model_construct(id="any").model_dump_json()
    with database.writing() as tx:
        go_back(tx, "0014")
        for order_id, state, group_id in (
            ("paid", "confirmed", None),
            ("unpaid", "reserved", None),
            ("looked-at", "review", "looked-at"),
            ("beside", "review", "looked-at"),
            ("doubtful", "review", None),
        ):
            row = {"state": state, "group_id": group_id, "document": document, "decision_id": "any"}
            tx.execute(tables.orders.insert().values(id=order_id, is_again=False, **row))
        old = tables.Table("reviews", tables.MetaData(), autoload_with=tx)
        for order_id, is_confirmed in (("looked-at", True), ("doubtful", False)):
            row = {"state": "open", "opened_at": 1, "due_at": 2, "decision_id": "any", "reasons": "taken_back"}
            tx.execute(old.insert().values(order_id=order_id, is_confirmed=is_confirmed, **row))
    database.migrate()
    with database.reading() as tx:
        kept = tx.execute(select(tables.orders.c.id).where(tables.orders.c.is_confirmed)).scalars().all()
    assert sorted(kept) == ["beside", "looked-at", "paid"]
