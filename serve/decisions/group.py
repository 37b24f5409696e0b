"""Orders that are decided together: a new order joins what is held for its customer; the rule is ``envs.holding``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, or_, select, update

from agents.documents import LineDocument, OrderDocument, promise_of_line
from envs.state import MAX_LINES
from scenarios.errors import InputError
from scenarios.local_time import format_utc, parse_utc
from serve.orders.known import Known
from serve.orders.order import Conflict, NotFound, find_order
from serve.orders.parcel import Place
from serve.storage import tables
from serve.storage.database import insert

_row, _line = tables.orders.c, tables.lines.c
Piece = tuple[OrderDocument, Sequence[int]]
"""An order and the positions of its lines that are to be decided."""


@dataclass(frozen=True, slots=True, eq=False)
class Part:
    """What of a group is to be decided.

    Attributes:
        document: its open lines, order by order, as one order.
        places: of these lines.
        group: the orders as they stand, in the sequence of joining.
    """

    document: OrderDocument
    places: list[Place]
    group: tuple[Row[Any], ...]


def find_group(tx: Connection, order_id: str, *, lock: bool) -> tuple[Row[Any], ...]:
    """The orders that are decided together with one, itself included, in the sequence of joining.

    Args:
        tx: a transaction.
        order_id: of any of them.
        lock: nobody else changes them until the transaction ends; the first one is locked first, by everybody.

    Raises:
        NotFound: no such order.
    """
    first_id = tx.execute(select(func.coalesce(_row.group_id, _row.id)).where(_row.id == order_id)).scalar()
    if first_id is None:
        raise NotFound("order", order_id)
    first = find_order(tx, first_id, lock=lock)
    if first.group_id is None:
        return (first,)
    query = select(tables.orders).where(_row.group_id == first_id).order_by(_row.place)
    return tuple(tx.execute(query.with_for_update() if lock else query))


def open_places(tx: Connection, group: Sequence[Row[Any]]) -> list[Place]:
    """Lines of a group that wait for a decision, order by order."""
    ids = [order.id for order in group]
    query = select(_line.order_id, _line.position).where(_line.order_id.in_(ids), _line.state == "open")
    return sorted(((row.order_id, row.position) for row in tx.execute(query)), key=lambda place: _rank(ids, place))


def with_a_plan(tx: Connection, group: Sequence[Row[Any]]) -> set[str]:
    """Ids of orders of which a line is in a parcel, or was delivered in one."""
    ids = [order.id for order in group]
    sent = _line.state.not_in(("open", "cancelled", "declined"))
    return set(tx.execute(select(_line.order_id).where(_line.order_id.in_(ids), sent)).scalars())


def _rank(ids: list[str], place: Place) -> tuple[int, int]:
    return ids.index(place[0]), place[1]


def open_part(tx: Connection, known: Known, group: tuple[Row[Any], ...], now: int) -> Part:
    """The open lines of a group, as they are to be decided again.

    Raises:
        Conflict: no line is open.
        InputError: the network has lost a SKU of several orders.
    """
    places = open_places(tx, group)
    if not places:
        raise Conflict(InputError("order", group[0].state, "an order with open lines", "there is nothing to decide"))
    pieces = [
        (OrderDocument.model_validate_json(order.document), [place[1] for place in places if place[0] == order.id])
        for order in group
    ]
    document = _together(known, pieces).model_copy(update={"id": group[0].id, **_history(group[0], now)})
    return Part(document, places, group)


def _history(first: Row[Any], now: int) -> dict[str, Any]:
    """How the group was decided before; a hold that ends early has lasted less than was meant."""
    lasted = 0 if first.held_since is None else max(0, min(now, first.hold_until) - first.held_since)
    return {
        "num_holds": first.num_holds,
        "held_seconds": first.held_seconds + lasted,
        "is_again": first.is_again,
    }


def joined(tx: Connection, known: Known, fresh: OrderDocument, now: int) -> Part | None:
    """What a new order is decided together with, itself included; None if it is decided alone.

    One that repeats a SKU of what is held, or with which it would be too long, does not join.
    """
    if fresh.customer is None or not known.has_holds:
        return None
    row = tables.customers.c
    query = select(row.order_id).where(row.customer == fresh.customer, row.region == fresh.region)
    latest = tx.execute(query).scalar()
    group = () if latest is None else find_group(tx, latest, lock=False)
    # A hold that a person took back is over, though its end is still known: he decides, and nothing joins it.
    if all(order.state != "held" for order in group) or not open_places(tx, group):
        return None
    held = open_part(tx, known, group, now)
    is_repeated = {line.sku for line in held.document.lines} & {line.sku for line in fresh.lines}
    if is_repeated or len(held.places) + len(fresh.lines) > MAX_LINES:
        return None
    pieces = [
        (OrderDocument.model_validate_json(order.document), [place[1] for place in held.places if place[0] == order.id])
        for order in group
    ]
    document = _together(known, [*pieces, (fresh, range(len(fresh.lines)))])
    own = [(fresh.id, position) for position in range(len(fresh.lines))]
    return Part(document.model_copy(update={"id": fresh.id, **_history(group[0], now)}), [*held.places, *own], group)


def note_customer(tx: Connection, known: Known, fresh: OrderDocument) -> None:
    """From now on this is his latest order to this region; until the keeper sees that it is not held."""
    if fresh.customer is None or not known.has_holds:
        return
    values = {"customer": fresh.customer, "region": fresh.region, "order_id": fresh.id}
    stored = insert(tx, tables.customers).values(**values)
    tx.execute(stored.on_conflict_do_update(index_elements=["customer", "region"], set_={"order_id": fresh.id}))


def customers_to_forget() -> ColumnElement[bool]:
    """Condition on rows of ``customers``: the hold is over, so that nobody need know any more whose the order is."""
    latest, member = tables.orders.alias(), tables.orders.alias()
    together = or_(member.c.id == latest.c.id, member.c.group_id == latest.c.group_id)
    is_held = select(member.c.id).where(together, member.c.state == "held").correlate(latest).exists()
    over = select(latest.c.id).where(latest.c.id == tables.customers.c.order_id, ~is_held)
    return over.correlate(tables.customers).exists()


def join(tx: Connection, group: Sequence[Row[Any]], order_id: str) -> None:
    """A new order becomes part of a group."""
    first = group[0].id
    tx.execute(update(tables.orders).where(_row.id == first).values(group_id=first))
    tx.execute(update(tables.orders).where(_row.id == order_id).values(group_id=first, place=len(group)))


def history(asked: OrderDocument, now: int, seconds: int, is_decided: bool) -> dict[str, Any]:
    """Columns of the first order of a group that was just asked about, which tell how it was held.

    Args:
        asked: what was to be decided, with what was before.
        now: UTC seconds.
        seconds: from now on; 0 if it is not held any more.
        is_decided: whether a plan was found; else a plan that broke is broken still, and what is open is not held.
    """
    values: dict[str, Any] = {"held_since": None, "hold_until": None, "num_holds": asked.num_holds}
    if seconds:
        values |= {"held_since": now, "hold_until": now + seconds, "num_holds": asked.num_holds + 1}
    return values | {"held_seconds": asked.held_seconds, "is_again": asked.is_again and not is_decided}


def _together(known: Known, pieces: Sequence[Piece]) -> OrderDocument:
    """Lines of several orders as one; of a single order what is left of it."""
    pieces = [piece for piece in pieces if piece[1]]
    first, positions = pieces[0]
    if len(pieces) == 1:
        changed: dict[str, Any] = {"lines": [first.lines[position] for position in positions]}
        if len(positions) < len(first.lines):
            changed["margin_millicents"] = None  # that of the lines that are left
        return first.model_copy(update=changed)
    return first.model_copy(
        update={
            "lines": [
                _own(known, order, order.lines[position]).model_copy(update={"order": number})
                for number, (order, positions) in enumerate(pieces)
                for position in positions
            ],
            "requirements": sorted({name for order, _ in pieces for name in order.requirements}),
            "margin_millicents": sum(_margin(known, piece) for piece in pieces),
            "orders": [order.id for order, _ in pieces],
        }
    )


def _own(known: Known, order: OrderDocument, line: LineDocument) -> LineDocument:
    """A line with all that it has from its order.

    Raises:
        InputError: the network has lost its SKU.
    """
    known.check("order", sku=line.sku)
    placed_at, promise_at = (parse_utc("order", str(text)) for text in (order.placed_at, order.promise_at))
    ship_from = known.ship_from(line.sku) if line.ship_from is None else parse_utc("order", line.ship_from)
    promised = promise_of_line(promise_at, placed_at, ship_from)
    changed: dict[str, Any] = {"requirements": order.requirements}
    if line.promise_at is None:
        changed["promise_at"] = format_utc(promised)
    if line.ship_from is None and ship_from > placed_at:
        changed["ship_from"] = format_utc(ship_from)
    return line.model_copy(update=changed)


def _margin(known: Known, piece: Piece) -> int:
    order, positions = piece
    if order.margin_millicents is not None and len(positions) == len(order.lines):
        return order.margin_millicents
    lines = [order.lines[position] for position in positions]
    return sum(
        line.units * known.margin(line.sku) if line.margin_millicents is None else line.margin_millicents
        for line in lines
    )
