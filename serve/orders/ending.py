"""How what nobody has begun to pick ends: cancelled, declined, or its reservation expired."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import Connection, Row, and_, case, null, or_, select, update

from serve.decisions.group import find_group, open_places
from serve.orders.changes import Changes
from serve.orders.known import Known
from serve.orders.order import change_order, expire_sooner, set_state
from serve.orders.parcel import ENDING, UNTOUCHED, find_parcels, leave, lines_of, take_out
from serve.orders.tasks import add_task, finish_tasks
from serve.reviews.queue import supersede_reviews, supersede_unroutable
from serve.storage import tables
from serve.trials.metric import SETTLE_SECONDS

_line = tables.lines.c


@dataclass(frozen=True, slots=True)
class Ending:
    """What ends.

    Attributes:
        order_id: of a known order.
        now: UTC seconds.
        state: declined if it is not the customer who ends it.
        skus: of the lines that end; None: all.
    """

    order_id: str
    now: int
    state: Literal["cancelled", "declined"] = "cancelled"
    skus: Sequence[str] | None = None


def cancel_order(tx: Connection, known: Known, changes: Changes, ending: Ending) -> None:
    """Ends all that nobody has begun to pick; what is further on stays as it is, and ends where it leaves its parcel.

    Twice is fine.

    Args:
        tx: a writing transaction.
        known: the network.
        changes: to which is added what is given back.
        ending: of what.

    Raises:
        NotFound: no such order.
    """
    group = find_group(tx, ending.order_id, lock=True)
    order = next(row for row in group if row.id == ending.order_id)
    _release(tx, known, changes, order.id, ending.state, ending.skus)
    own = [_line.order_id == order.id, *([] if ending.skus is None else [_line.sku.in_(ending.skus)])]
    further_on = next(state for state, end in ENDING.items() if end == ending.state)
    tx.execute(update(tables.lines).where(*own, _line.state == "planned").values(state=further_on))
    # after those: a line that left its parcel just now was planned until that was written
    waiting = select(_line.order_id, _line.position).where(*own, _line.state == "open")
    leave(tx, [(row.order_id, row.position) for row in tx.execute(waiting)], ending.state)
    is_left = not _end_if_over(tx, order.id)
    if not (is_left and ending.skus is not None):
        change_order(tx, order.id, expires_at=None)
    _end_what_is_owed(tx, group, ending.now)


def end_what_left(tx: Connection, order_id: str, now: int) -> None:
    """Lines that were cancelled or declined before have left their parcel, and so ended.

    Args:
        tx: a writing transaction.
        order_id: of any of the orders that are decided together.
        now: UTC seconds.
    """
    group = find_group(tx, order_id, lock=True)
    for order in group:
        _end_if_over(tx, order.id)
    _end_what_is_owed(tx, group, now)


def _end_if_over(tx: Connection, order_id: str) -> bool:
    """An order of which no line is left is cancelled, or declined if its customer did not cancel all of them."""
    states = set(tx.execute(select(_line.state).where(_line.order_id == order_id)).scalars())
    if not states <= {"cancelled", "declined"}:
        return False
    set_state(tx, order_id, "declined" if "declined" in states else "cancelled")
    return True


def _end_what_is_owed(tx: Connection, group: Sequence[Row[Any]], now: int) -> None:
    """Where no line of a group waits for a decision, nobody need make one, nor look at one that could not be made."""
    is_planned = _is_untouched(tx, group)
    for row in [] if open_places(tx, group) else group:
        finish_tasks(tx, row.id, now)
        if not is_planned:
            supersede_reviews(tx, row.id, now)
        elif seconds := supersede_unroutable(tx, row.id, now):
            expire_sooner(tx, row.id, seconds)  # the rest is kept for the usual time after a review, which ends now
    note_ends(tx, group[0].id, now)


def _is_untouched(tx: Connection, group: Sequence[Row[Any]]) -> bool:
    """Whether a line of a group has a plan that may still be changed."""
    parcel = tables.parcels.c
    untouched = select(parcel.id).where(parcel.id == _line.parcel_id, parcel.stage.in_(UNTOUCHED)).exists()
    of_group = _line.order_id.in_([order.id for order in group])
    return tx.execute(select(_line.position).where(of_group, untouched)).first() is not None


def expire_order(tx: Connection, known: Known, changes: Changes, order_id: str, now: int) -> bool:
    """Ends a reservation that nobody confirmed in time; its lines are open again.

    Returns:
        False if it was confirmed or ended meanwhile.
    """
    group = find_group(tx, order_id, lock=True)
    order = next(row for row in group if row.id == order_id)
    if order.state != "reserved" or order.expires_at is None or order.expires_at > now:
        return False
    _release(tx, known, changes, order_id, "open", None)
    set_state(tx, order_id, "expired", expires_at=None)
    note_ends(tx, group[0].id, now)
    supersede_reviews(tx, group[0].id, now)
    add_task(tx, "reservation_expired", group[0].id, now)
    return True


def _release(
    tx: Connection, known: Known, changes: Changes, order_id: str, state: str, skus: Sequence[str] | None
) -> None:
    """Takes an order's lines out of the parcels that nobody has begun to pick."""
    parcel = tables.parcels.c
    own = select(_line.parcel_id).where(_line.order_id == order_id)
    for found in find_parcels(tx, parcel.id.in_(own), parcel.stage.in_(UNTOUCHED)):
        going = [
            (line.order_id, line.position)
            for line in lines_of(tx, found)
            if line.order_id == order_id and (skus is None or line.sku in skus)
        ]
        if going:
            take_out(tx, known, changes, found, going, state)


def note_ends(tx: Connection, first_id: str, now: int) -> None:
    """Notes which lines are owed to nobody from now on: cancelled, declined, or left where nobody paid in time.

    To be called whenever that may have changed. What is open again is owed again, unless it was counted without it
    meanwhile, see ``serve.trials.metric.SETTLE_SECONDS``: what was counted stays as it is, whatever comes later.

    Args:
        tx: a writing transaction that holds these orders.
        first_id: of the first of the orders that are decided together.
        now: UTC seconds.
    """
    order = tables.orders.c
    of_group = _line.order_id.in_(select(order.id).where(or_(order.id == first_id, order.group_id == first_id)))
    is_unpaid = select(order.id).where(order.id == _line.order_id, order.state == "expired").exists()
    has_ended = or_(_line.state.in_(("cancelled", "declined")), and_(_line.state == "open", is_unpaid))
    is_unsettled = _line.promise_at + SETTLE_SECONDS > now  # null, and so never, for lines from before it was kept
    is_over = and_(_line.ended_at.is_(None), has_ended)
    is_again = and_(_line.ended_at.is_not(None), ~has_ended, is_unsettled)
    # no other line is written: who picks one may wait for its order meanwhile
    changed = update(tables.lines).where(of_group, or_(is_over, is_again))
    tx.execute(changed.values(ended_at=case((has_ended, now), else_=null())))
