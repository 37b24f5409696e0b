"""Orders: how they stand, and what is owed when their plans break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args

from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row, Select, bindparam, case, func, null, or_, select, update

from agents.documents import OrderDocument
from scenarios.errors import InputError
from scenarios.local_time import format_utc
from serve.orders.parcel import ENDING
from serve.orders.tasks import add_task
from serve.reviews.queue import find_open_review
from serve.storage import tables
from serve.storage.database import insert_new
from serve.storage.sending import change, change_each

LineState = Literal["open", "planned", "delivered", "cancelled", "declined"]
"""As it is told; what is to end when it leaves its parcel (``serve.orders.parcel.ENDING``) is planned till then."""

State = Literal["held", "reserved", "confirmed", "review", "declined", "cancelled", "expired"]

Cause = Literal["short_pick", "short_receipt", "outage", "capacity", "count", "unknown"]
"""Why a parcel lost lines. Unknown: before causes were kept; one row for each task then."""

OPEN: Mapping[str, Any] = {"state": "open", "parcel_id": None}
"""Where a line is that waits for a decision."""

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
    group_id: str = Field(description="the first of the orders that are decided together; its own alone")
    decision_id: str = Field(description="the latest")
    open_lines: list[str] = Field(description="SKUs of lines that wait for a decision")
    planned_lines: list[str] = Field(description="SKUs of lines in parcels that are not delivered")
    delivered_lines: list[str]
    cancelled_lines: list[str] = Field(description="SKUs of lines that the customer does not want any more")
    declined_lines: list[str] = Field(description="SKUs of lines that nobody will send")
    is_confirmed: bool = Field(description="whatever is reserved of it, now or later, does not expire")
    expires_at: str | None = Field(description="of its reservation, unless confirmed before; null if it does not")
    review_id: str | None = Field(description="of the open one that concerns it, perhaps with others; else null")


def open_order(
    tx: Connection, order: OrderDocument, standing: Mapping[str, Any], lines: Mapping[int, Mapping[str, Any]]
) -> None:
    """Stores a new order, without its customer: who decides it again need not know whose it is.

    Args:
        tx: a writing transaction.
        order: as it was asked.
        standing: columns of its row that tell how it stands.
        lines: columns that tell where each is and until when it is promised, by position.

    Raises:
        Conflict: an order with this id is there.
    """
    if not insert_new(tx, tables.orders, id=order.id, document=order.model_dump_json(exclude={"customer"}), **standing):
        raise Conflict(
            InputError(
                "order.id", order.id, "an id that is new", "send the Idempotency-Key again, or redecide the order"
            )
        )
    rows = [
        {"order_id": order.id, "position": position, "sku": line.sku, "units": line.units, **lines[position]}
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


def set_state(tx: Connection, order_id: str, state: State, **values: Any) -> None:
    """How the order stands from now on."""
    change_order(tx, order_id, state=state, **values)


def change_order(tx: Connection, order_id: str, **values: Any) -> None:
    """Changes columns of its row."""
    change(tx, _SET, of=order_id, **values)


def confirm_order(tx: Connection, order_id: str) -> None:
    """What is reserved of it, or will be, does not expire; confirming twice is fine.

    Raises:
        Conflict: it has expired or ended.
    """
    check_confirmable(find_order(tx, order_id, lock=True).state)
    confirm_orders(tx, [order_id])


def check_confirmable(state: State) -> None:
    """Refuses to confirm an order that stands like this, if it has expired or ended.

    Raises:
        Conflict: see above.
    """
    if state not in ("reserved", "confirmed", "held", "review"):
        raise Conflict(InputError("order", state, "an order that is reserved or waits", "redecide it first"))


def confirm_orders(tx: Connection, ids: Sequence[str] | Select[Any]) -> None:
    """What is reserved of these orders, or will be, does not expire, see ``confirmation``.

    Those that are confirmed are not written, nor waited for: who changes an order may wait for its parcels meanwhile.
    """
    row = tables.orders.c
    is_reserved = row.state == "reserved"
    values = {
        "is_confirmed": True,
        "state": case((is_reserved, "confirmed"), else_=row.state),
        "expires_at": case((is_reserved, null()), else_=row.expires_at),
    }
    tx.execute(update(tables.orders).where(row.id.in_(ids), ~row.is_confirmed).values(**values))


def confirmation(state: State) -> dict[str, Any]:
    """Columns of an order that is confirmed while it stands like this; one that waits stays confirmed after that."""
    reserved = {"state": "confirmed", "expires_at": None} if state == "reserved" else {}
    return {"is_confirmed": True, **reserved}


def reserve_until(tx: Connection, first_id: str, until: int) -> None:
    """Says when what nobody has confirmed expires, of an order and all that are decided together with it.

    Args:
        tx: a writing transaction that holds these orders.
        first_id: of the first of them.
        until: UTC seconds.
    """
    row = tables.orders.c
    together = or_(row.id == first_id, row.group_id == first_id)
    tx.execute(update(tables.orders).where(together, row.state == "reserved").values(expires_at=until))


def expire_sooner(tx: Connection, first_id: str, seconds: int) -> None:
    """What nobody has confirmed expires so much sooner, of an order and all that are decided together with it."""
    row = tables.orders.c
    together = or_(row.id == first_id, row.group_id == first_id)
    reserved = update(tables.orders).where(together, row.state == "reserved")
    tx.execute(reserved.values(expires_at=row.expires_at - seconds))


def note_break(tx: Connection, order_id: str, cause: Cause, now: int) -> None:
    """A parcel of an order has lost lines; what becomes of them is not said."""
    tx.execute(tables.breaks.insert().values(order_id=order_id, cause=cause, broke_at=now))


def break_plan(tx: Connection, order_id: str, cause: Cause, now: int) -> None:
    """Lines of an order have lost their parcel: they are to be decided again, with all that is decided with them."""
    note_break(tx, order_id, cause, now)
    row = tables.orders.c
    first_id = tx.execute(select(func.coalesce(row.group_id, row.id)).where(row.id == order_id)).scalar_one()
    tx.execute(update(tables.orders).where(row.id == first_id).values(is_again=True))
    add_task(tx, "plan_broke", first_id, now)


def describe_order(tx: Connection, order_id: str) -> OrderAnswer:
    """How it stands.

    Raises:
        NotFound: no such order.
    """
    order, row = find_order(tx, order_id, lock=False), tables.lines.c
    lines = tx.execute(select(tables.lines).where(row.order_id == order_id).order_by(row.position)).all()
    stands = [(line.sku, "planned" if line.state in ENDING else line.state) for line in lines]
    in_state = {f"{state}_lines": [sku for sku, found in stands if found == state] for state in get_args(LineState)}
    first_id = order.group_id or order.id
    return OrderAnswer(
        order_id=order_id,
        state=order.state,
        group_id=first_id,
        decision_id=order.decision_id,
        **in_state,
        is_confirmed=order.is_confirmed,
        expires_at=None if order.expires_at is None else format_utc(order.expires_at),
        review_id=find_open_review(tx, first_id),
    )
