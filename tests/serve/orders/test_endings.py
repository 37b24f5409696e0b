"""What a customer cancelled, or a person declined, while it was picked: it travels, or it ends. On both databases."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from scenarios.local_time import DAY_SECONDS, format_utc, parse_utc
from serve.decisions.desk import Desk, DeskSettings
from serve.monitoring.health import make_report
from serve.orders.ending import Ending, cancel_order
from serve.orders.order import Conflict, confirm_order
from serve.reviews.ending import reject
from serve.reviews.queue import ReviewLimits
from serve.storage import tables
from serve.storage.retry import retried
from tests.serve.decisions.test_desk import allocated, ask, ask_again, change, order_of
from tests.serve.decisions.test_groups import decided_group, described, owner_of, states
from tests.serve.orders.test_happened import breaks_at, limited, tasks_at, tell
from tests.serve.reviewed import count, reviews_of, take_back
from tests.serve.test_walks import check

Request = Callable[..., dict[str, Any]]


def begun(
    desk: Desk, make_request: Request, order_id: str = "one", **changes: Any
) -> tuple[dict[str, Any], dict[str, Any], int]:
    """The first parcel of an order of two, which somebody picks, the other one, and when the order was decided."""
    order = order_of(make_request, order_id, **changes)
    now = parse_utc("t", order["placed_at"])
    first, second = ask(desk, order)["plan"]["parcels"]
    tell(desk, now + 60, {"kind": "pick_started", "parcel": first["id"]})
    return first, second, now


def skus_of(parcel: dict[str, Any]) -> list[str]:
    return [line["sku"] for line in parcel["lines"]]


def missed(parcel: dict[str, Any], *skus: str) -> dict[str, Any]:
    """Nothing is found of these SKUs, or of the whole parcel."""
    short = [{"sku": sku, "found_units": 0} for sku in skus or skus_of(parcel)]
    return {"kind": "pick_finished", "parcel": parcel["id"], "short": short}


def end(desk: Desk, order_id: str, now: int, state: Any) -> None:
    """A customer cancels, or a person declines."""
    if state == "cancelled":
        change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending(order_id, now)))
        return
    (review,) = reviews_of(desk)
    change(desk, lambda tx, changes: reject(tx, desk.known, changes, review.review_id, "a planner", now))


@pytest.mark.parametrize("state", ["cancelled", "declined"])
def test_what_ended_while_it_was_picked_is_not_decided_again(desk: Desk, make_request: Request, state: str) -> None:
    review = ReviewLimits(least_margin_millicents=0)
    desk = Desk(desk.service, desk.database, desk.known, DeskSettings(is_request_clock=True, review=review))
    first, _, now = begun(desk, make_request)
    end(desk, "one", now + 70, state)
    stands = described(desk, "one")
    assert (stands.state, stands.planned_lines, stands.open_lines) == ("confirmed", skus_of(first), [])
    check(desk)
    tell(desk, now + 80, missed(first))
    stands = described(desk, "one")
    assert (stands.state, stands.planned_lines, stands.open_lines) == (state, [], [])
    assert (allocated(desk), tasks_at(desk, now + DAY_SECONDS), reviews_of(desk)) == ({}, [], [])
    with pytest.raises(Conflict, match="open lines"):
        ask_again(desk, "one", now + 90)
    check(desk)
    assert breaks_at(desk, now + 80) == {"short_pick": 1}  # the goods were not there, whoever wanted them
    with desk.database.reading() as tx:
        assert "plan_broke" not in make_report(tx, now, now + DAY_SECONDS).exceptions
        ends = tx.execute(select(tables.lines.c.state, tables.lines.c.ended_at)).all()
    assert set(map(tuple, ends)) == {(state, now + 70), (state, now + 80)}


def test_what_was_cancelled_and_is_found_travels(desk: Desk, make_request: Request) -> None:
    """Whatever happens to its truck meanwhile, as it is picked, and then packed."""
    first, _, now = begun(desk, make_request)
    end(desk, "one", now + 70, "cancelled")
    until = format_utc(parse_utc("t", first["collection_at"]) + 1)
    fails = ({"kind": "outage", "service": first["service"], "until": until}, limited(first, 0))
    tell(desk, now + 80, *fails)
    tell(desk, now + 90, {"kind": "pick_finished", "parcel": first["id"]}, *fails)
    assert (described(desk, "one").planned_lines, tasks_at(desk, now + DAY_SECONDS)) == (skus_of(first), [])
    end(desk, "one", now + 100, "cancelled")  # once more
    tell(desk, now + 3600, {"kind": "delivered", "parcel": first["id"]})
    check(desk)
    with desk.database.reading() as tx:
        found = tx.execute(select(tables.lines.c.sku).where(tables.lines.c.state == "delivered")).scalars().all()
    assert found == skus_of(first)


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_a_part_is_cancelled_while_it_is_picked(desk: Desk, make_request: Request, is_cancelled: bool) -> None:
    """What is cancelled, the picked part or the other one, ends; what is not is decided again."""
    first, second, now = begun(desk, make_request)
    named = skus_of(first if is_cancelled else second)
    tell(desk, now + 70, {"kind": "cancelled", "order": "one", "skus": named})
    tell(desk, now + 80, missed(first))
    stands = described(desk, "one")
    assert (stands.state, stands.cancelled_lines) == ("confirmed", named)
    if is_cancelled:
        assert (stands.open_lines, stands.planned_lines, tasks_at(desk, now + 80)) == ([], skus_of(second), [])
    else:
        assert (stands.open_lines, tasks_at(desk, now + 80)) == (skus_of(first), [("plan_broke", "one")])
        assert {sku for parcel in ask_again(desk, "one", now + 90)["plan"]["parcels"] for sku in skus_of(parcel)} == {
            *skus_of(first)
        }
    check(desk)


def test_of_a_shared_parcel_only_what_is_still_wanted_is_decided_again(database_url: str, tmp_path: Path) -> None:
    with decided_group(database_url, tmp_path) as (desk, answer, now):
        (parcel,) = answer["plan"]["parcels"]
        tell(desk, now + 60, {"kind": "pick_started", "parcel": parcel["id"]})
        tell(desk, now + 70, {"kind": "cancelled", "order": "first"})
        assert states(desk) == ["confirmed", "confirmed"]
        tell(desk, now + 80, missed(parcel))
        assert states(desk) == ["cancelled", "confirmed"]
        assert described(desk, "late").open_lines == [owner_of(answer, "late")]
        assert tasks_at(desk, now + 80) == [("plan_broke", "first")]
        ask_again(desk, "first", now + 90)
        assert described(desk, "first").state == "cancelled"
        check(desk)


def test_what_ended_of_a_shared_parcel_leaves_nothing_to_decide(database_url: str, tmp_path: Path) -> None:
    with decided_group(database_url, tmp_path) as (desk, answer, now):
        (parcel,) = answer["plan"]["parcels"]
        tell(desk, now + 60, {"kind": "pick_started", "parcel": parcel["id"]}, {"kind": "cancelled", "order": "late"})
        tell(desk, now + 80, missed(parcel, owner_of(answer, "late")))
        assert (states(desk), tasks_at(desk, now + DAY_SECONDS)) == (["confirmed", "cancelled"], [])
        assert described(desk, "first").planned_lines == [owner_of(answer, "first")]
        check(desk)


@pytest.mark.parametrize("is_waiting", [True, False])
def test_a_group_that_is_declined_leaves_what_was_cancelled(
    database_url: str, tmp_path: Path, is_waiting: bool
) -> None:
    """Whether nothing has a plan, or others have one."""
    with decided_group(database_url, tmp_path, ReviewLimits(least_margin_millicents=0)) as (desk, _, now):
        tell(desk, now + 60, {"kind": "cancelled", "order": "late"})
        if is_waiting:
            take_back(desk, "first", now + 70)
        end(desk, "first", now + 80, "declined")
        assert (states(desk), allocated(desk)) == (["declined", "cancelled"], {})
        with desk.database.reading() as tx:
            lines = tx.execute(select(tables.lines.c.order_id, tables.lines.c.state)).all()
        assert dict(map(tuple, lines)) == {"first": "declined", "late": "cancelled"}


@pytest.mark.slow
def test_cancelled_while_its_pick_ends_short(desk: Desk, make_request: Request) -> None:
    """Both at once: whichever comes first, nothing of it is decided again."""
    line = {**make_request()["order"]["lines"][0], "units": 1}
    for number in range(12):
        order = order_of(make_request, f"x{number}", lines=[line])
        now = parse_utc("t", order["placed_at"]) + 10 * number
        (parcel,) = ask(desk, order, at=now)["plan"]["parcels"]
        tell(desk, now + 1, {"kind": "pick_started", "parcel": parcel["id"]})

        def finish(parcel: dict[str, Any] = parcel, at: int = now + 2) -> None:
            retried(lambda: tell(desk, at, missed(parcel)))

        def cancel(name: str = order["id"], at: int = now + 2) -> None:
            retried(lambda: end(desk, name, at, "cancelled"))

        with ThreadPoolExecutor(2) as pool:
            acts = [finish, cancel] if number % 2 else [cancel, finish]
            for done in [pool.submit(act) for act in acts]:
                done.result()
        assert described(desk, order["id"]).state == "cancelled"
        assert tasks_at(desk, now + DAY_SECONDS) == []
        check(desk)


def cancel(desk: Desk, order_id: str, now: int, skus: Sequence[str]) -> None:
    change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending(order_id, now, skus=skus)))


def test_what_waits_for_a_person_is_in_review_though_the_rest_was_cancelled(desk: Desk, make_request: Request) -> None:
    """Whether that was paid for or not, nothing of it is planned."""
    now = parse_utc("t", order_of(make_request, "one")["placed_at"])
    for order_id in ("one", "two"):
        *others, last = skus_of_order(ask(desk, order_of(make_request, order_id)))
        if order_id == "two":
            change(desk, lambda tx, changes: confirm_order(tx, "two"))
        cancel(desk, order_id, now + 10, others)
        count(desk, last, now + 20, 0)
        assert described(desk, order_id).planned_lines == []
        assert ask_again(desk, order_id, now + 30)["stage"] == "review"
        stands = described(desk, order_id)
        assert (stands.state, stands.expires_at, stands.is_confirmed) == ("review", None, order_id == "two")
        count(desk, last, now + 40, 1000)
    assert [review.order_id for review in reviews_of(desk)] == ["one", "two"]
    check(desk)


def skus_of_order(answer: dict[str, Any]) -> list[str]:
    return [sku for parcel in answer["plan"]["parcels"] for sku in skus_of(parcel)]


@pytest.mark.parametrize("is_confirmed", [False, True])
def test_nothing_is_owed_once_all_that_waited_is_cancelled(
    desk: Desk, make_request: Request, is_confirmed: bool
) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(desk, order), parse_utc("t", order["placed_at"])
    if is_confirmed:
        change(desk, lambda tx, changes: confirm_order(tx, "one"))
    lost = skus_of(answer["plan"]["parcels"][1])[0]
    count(desk, lost, now + 20, 0)
    broken = described(desk, "one")
    assert broken.planned_lines
    tell(desk, now + 30, {"kind": "cancelled", "order": "one", "skus": broken.open_lines})
    assert tasks_at(desk, now + 40) == []
    left = described(desk, "one")
    assert (left.state, left.planned_lines) == ("confirmed" if is_confirmed else "reserved", broken.planned_lines)
    assert left.expires_at == broken.expires_at
    check(desk)


def test_nobody_looks_at_what_cannot_be_routed_and_is_cancelled(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    answer, now = ask(desk, order), parse_utc("t", order["placed_at"])
    lost = skus_of(answer["plan"]["parcels"][1])[0]
    count(desk, lost, now + 20, 0)
    assert ask_again(desk, "one", now + 30)["review"]["reasons"] == ["unroutable"]
    first, *rest = described(desk, "one").open_lines
    if rest:  # as long as one of them is open, somebody looks
        cancel(desk, "one", now + 35, rest)
        assert [review.reasons for review in reviews_of(desk)] == [["unroutable"]]
    assert described(desk, "one").expires_at == format_utc(
        now + 30 + desk.settings.review.seconds + desk.settings.reservation_seconds
    )
    cancel(desk, "one", now + 40, [first])
    assert (reviews_of(desk), len(reviews_of(desk, "superseded"))) == ([], 1)
    left = described(desk, "one")
    assert (left.state, bool(left.planned_lines), left.review_id) == ("reserved", True, None)
    assert left.expires_at == format_utc(now + 40 + desk.settings.reservation_seconds)
    cancel(desk, "one", now + 50, [first])  # twice is fine
    assert described(desk, "one") == left
    check(desk)


def test_a_plan_that_a_person_looks_at_is_still_looked_at_when_a_part_is_cancelled(
    desk: Desk, make_request: Request
) -> None:
    order = order_of(make_request, "one")
    ask(desk, order)
    now = parse_utc("t", order["placed_at"])
    take_back(desk, "one", now + 10)
    again = ask_again(desk, "one", now + 20)
    assert again["review"]["reasons"] == ["taken_back"]
    before = described(desk, "one")
    cancel(desk, "one", now + 30, skus_of(again["plan"]["parcels"][0])[:1])
    assert [review.reasons for review in reviews_of(desk)] == [["taken_back"]]
    assert described(desk, "one").expires_at == before.expires_at
