"""What events change. Each rule here is that of the module of ``envs`` that its docstring names."""

from __future__ import annotations

import hashlib
import itertools
from functools import cache, singledispatchmethod
from typing import Any

from sqlalchemy import Connection, Row, select, update

from agents.documents import Document
from agents.rolling_calendar import MAX_AHEAD_DAYS
from scenarios.checks import MAX_UNITS
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS
from serve.orders import event as told
from serve.orders.changes import Changes, Taken
from serve.orders.ending import Ending, cancel_order, end_what_left
from serve.orders.known import Known
from serve.orders.order import Cause, break_plan, confirm_orders, note_break
from serve.orders.parcel import Place, find_parcels, give_room_back, leave, lines_of, set_stage, stop_pick, take_apart
from serve.orders.release import release
from serve.stated_time import stated_utc
from serve.storage import tables
from serve.storage.database import insert, insert_for, insert_new
from serve.storage.sending import change_each

_MEMORY = 16
"""Deliveries over which punctuality is averaged, as in ``envs.delivery``."""


def is_new(tx: Connection, document: Document, event_id: str, key: str, now: int) -> bool:
    """Notes an event's id, the field ``key`` of the request.

    Raises:
        InputError: the id is known, with another content.
    """
    digest = hashlib.sha256(document.model_dump_json().encode()).hexdigest()
    if insert_new(tx, tables.events, id=event_id, body_sha256=digest, applied_at=now):
        return True
    row = tables.events.c
    if tx.execute(select(row.body_sha256).where(row.id == event_id)).scalar() != digest:
        raise InputError(key, event_id, "a new id for another content", "send another id")
    return False


class Happened:
    """Applies one event within a transaction.

    Args:
        tx: a writing transaction.
        known: the network.
        key: path of the event in the request, for errors.

    Attributes:
        heard: warehouses of which the event tells how they stand.
    """

    def __init__(self, tx: Connection, known: Known, key: str) -> None:
        self._tx, self._known, self._key = tx, known, key
        self._changes, self._now, self._told_at = Changes(), 0, 0
        self.heard: set[str] = set()

    def apply(self, happened: told.Event, at: int, told_at: int) -> None:
        """Changes what the event changes.

        Args:
            happened: the event.
            at: UTC second at which it counts as happened: what it states, unless that is still to come.
            told_at: UTC second from which it is known.

        Raises:
            InputError: a name, time or stage that does not fit.
            serve.orders.changes.Taken: others were faster; to be tried again.
        """
        self._now, self._told_at = at, told_at
        self._apply(happened)
        self._changes.make(self._tx)

    def _time(self, field: str, text: str) -> int:
        return stated_utc(f"{self._key}.{field}", text)

    def _soon(self, field: str, text: str) -> int:
        """A time that a snapshot can hold."""
        at = self._time(field, text)
        if abs(at - self._now) > (MAX_AHEAD_DAYS - 1) * DAY_SECONDS:
            raise InputError(f"{self._key}.{field}", text, "within a year of what happened", "correct the date")
        return at

    def _refuse(self, field: str, value: object, expected: str) -> InputError:
        return InputError(f"{self._key}.{field}", value, expected, "correct the event, or leave it out")

    def _parcel(self, parcel_id: str, *stages: str) -> Row[Any]:
        """One in these stages; what happens to it does not happen before what did last."""
        found = find_parcels(self._tx, tables.parcels.c.id == parcel_id)
        if not found:
            raise self._refuse("parcel", parcel_id, "a parcel of a decision")
        if found[0].stage not in stages:
            raise self._refuse("parcel", f"{parcel_id} is {found[0].stage}", " or ".join(stages))
        self.heard.add(found[0].warehouse)
        self._now = max(self._now, _latest(found[0]))
        return found[0]

    @singledispatchmethod
    def _apply(self, happened: told.Event) -> None:
        raise TypeError(type(happened).__name__)

    @_apply.register
    def _announce(self, happened: told.ReceiptAnnounced) -> None:
        self._known.check(self._key, warehouse=happened.warehouse, sku=happened.sku)
        self.heard.add(happened.warehouse)
        expected_at = self._soon("expected_at", happened.expected_at)
        values = {"expected_at": expected_at, "expected_units": happened.units}
        fresh = {"id": happened.receipt, "warehouse": happened.warehouse, "sku": happened.sku, "is_open": True}
        if insert_new(self._tx, tables.receipts, **fresh, **values):
            return
        row = tables.receipts.c  # announced again: another time, or other units, but not fewer than are promised
        same = update(tables.receipts).where(
            row.id == happened.receipt,
            row.is_open,
            row.warehouse == happened.warehouse,
            row.sku == happened.sku,
            row.claimed_units <= happened.units,
        )
        if not self._tx.execute(same.values(**values)).rowcount:
            raise self._refuse("receipt", happened.receipt, "a receipt that is open, of these goods, and not claimed")

    @_apply.register
    def _arrive(self, happened: told.ReceiptArrived) -> None:
        """``envs.receiving.receive``."""
        row = tables.receipts.c
        closing = update(tables.receipts).where(row.id == happened.receipt, row.is_open).values(is_open=False)
        if not self._tx.execute(closing).rowcount:
            raise self._refuse("receipt", happened.receipt, "an announced receipt that has not arrived")
        receipt = self._tx.execute(select(tables.receipts).where(row.id == happened.receipt)).one()
        left, is_short = happened.units, False
        self.heard.add(receipt.warehouse)
        self._changes.move(receipt.sku, receipt.warehouse, on_hand=happened.units)
        parcel = tables.parcels.c
        for claim in find_parcels(self._tx, parcel.receipt_id == receipt.id, parcel.stage == "claimed"):
            units = sum(line.units for line in lines_of(self._tx, claim))
            is_short = is_short or units > left
            if is_short:
                self._break(claim, "short_receipt")
                continue
            left -= units
            self._changes.claims[receipt.id] -= units
            self._changes.move(receipt.sku, receipt.warehouse, allocated=units)
            if claim.release_at is not None and claim.release_at > self._now:
                set_stage(self._tx, claim, "later")
            else:
                release(self._tx, self._known, self._changes, claim, self._now)
        self._changes.make(self._tx)
        self._changes = Changes()
        cell = tables.stock.c
        own = (cell.sku == receipt.sku, cell.warehouse == receipt.warehouse)
        on_hand = self._tx.execute(select(cell.on_hand_units).where(*own)).scalar() or 0
        if on_hand > MAX_UNITS:  # a record with more could not be read
            before, place = on_hand - happened.units, f"{receipt.sku} at {receipt.warehouse}"
            raise self._refuse("units", happened.units, f"at most {MAX_UNITS} units of {place}, where {before} are")
        free = cell.on_hand_units - cell.allocated_units
        self._tx.execute(update(tables.stock).where(*own, free > cell.reference_units).values(reference_units=free))

    @_apply.register
    def _start_pick(self, happened: told.PickStarted) -> None:
        """``envs.picking.start_picks``."""
        parcel = self._parcel(happened.parcel, "queued")
        finish = self._now + parcel.pick_seconds
        if happened.expected_finish_at is not None:
            finish = self._soon("expected_finish_at", happened.expected_finish_at)
        self._changes.queue(parcel.warehouse, -1, -parcel.pick_seconds)
        values = {"parcel_id": parcel.id, "warehouse": parcel.warehouse, "expected_finish_at": finish}
        self._tx.execute(tables.picks.insert().values(**values))
        set_stage(self._tx, parcel, "picking", picked_at=self._now)
        self._confirm(parcel)

    @_apply.register
    def _finish_pick(self, happened: told.PickFinished) -> None:
        """``envs.picking.finish_pick``: what is missing of a line is written off, the rest is for sale again."""
        parcel = self._parcel(happened.parcel, "queued", "picking")
        self._leave_queue(parcel)
        self._confirm(parcel)  # before short lines leave it
        held, missed = {line.sku: line for line in lines_of(self._tx, parcel)}, list[Place]()
        for i, short in enumerate(happened.short):
            line = held.pop(short.sku, None)
            if line is None or short.found_units >= line.units:
                raise self._refuse(f"short[{i}]", short.sku, "a line of this parcel, with fewer units than ordered")
            missing = line.units - short.found_units
            self._changes.move(line.sku, parcel.warehouse, on_hand=-missing, allocated=-line.units)
            missed.append((line.order_id, line.position))
        if missed:
            self._miss(parcel, missed)
        if not held:
            give_room_back(self._changes, parcel)
        is_booked = parcel.is_booked and bool(held)
        set_stage(self._tx, parcel, "packed" if held else "void", is_booked=is_booked, packed_at=self._now)

    def _miss(self, parcel: Row[Any], places: list[Place]) -> None:
        """Lines of a parcel were not found: they are to be decided again, unless they were to end."""
        opened = leave(self._tx, places, "open")
        breaks = break_plan if opened else note_break
        breaks(self._tx, parcel.order_id, "short_pick", self._now)
        if len(opened) < len(places):
            end_what_left(self._tx, parcel.order_id, self._told_at)

    @_apply.register
    def _hand_over(self, happened: told.HandedOver) -> None:
        """``envs.delivery.hand_over``."""
        self._depart(self._parcel(happened.parcel, "queued", "picking", "packed"), self._now)

    def _depart(self, parcel: Row[Any], at: int) -> None:
        if parcel.stage != "packed":  # nobody told that it was picked
            self._leave_queue(parcel)
            self._confirm(parcel)
        for line in lines_of(self._tx, parcel):
            self._changes.move(line.sku, parcel.warehouse, on_hand=-line.units, allocated=-line.units)
        set_stage(self._tx, parcel, "departed", departed_at=at)

    @_apply.register
    def _deliver(self, happened: told.Delivered) -> None:
        """``envs.delivery.deliver``: punctuality is seen."""
        parcel = self._parcel(happened.parcel, "queued", "picking", "packed", "departed")
        departed_at = parcel.departed_at
        if departed_at is None:  # nobody told us
            departed_at = min(max(parcel.collection_at, _latest(parcel)), self._now)
            self._depart(parcel, departed_at)
        set_stage(self._tx, parcel, "delivered", delivered_at=self._now)
        row, service = tables.lines.c, tables.punctuality.c
        self._tx.execute(update(tables.lines).where(row.parcel_id == parcel.id).values(state="delivered"))
        insert_new(self._tx, tables.punctuality, service=parcel.service)
        query = select(tables.punctuality).where(service.service == parcel.service).with_for_update()
        seen = self._tx.execute(query).one()
        permille = min(1_000_000, 1000 * max(0, self._now - departed_at) // max(1, parcel.transit_seconds))
        values = {
            "num_delivered": seen.num_delivered + 1,
            "num_late": seen.num_late + (self._now > parcel.quoted_at),
            "transit_permille": seen.transit_permille + (permille - seen.transit_permille) // _MEMORY,
        }
        self._tx.execute(update(tables.punctuality).where(service.service == parcel.service).values(**values))

    @_apply.register
    def _interrupt(self, happened: told.Outage) -> None:
        """``envs.disruptions``: what is only planned, with a collection that will not come, is decided again."""
        self._known.check(self._key, service=happened.service, warehouse=happened.warehouse)
        until = self._soon("until", happened.until)
        everywhere = self._known.names.warehouses
        houses = everywhere if happened.warehouse is None else (happened.warehouse,)
        services = self._known.names.services if happened.service is None else (happened.service,)
        is_over = until <= self._time("at", happened.at)
        parcel = tables.parcels.c
        of_them = (parcel.service.in_(services), parcel.warehouse.in_(houses))
        waiting = (parcel.stage == "queued", *of_them, parcel.collection_at < (0 if is_over else until))
        for found in find_parcels(self._tx, *waiting):
            self._break(found, "outage")
        for house in houses:  # decisions that are being kept are waited for, and others wait
            self._changes.queue(house, 0, 0)
        self._changes.make(self._tx)
        self._changes = Changes()
        is_of_many = happened.warehouse is None or happened.service is None
        # what is told of many does not end what was told of one of them, unless it says that all is over
        interrupting = _interrupting(self._tx.dialect.name, is_of_many and not is_over)
        pairs = itertools.product(sorted(houses), sorted(services))
        rows = [{"warehouse": house, "service": service, "until": until} for house, service in pairs]
        change_each(self._tx, interrupting, rows)
        if find_parcels(self._tx, *waiting):
            raise Taken("a collection that will not come")

    @_apply.register
    def _limit(self, happened: told.Capacity) -> None:
        """As an outage, of what is beyond the capacity: the latest booked that nobody picks are decided again."""
        self._known.check(self._key, warehouse=happened.warehouse, service=happened.service)
        at, most = self._time("collection_at", happened.collection_at), happened.capacity_parcels
        since = max(self._now, self._told_at - DAY_SECONDS)  # each day has a calendar to be made: not one of long ago
        self._known.check_collection(self._key, happened.warehouse, happened.service, at, since)
        row, parcel = tables.bookings.c, tables.parcels.c
        own = {"collection_at": at, "warehouse": happened.warehouse, "service": happened.service}
        query = select(row.booked_parcels).where(*(row[name] == value for name, value in own.items()))
        booked = self._tx.execute(query).scalar() or 0
        if booked > most:
            where = [parcel[name] == value for name, value in own.items()]
            waiting = find_parcels(self._tx, parcel.stage == "queued", parcel.is_booked, *where)
            for found in sorted(waiting, key=lambda one: (one.queued_at, one.number))[most - booked :]:
                self._break(found, "capacity")
                booked -= 1
        self._changes.make(self._tx)  # first what decisions take first
        self._changes = Changes()
        capacity = insert(self._tx, tables.bookings).values(**own, capacity_parcels=most)
        keys = tables.bookings.primary_key.columns
        capacity = capacity.on_conflict_do_update(index_elements=keys, set_={"capacity_parcels": most})
        if self._tx.execute(capacity.returning(row.booked_parcels)).scalar_one() > max(most, booked):
            raise Taken(f"room at {happened.warehouse} for {happened.service}")

    @_apply.register
    def _cancel(self, happened: told.Cancelled) -> None:
        row = tables.lines.c
        own = set(self._tx.execute(select(row.sku).where(row.order_id == happened.order)).scalars())
        if not own:
            raise self._refuse("order", happened.order, "an order that was decided")
        for i, sku in enumerate(happened.skus or ()):
            if sku not in own:
                raise self._refuse(f"skus[{i}]", sku, f"a SKU of order {happened.order}")
        # until somebody tells, an order is owed, and experiments count it
        ending = Ending(happened.order, self._told_at, skus=happened.skus)
        cancel_order(self._tx, self._known, self._changes, ending)

    def _break(self, parcel: Row[Any], cause: Cause) -> None:
        take_apart(self._tx, self._changes, parcel, "open")
        break_plan(self._tx, parcel.order_id, cause, self._now)

    def _confirm(self, parcel: Row[Any]) -> None:
        """What somebody has picked does not expire any more, nor does the rest of its orders."""
        row = tables.lines.c
        confirm_orders(self._tx, select(row.order_id).where(row.parcel_id == parcel.id))

    def _leave_queue(self, parcel: Row[Any]) -> None:
        if parcel.stage == "queued":
            self._changes.queue(parcel.warehouse, -1, -parcel.pick_seconds)
        stop_pick(self._tx, parcel)


@cache
def _interrupting(dialect: str, is_longer: bool) -> Any:
    """Stores until when services are interrupted; ``is_longer``: where that is longer than what is known."""
    told_of = insert_for(dialect, tables.interruptions)
    until = told_of.excluded.until
    return told_of.on_conflict_do_update(
        index_elements=tables.interruptions.primary_key.columns,
        set_={"until": until},
        where=tables.interruptions.c.until < until if is_longer else None,
    )


def _latest(parcel: Row[Any]) -> int:
    """UTC second of what happened to a parcel last."""
    return max(at or 0 for at in (parcel.queued_at, parcel.picked_at, parcel.packed_at, parcel.departed_at))
