"""Parcels of orders: planned by a decision, moved on by events, taken apart when a line leaves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import BigInteger, Connection, Row, bindparam, case, delete, select, update

from agents.documents import CaseDocument
from envs.snapshot import Snapshot
from envs.state import NONE
from scenarios.local_time import parse_utc
from scenarios.trace import Names
from serve.orders.changes import Changes
from serve.orders.known import Known
from serve.storage import tables
from serve.storage.sending import change_each
from serve.trials.metric import SETTLE_SECONDS

Stage = Literal["claimed", "later", "queued", "picking", "packed", "departed", "delivered", "void"]
"""Waits for a receipt; for a presale date; in the pick queue; then as the names say. Void has lost all lines."""

ENDING = {"cancelling": "cancelled", "declining": "declined"}
"""States of lines that ended while somebody picked them, or later: they travel on as planned ones do, but as soon as
they leave their parcel they stand as here, and nobody decides them again."""

Place = tuple[str, int]
"""A line: its order's id and its position there."""

UNTOUCHED = ("claimed", "later", "queued")
"""Stages in which nobody has begun to pick: lines may still leave."""


@dataclass(frozen=True, slots=True)
class PlannedLine:
    """A line of a parcel to be; ``position`` in the case, ``promise_at`` in UTC seconds."""

    position: int
    sku: str
    units: int
    promise_at: int


@dataclass(frozen=True, slots=True)
class PlannedParcel:
    """One parcel of a chosen plan; times in UTC seconds.

    Attributes:
        room: of its collection; None where it is not limited or not booked yet.
        interrupted_until: before which its service was known not to collect there.
    """

    id: str
    warehouse: str
    service: str
    stage: Stage
    lines: tuple[PlannedLine, ...]
    receipt_id: str | None
    release_at: int | None
    collection_at: int
    room: int | None
    transit_seconds: int
    quoted_at: int
    pick_seconds: int
    interrupted_until: int


def planned_parcels(
    snapshot: Snapshot, case: CaseDocument, names: Names, slot: int, decision_id: str
) -> list[PlannedParcel]:
    """The parcels of the plan in ``slot``, in the order in which the answer lists them."""
    plans = snapshot.plans
    options = [plans.options[option] for option in plans.chosen[slot, : plans.slots[slot]["num_parcels"]]]
    return [_planned(snapshot, case, names, row, f"{decision_id}-{i}") for i, row in enumerate(options, start=1)]


def _planned(snapshot: Snapshot, case: CaseDocument, names: Names, row: Any, parcel_id: str) -> PlannedParcel:
    network, seen = snapshot.network, snapshot.seen
    epoch = int(network.settings["epoch_seconds"][0])
    lines = tuple(
        PlannedLine(i, line.sku, line.units, promise_of(snapshot, i))
        for i, line in enumerate(case.order.lines)
        if int(row["lines_mask"]) >> i & 1
    )
    stage: Stage = "claimed" if row["receipt"] != NONE else "later" if row["release_at"] else "queued"
    collection = network.collections[row["collection"]]
    end = int(network.settings["end_seconds"][0])
    stated = case.snapshot.calendar_end
    is_real = collection["time_seconds"] < end  # no room is kept where the window ends, but where a simulation does
    is_real |= stated is not None and epoch + end == parse_utc("snapshot.calendar_end", stated)
    return PlannedParcel(
        id=parcel_id,
        warehouse=names.warehouses[row["warehouse"]],
        service=names.services[row["service"]],
        stage=stage,
        lines=lines,
        receipt_id=None if row["receipt"] == NONE else case.snapshot.receipts[row["receipt"]].id,
        release_at=epoch + int(row["release_at"]) if row["release_at"] else None,
        collection_at=epoch + int(row["collected_at"]),
        room=int(collection["capacity_parcels"]) if is_real and stage == "queued" else None,
        transit_seconds=int(row["mean_at"] - row["collected_at"]),
        quoted_at=epoch + int(row["quoted_at"]),
        pick_seconds=int(row["pick_seconds"]),
        interrupted_until=epoch + int(seen.interruptions["until_seconds"][row["warehouse"], row["service"]]),
    )


def promise_of(snapshot: Snapshot, position: int) -> int:
    """Until when a line of the case is promised, UTC seconds, as the snapshot's reader understood it."""
    return int(snapshot.network.settings["epoch_seconds"][0]) + int(snapshot.seen.lines[position]["promise_at"])


def take(changes: Changes, parcel: PlannedParcel) -> None:
    """Adds what a planned parcel takes: units or a claim, room on its collection, a place in the queue."""
    for line in parcel.lines:
        if parcel.receipt_id is not None:
            changes.claims[parcel.receipt_id] += line.units
        else:
            changes.move(line.sku, parcel.warehouse, allocated=line.units)
    if parcel.room is not None:
        book(changes, (parcel.collection_at, parcel.warehouse, parcel.service), parcel.room)
    if parcel.stage == "queued":
        changes.queue(parcel.warehouse, 1, parcel.pick_seconds)
        changes.awaited[parcel.collection_at, parcel.warehouse, parcel.service] = parcel.interrupted_until


def book(changes: Changes, collection: tuple[int, str, str], room: int) -> None:
    """Adds one booking of a (time, warehouse, service)."""
    changes.bookings[collection] += 1
    changes.room[collection] = room


def write_parcels(tx: Connection, planned: Sequence[PlannedParcel], places: Sequence[Place], now: int) -> None:
    """Stores planned parcels.

    Args:
        tx: a writing transaction.
        planned: parcels; one that several orders share is stored under that of its first line.
        places: of the case's lines.
        now: UTC seconds.
    """
    rows = [
        {
            "id": parcel.id,
            "order_id": places[parcel.lines[0].position][0],
            "warehouse": parcel.warehouse,
            "service": parcel.service,
            "stage": parcel.stage,
            "receipt_id": parcel.receipt_id,
            "release_at": parcel.release_at,
            "collection_at": parcel.collection_at,
            "is_booked": parcel.room is not None,
            "transit_seconds": parcel.transit_seconds,
            "quoted_at": parcel.quoted_at,
            "pick_seconds": parcel.pick_seconds,
            "queued_at": now if parcel.stage == "queued" else None,
        }
        for parcel in planned
    ]
    change_each(tx, _WRITE, rows)


def placed_lines(planned: Sequence[PlannedParcel], places: Sequence[Place]) -> dict[Place, dict[str, Any]]:
    """Columns of the rows of lines that are in planned parcels; ``places`` are those of the case's lines."""
    return {
        places[line.position]: {"state": "planned", "parcel_id": parcel.id, "promise_at": line.promise_at}
        for parcel in planned
        for line in parcel.lines
    }


def place_lines(tx: Connection, placed: Mapping[Place, Mapping[str, Any]], now: int) -> None:
    """Puts lines that are there into parcels.

    Presale dates move, so a line may be promised otherwise than before, but for one whose lateness was counted by then,
    see ``serve.trials.metric.SETTLE_SECONDS``: by another promise it would not be counted any more.

    Args:
        tx: a writing transaction.
        placed: see ``placed_lines``.
        now: UTC seconds.
    """
    rows = [
        {
            "of": order_id,
            "at": at,
            "now": now,
            "promised": row["promise_at"],
            "state": row["state"],
            "parcel_id": row["parcel_id"],
        }
        for (order_id, at), row in placed.items()
    ]
    change_each(tx, _PLACE, rows)


_line = tables.lines.c
_WRITE = tables.parcels.insert()
# lines from before their promises were kept have none, and are counted by that of their order
_is_unsettled = _line.promise_at + SETTLE_SECONDS > bindparam("now", type_=BigInteger)
_promise = case((_is_unsettled, bindparam("promised", type_=BigInteger)), else_=_line.promise_at)
_PLACE = (
    update(tables.lines)
    .where(_line.order_id == bindparam("of"), _line.position == bindparam("at"))
    .values(promise_at=_promise)
)


def find_parcels(tx: Connection, *where: Any) -> Sequence[Row[Any]]:
    """Parcels in the order of planning; in a writing transaction nobody else changes them until it ends."""
    query = select(tables.parcels).where(*where).order_by(tables.parcels.c.number).with_for_update()
    return tx.execute(query).all()


def lines_of(tx: Connection, parcel: Row[Any]) -> Sequence[Row[Any]]:
    """Lines in a parcel."""
    row = tables.lines.c
    query = select(tables.lines).where(row.parcel_id == parcel.id).order_by(row.order_id, row.position)
    return tx.execute(query).all()


def set_stage(tx: Connection, parcel: Row[Any], stage: Stage, **values: Any) -> None:
    """Moves a parcel on."""
    tx.execute(update(tables.parcels).where(tables.parcels.c.id == parcel.id).values(stage=stage, **values))


def take_apart(tx: Connection, changes: Changes, parcel: Row[Any], state: str) -> Sequence[Row[Any]]:
    """Ends a parcel that nobody has begun to pick: all that it took is given back.

    Args:
        tx: a writing transaction.
        changes: to which is added what is given back.
        parcel: in one of the ``UNTOUCHED`` stages.
        state: of its lines afterwards, such as open or cancelled.

    Returns:
        The lines that were in it.
    """
    held = lines_of(tx, parcel)
    for line in held:
        _give_units_back(changes, parcel, line)
    if parcel.stage == "queued":
        changes.queue(parcel.warehouse, -1, -parcel.pick_seconds)
    give_room_back(changes, parcel)
    set_stage(tx, parcel, "void", is_booked=False)
    leave(tx, [(line.order_id, line.position) for line in held], state)
    return held


def _give_units_back(changes: Changes, parcel: Row[Any], line: Row[Any]) -> None:
    if parcel.stage == "claimed":
        changes.claims[parcel.receipt_id] -= line.units
    else:
        changes.move(line.sku, parcel.warehouse, allocated=-line.units)


def give_room_back(changes: Changes, parcel: Row[Any]) -> None:
    """The parcel does not need its place on the truck."""
    if parcel.is_booked:
        changes.bookings[parcel.collection_at, parcel.warehouse, parcel.service] -= 1


def take_out(
    tx: Connection, known: Known, changes: Changes, parcel: Row[Any], going: Sequence[Place], state: str
) -> None:
    """Takes some lines out of a parcel that nobody has begun to pick; one that loses all is taken apart.

    Args:
        tx: a writing transaction.
        known: the network.
        changes: to which is added what is given back.
        parcel: in one of the ``UNTOUCHED`` stages.
        going: lines that leave.
        state: of these lines afterwards.
    """
    held = lines_of(tx, parcel)
    left = [line for line in held if (line.order_id, line.position) not in going]
    if not left:
        take_apart(tx, changes, parcel, state)
        return
    for line in held:
        if line not in left:
            _give_units_back(changes, parcel, line)
    pick_seconds = known.pick_seconds(parcel.warehouse, len(left), sum(line.units for line in left))
    if parcel.stage == "queued":
        changes.queue(parcel.warehouse, 0, pick_seconds - parcel.pick_seconds)
    tx.execute(update(tables.parcels).where(tables.parcels.c.id == parcel.id).values(pick_seconds=pick_seconds))
    leave(tx, going, state)


def leave(tx: Connection, places: Sequence[Place], state: str) -> list[Place]:
    """Lines are in no parcel any more.

    Args:
        tx: a writing transaction.
        places: the lines.
        state: theirs from now on; if it is open, those that are in a state of ``ENDING`` end instead.

    Returns:
        Those that wait for a decision now.
    """
    row, opened = tables.lines.c, list[Place]()
    # by the state that is there when it is written: who cancels holds the order, and not the parcels that are picked
    value = case(ENDING, value=row.state, else_=state) if state == "open" else state
    for order_id in dict.fromkeys(order_id for order_id, _ in places):
        positions = [position for of, position in places if of == order_id]
        left = update(tables.lines).where(row.order_id == order_id, row.position.in_(positions))
        written = left.values(state=value, parcel_id=None).returning(row.position, row.state)
        opened += [(order_id, position) for position, stands in tx.execute(written) if stands == "open"]
    return opened


def stop_pick(tx: Connection, parcel: Row[Any]) -> None:
    """Its station is free."""
    tx.execute(delete(tables.picks).where(tables.picks.c.parcel_id == parcel.id))
