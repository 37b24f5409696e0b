"""Orders: how they stand, and what ends a reservation: confirmation, cancellation, expiry."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row, bindparam, select, update

from agents.documents import OrderDocument
from scenarios.errors import InputError
from serve import tables
from serve.changes import Changes
from serve.database import insert_new
from serve.parcel import UNTOUCHED, find_parcels, leave, take_apart
from serve.review import supersede_reviews
from serve.sending import change, change_each
from serve.tasks import add_task, finish_tasks

State = Literal["held", "reserved", "confirmed", "review", "declined", "cancelled", "expired"]


_WRITE_LINES = tables.lines.insert()
_SET = update(tables.orders).where(tables.orders.c.id == bindparam("of"))


class Conflict(Exception):
    """The order does not stand as it must for what was asked.

    Args:
        detail: in the error schema.
    """

    def __init__(self, detail: InputError) -> None:
        self.detail = detail
        super().__init__(detail)


class NotFound(Exception):
    """There is no such thing. Arguments: what, and its id."""


class OrderAnswer(BaseModel):
    """How an order stands."""

    order_id: str
    state: State
    decision_id: str = Field(description="the latest")
    open_lines: list[str] = Field(description="SKUs of lines that wait for a decision")
    planned_lines: list[str] = Field(description="SKUs of lines in parcels")
    cancelled_lines: list[str]


def open_order(tx: Connection, order: OrderDocument, decision_id: str) -> None:
    """Stores a new order with all its lines open.

    Raises:
        Conflict: an order with this id is there.
    """
    fresh = {"id": order.id, "document": order.model_dump_json(), "state": "review", "decision_id": decision_id}
    is_new = insert_new(
        tx,
        tables.orders,
        **fresh,
        num_holds=order.num_holds,
        held_seconds=order.held_seconds,
        is_again=order.is_again,
    )
    if not is_new:
        raise Conflict(
            InputError(
                "order.id", order.id, "an id that is new", "send the Idempotency-Key again, or redecide the order"
            )
        )
    rows = [
        {"order_id": order.id, "position": position, "sku": line.sku, "units": line.units, "state": "open"}
        for position, line in enumerate(order.lines)
    ]
    change_each(tx, _WRITE_LINES, rows)


def find_order(tx: Connection, order_id: str, *, lock: bool) -> Row[Any]:
    """One order; with ``lock`` nobody else changes it until the transaction ends.

    Raises:
        NotFound: no such order.
    """
    query = select(tables.orders).where(tables.orders.c.id == order_id)
    found = tx.execute(query.with_for_update() if lock else query).one_or_none()
    if found is None:
        raise NotFound("order", order_id)
    return found


def open_part(tx: Connection, order: Row[Any]) -> tuple[OrderDocument, list[int]]:
    """The order with its open lines only, as it is to be decided again, and their positions.

    Raises:
        Conflict: no line is open.
    """
    row = tables.lines.c
    query = select(row.position).where(row.order_id == order.id, row.state == "open").order_by(row.position)
    positions = list(tx.execute(query).scalars())
    if not positions:
        raise Conflict(InputError("order", order.state, "an order with open lines", "there is nothing to decide"))
    document = OrderDocument.model_validate_json(order.document)
    changed: dict[str, Any] = {"lines": [document.lines[position] for position in positions]}
    if len(positions) < len(document.lines):
        changed["margin_millicents"] = None  # that of the lines that are left
    for field in ("num_holds", "held_seconds", "is_again"):
        changed[field] = getattr(order, field)
    return document.model_copy(update=changed), positions


def set_state(tx: Connection, order_id: str, state: State, **values: Any) -> None:
    """How the order stands from now on."""
    change(tx, _SET, of=order_id, state=state, **values)


def confirm_order(tx: Connection, order_id: str) -> None:
    """The reservation does not expire any more; confirming twice is fine.

    Raises:
        Conflict: there is no reservation, or it has expired.
    """
    order = find_order(tx, order_id, lock=True)
    if order.state not in ("reserved", "confirmed"):
        raise Conflict(InputError("order", order.state, "a reserved order", "redecide it first"))
    set_state(tx, order_id, "confirmed", expires_at=None)


def cancel_order(
    tx: Connection, changes: Changes, order_id: str, now: int, state: Literal["cancelled", "declined"] = "cancelled"
) -> None:
    """Cancels all that nobody has begun to pick; what is further on stays as it is. Cancelling twice is fine.

    Args:
        tx: a writing transaction.
        changes: to which is added what is given back.
        order_id: of a known order.
        now: UTC seconds.
        state: of what ends; declined if it is not the customer who ends it.
    """
    order = find_order(tx, order_id, lock=True)
    _release(tx, changes, order_id, state)
    row = tables.lines.c
    waiting = select(row.position).where(row.order_id == order_id, row.state == "open")
    leave(tx, order_id, tx.execute(waiting).scalars().all(), state)
    left = select(row.position).where(row.order_id == order_id, row.state.not_in(("cancelled", state)))
    is_left = tx.execute(left).first()
    finish_tasks(tx, order_id, now)
    supersede_reviews(tx, order_id, now)
    set_state(tx, order_id, order.state if is_left else state, expires_at=None)


def break_plan(tx: Connection, order_id: str, now: int) -> None:
    """Lines of an order have lost their parcel: they are to be decided again."""
    tx.execute(update(tables.orders).where(tables.orders.c.id == order_id).values(is_again=True))
    add_task(tx, "plan_broke", order_id, now)


def expire_order(tx: Connection, changes: Changes, order_id: str, now: int) -> bool:
    """Ends a reservation that nobody confirmed in time; its lines are open again.

    Returns:
        False if it was confirmed or ended meanwhile.
    """
    order = find_order(tx, order_id, lock=True)
    if order.state != "reserved" or order.expires_at is None or order.expires_at > now:
        return False
    _release(tx, changes, order_id, "open")
    set_state(tx, order_id, "expired", expires_at=None)
    supersede_reviews(tx, order_id, now)
    add_task(tx, "reservation_expired", order_id, now)
    return True


def _release(tx: Connection, changes: Changes, order_id: str, state: str) -> None:
    row = tables.parcels.c
    for parcel in find_parcels(tx, row.order_id == order_id, row.stage.in_(UNTOUCHED)):
        take_apart(tx, changes, parcel, state)


def describe_order(tx: Connection, order_id: str) -> OrderAnswer:
    """How it stands.

    Raises:
        NotFound: no such order.
    """
    order, row = find_order(tx, order_id, lock=False), tables.lines.c
    lines = tx.execute(select(tables.lines).where(row.order_id == order_id).order_by(row.position)).all()
    by_state = {
        state: [line.sku for line in lines if line.state == state] for state in ("open", "planned", "cancelled")
    }
    return OrderAnswer(
        order_id=order_id,
        state=order.state,
        decision_id=order.decision_id,
        open_lines=by_state["open"],
        planned_lines=by_state["planned"],
        cancelled_lines=by_state["cancelled"],
    )
