"""A new order joins what is held for its customer; from then on they are decided together and end by themselves."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from scenarios.local_time import format_utc, parse_utc
from serve.audit.kinds import ERASABLE
from serve.audit.log import complaints
from serve.decisions.desk import Desk, DeskSettings
from serve.orders.ending import Ending, cancel_order
from serve.orders.order import Conflict, OrderAnswer, describe_order
from serve.orders.tasks import lease_tasks
from serve.reviews.ending import approve, reject
from serve.reviews.queue import ReviewLimits
from serve.storage import tables
from tests.serve.decisions.test_desk import allocated, ask, ask_again, change
from tests.serve.decisions.test_waiting import toy_desk
from tests.serve.orders.test_happened import tell
from tests.serve.reviewed import put_instead, reviews_of, take_back


def described(desk: Desk, order_id: str) -> OrderAnswer:
    with desk.database.reading() as tx:
        return describe_order(tx, order_id)


def another(order: dict[str, Any], order_id: str, sku: str, at: int, **changes: Any) -> dict[str, Any]:
    line = {"sku": sku, "units": 1}
    return {**order, "id": order_id, "lines": [line], "placed_at": format_utc(at), **changes}


def test_a_held_order_is_joined(database_url: str, tmp_path: Path) -> None:
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        order["customer"] = "c-17"
        asked = {line["sku"] for line in order["lines"]}
        sku, now = next(name for name in desk.known.names.skus if name not in asked), parse_utc("t", order["placed_at"])
        first = ask(desk, order)
        assert (first["plan"]["kind"], first["joined_orders"]) == ("hold", [])
        stranger = ask(desk, another(order, "stranger", sku, now + 60, customer="c-18"), at=now + 60)
        same_goods = ask(desk, another(order, "same", next(iter(asked)), now + 60), at=now + 60)
        assert stranger["joined_orders"] == same_goods["joined_orders"] == []
        assert described(desk, "same").group_id == "same"

        # The latest order of the customer counts, and that is held alone now: the other may join it.
        answer = ask(desk, another(order, "late", sku, now + 90), at=now + 90)
        assert answer["joined_orders"] == ["same"]
        assert described(desk, "late").group_id == "same"
        while answer["plan"]["kind"] == "hold":
            until = parse_utc("t", answer["plan"]["hold_until"])
            with desk.database.writing() as tx:
                due = {task.order_id for task in lease_tasks(tx, until, 10, 1)}
            assert "same" in due
            assert "late" not in due
            answer = ask_again(desk, "late", until)  # whichever of them is named
        owners = {line["sku"]: line["order_id"] for parcel in answer["plan"]["parcels"] for line in parcel["lines"]}
        assert owners == {next(iter(asked)): "same", sku: "late"}
        assert described(desk, "same").state == described(desk, "late").state == "reserved"
        assert sum(allocated(desk).values()) == 2

        change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("same", until)))
        assert (described(desk, "same").state, described(desk, "late").state) == ("cancelled", "reserved")
        assert {cell[1]: units for cell, units in allocated(desk).items()} == {sku: 1}
        desk.keep_until(until + 100_000)
        assert (described(desk, "late").state, allocated(desk)) == ("expired", {})
        again = ask_again(desk, "late", until + 100_000)
        assert [line["sku"] for parcel in again["plan"]["parcels"] for line in parcel["lines"]] == [sku]


@contextmanager
def decided_group(
    url: str, folder: Path, limits: ReviewLimits | None = None
) -> Iterator[tuple[Desk, dict[str, Any], int]]:
    """A desk, the answer to the orders ``first`` and ``late`` of one customer in one parcel, and when it was given."""
    with toy_desk("toy-hold", url, folder, "hold_seconds") as (desk, order):
        settings = DeskSettings(is_request_clock=True, review=limits or ReviewLimits())
        desk = Desk(desk.service, desk.database, desk.known, settings)
        now, asked = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
        sku = next(name for name in desk.known.names.skus if name != asked)
        ask(desk, another(order, "first", asked, now, customer="c-17"))
        answer = ask(desk, another(order, "late", sku, now + 90, customer="c-17"), at=now + 90)
        assert answer["joined_orders"] == ["first"]
        now += 90
        while answer["plan"]["kind"] == "hold":
            now = parse_utc("t", answer["plan"]["hold_until"])
            answer = ask_again(desk, "first", now)
        assert [len(parcel["lines"]) for parcel in answer["plan"]["parcels"]] == [2]
        yield desk, answer, now


def customers(desk: Desk) -> list[tuple[str, str]]:
    row = tables.customers.c
    with desk.database.reading() as tx:
        return [
            (of, order_id) for of, order_id in tx.execute(select(row.customer, row.order_id).order_by(row.customer))
        ]


def test_whose_an_order_is_is_forgotten_with_its_hold(database_url: str, tmp_path: Path) -> None:
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        now, asked = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
        sku = next(name for name in desk.known.names.skus if name != asked)
        ask(desk, another(order, "first", asked, now, customer="c-17"))
        ask(desk, another(order, "late", sku, now + 90, customer="c-17"), at=now + 90)
        ask(desk, another(order, "other", sku, now + 90, customer="c-18"), at=now + 90)
        change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("late", now + 95)))
        desk.keep_until(now + 100)  # of the group one is still held
        assert customers(desk) == [("c-17", "late"), ("c-18", "other")]
        take_back(desk, "other", now + 110)
        desk.keep_until(now + 120)
        assert customers(desk) == [("c-17", "late")]
        until = now + 130
        while (answer := ask_again(desk, "first", until))["plan"]["kind"] == "hold":
            until = parse_utc("t", answer["plan"]["hold_until"])
            desk.keep_until(until)
            assert customers(desk) == [("c-17", "late")]
        desk.keep_until(until)
        assert customers(desk) == []


def test_when_payloads_are_erased_nothing_names_a_customer_any_more(database_url: str, tmp_path: Path) -> None:
    """Be an order held, decided together with another one, decided again, or ended."""

    def places() -> set[str]:
        with desk.database.reading() as tx:
            found = {
                table.name
                for table in tables.metadata.sorted_tables
                for row in tx.execute(select(table))
                if "c-17" in str(tuple(row))
            }
            kept = tx.execute(select(tables.payloads.c.content)).scalars()
            return found | {"payloads" for content in kept if b"c-17" in zlib.decompress(content)}

    with decided_group(database_url, tmp_path) as (desk, _, now):
        assert places() == {"customers", "payloads"}
        change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("late", now)))
        desk.keep_until(now + 100_000)
        again = ask_again(desk, "first", now + 100_000)
        assert again["plan"]["parcels"]
        assert places() == {"payloads"}
        with desk.database.writing() as tx:
            row = tables.audit.c
            for writer, seq in tx.execute(select(row.writer, row.seq).where(row.kind.in_(ERASABLE))).all():
                desk.audit.erase(tx, writer, seq, "tester")
        assert places() == set()
        with desk.database.reading() as tx:
            assert list(complaints(tx)) == []


def states(desk: Desk) -> list[str]:
    return [described(desk, order_id).state for order_id in ("first", "late")]


def owner_of(answer: dict[str, Any], order_id: str) -> str:
    """The SKU that an order has in a plan."""
    lines = [line for parcel in answer["plan"]["parcels"] for line in parcel["lines"]]
    (sku,) = [line["sku"] for line in lines if line["order_id"] == order_id]
    return str(sku)


def hold_taken_back(desk: Desk, order: dict[str, Any]) -> tuple[int, str]:
    """Order ``first`` is held and 10 seconds later taken back: when it was placed, and a SKU that it does not have."""
    now, asked = parse_utc("t", order["placed_at"]), order["lines"][0]["sku"]
    sku = next(name for name in desk.known.names.skus if name != asked)
    assert ask(desk, another(order, "first", asked, now, customer="c-17"))["plan"]["kind"] == "hold"
    take_back(desk, "first", now + 10)
    return now, sku


def test_what_a_person_took_back_is_not_joined(database_url: str, tmp_path: Path) -> None:
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        now, sku = hold_taken_back(desk, order)
        late = ask(desk, another(order, "late", sku, now + 20, customer="c-17"), at=now + 20)
        assert late["joined_orders"] == []
        assert [(row.order_id, row.reasons) for row in reviews_of(desk)] == [("first", ["taken_back"])]
        assert described(desk, "first").state == "review"


def test_a_person_decides_a_group(database_url: str, tmp_path: Path) -> None:
    with decided_group(database_url, tmp_path) as (desk, answer, now):
        before = allocated(desk)
        take_back(desk, "late", now)  # whichever of them is named
        assert (states(desk), allocated(desk)) == (["review", "review"], {})
        (review,) = reviews_of(desk)
        assert review.order_id == "first"
        with pytest.raises(Conflict), desk.database.writing() as tx:
            approve(tx, review.review_id, "a planner", now, 900)
        told = put_instead(desk, review.review_id, answer["plan"], now)
        assert (told["stage"], told["plan"]["kind"]) == ("review", "ship")
        assert [owner_of(told, name) for name in ("first", "late")] == [
            owner_of(answer, "first"),
            owner_of(answer, "late"),
        ]
        assert (states(desk), allocated(desk)) == (["reserved", "reserved"], before)
        assert reviews_of(desk) == []


def test_a_group_is_approved_and_rejected_as_one(database_url: str, tmp_path: Path) -> None:
    limits = ReviewLimits(least_margin_millicents=0)
    with decided_group(database_url, tmp_path, limits) as (desk, _, now):
        (review,) = reviews_of(desk)
        assert (review.order_id, review.reasons) == ("first", ["high_value"])
        before = allocated(desk)
        with desk.database.writing() as tx:
            approve(tx, review.review_id, "a planner", now, 900)
        assert (states(desk), allocated(desk), reviews_of(desk)) == (["reserved", "reserved"], before, [])
        take_back(desk, "first", now)
        again = ask_again(desk, "late", now)
        assert (again["plan"]["kind"], allocated(desk)) == ("ship", before)
        (review,) = reviews_of(desk)
        change(desk, lambda tx, changes: reject(tx, desk.known, changes, review.review_id, "a planner", now))
        assert (states(desk), allocated(desk), reviews_of(desk)) == (["declined", "declined"], {}, [])


def test_a_short_pick_of_a_shared_parcel_breaks_the_plan_of_one(database_url: str, tmp_path: Path) -> None:
    with decided_group(database_url, tmp_path) as (desk, answer, now):
        (parcel,), gone, found = answer["plan"]["parcels"], owner_of(answer, "late"), owner_of(answer, "first")
        tell(desk, now + 60, {"kind": "pick_started", "parcel": parcel["id"]})
        assert states(desk) == ["confirmed", "confirmed"]
        short = [{"sku": gone, "found_units": 0}]
        tell(desk, now + 120, {"kind": "pick_finished", "parcel": parcel["id"], "short": short})
        assert (described(desk, "first").planned_lines, described(desk, "late").open_lines) == ([found], [gone])
        with desk.database.writing() as tx:
            assert [(task.kind, task.order_id) for task in lease_tasks(tx, now + 120, 10, 1)] == [
                ("plan_broke", "first")
            ]
        again = ask_again(desk, "late", now + 130)
        assert again["plan"]["kind"] == "decline"  # of what broke; what was found is on its way
        assert states(desk) == ["confirmed", "declined"]
        assert (described(desk, "first").planned_lines, described(desk, "late").declined_lines) == ([found], [gone])
        with desk.database.writing() as tx:
            assert lease_tasks(tx, now + 10_000, 10, 1) == []
        tell(desk, now + 200, {"kind": "handed_over", "parcel": parcel["id"]})
        assert allocated(desk) == {}


def test_one_of_a_group_is_cancelled(database_url: str, tmp_path: Path) -> None:
    with decided_group(database_url, tmp_path) as (desk, answer, now):
        tell(desk, now + 60, {"kind": "cancelled", "order": "first"})
        assert states(desk) == ["cancelled", "reserved"]
        assert {cell[1] for cell in allocated(desk)} == {owner_of(answer, "late")}
        take_back(desk, "first", now + 70)  # what is left of the group is looked at under the first one's id
        (review,) = reviews_of(desk)
        assert (states(desk), review.order_id) == (["cancelled", "review"], "first")
        tell(desk, now + 80, {"kind": "cancelled", "order": "late"})
        assert (states(desk), allocated(desk), reviews_of(desk)) == (["cancelled", "cancelled"], {}, [])
