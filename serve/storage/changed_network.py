"""A database whose network has changed since it was filled: it must be readable as a snapshot of the new one.

Names that are gone cannot be read, and are refused. What is bound to times and numbers of the old network is let go.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import Connection, Row, delete, literal_column, or_, select, update

from agents.rolling_calendar import MAX_AHEAD_DAYS
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, format_utc
from serve.orders.known import Known
from serve.orders.parcel import UNTOUCHED
from serve.storage import tables

_MOST_NAMED = 10
"""Orders that an error lists."""

_BY_PERSONS = ("review", "declined", "cancelled")
"""States in which an order that is alone waits for nobody but a person."""

_COLUMNS = (
    *(tables.lines.c.order_id, tables.lines.c.sku, tables.lines.c.state.label("line_state")),
    *(tables.orders.c.state, tables.orders.c.group_id),
)
"""What is asked of a line."""

_log = logging.getLogger(__name__)


def fit(tx: Connection, known: Known) -> None:
    """Fits a database that has been filled to a network.

    Args:
        tx: a writing transaction.
        known: the network.

    Raises:
        InputError: a name that the network does not have.
    """
    _check_names(tx, known)
    _check_lines(tx, known)
    _close_stations(tx, known)
    if known.calendar_end is None:  # a replayed simulation has one calendar from its beginning to its end
        _forget_collections(tx, known)


def _check_names(tx: Connection, known: Known) -> None:
    warehouses = set(tx.execute(select(tables.stations.c.warehouse)).scalars())
    if warehouses != set(known.names.warehouses):
        others = sorted(warehouses ^ set(known.names.warehouses))
        expected = f"a database of the warehouses of {known.public.id}"
        remedy = "name another database; without --database it is routelab.db in the folder of the command"
        raise InputError("--database", f"differs in {others[0]!r}", expected, remedy)
    counter = tables.demand.c
    services = tx.execute(select(tables.punctuality.c.service)).scalars()
    regions = tx.execute(select(counter.name).where(counter.kind == "region")).scalars()
    for kind, held, has in (("service", services, known.names.services), ("region", regions, known.names.regions)):
        gone = sorted(set(held) - set(has))
        if gone:
            remedy = f"serve a bundle of a network that still has each {kind}, used or not, or name another database"
            raise InputError("--database", f"holds {', '.join(gone)}", f"each {kind} of {known.public.id} only", remedy)


def _check_lines(tx: Connection, known: Known) -> None:
    """Refuses to lose a SKU of a line that waits for a decision, or whose plan may break still.

    What has expired may never be decided again, unless it is of a group, whose others bring it along. What a person
    decides alone can be ended where it is served, and is only told.
    """
    has = set(known.names.skus)
    lost = [row for row in (*_waiting(tx), *_breakable(tx)) if row.sku not in has]
    told = [row for row in lost if row.line_state == "open" and row.group_id is None and row.state in _BY_PERSONS]
    if told:  # which ones the queue of reviews and their errors tell: no line of the log names an order
        words = "%d orders that no router decides can only be cancelled or rejected: the network has lost their SKUs"
        _log.warning(words, len({row.order_id for row in told}))
    gone = sorted(f"{row.sku} in order {row.order_id}" for row in lost if row not in told)
    if gone:
        more = [f"{len(gone) - _MOST_NAMED} more"] if len(gone) > _MOST_NAMED else []
        expected = f"only SKUs of {known.public.id} in orders that may be decided again"
        remedy = "cancel them at an endpoint with the former bundle, or keep the SKU until they are packed"
        raise InputError("--database", f"holds {', '.join(gone[:_MOST_NAMED] + more)}", expected, remedy)


def _waiting(tx: Connection) -> Sequence[Row[str, str, str, str, str | None]]:
    """Lines that wait for a decision, but those of orders that expired alone."""
    line, order = tables.lines.c, tables.orders.c
    is_owed = or_(order.state != "expired", order.group_id.is_not(None))
    query = select(*_COLUMNS).join(tables.orders, order.id == line.order_id)
    is_open = line.state == literal_column("'open'")  # a parameter would not be found to fit the index of open lines
    return tx.execute(query.where(is_open, is_owed)).all()


def _breakable(tx: Connection) -> Sequence[Row[str, str, str, str, str | None]]:
    """Lines in parcels that may lose them."""
    line, order, parcel = tables.lines.c, tables.orders.c, tables.parcels.c
    query = select(*_COLUMNS).join(tables.parcels, parcel.id == line.parcel_id)
    query = query.join(tables.orders, order.id == line.order_id)
    return tx.execute(query.where(line.state == "planned", parcel.stage.in_((*UNTOUCHED, "picking")))).all()


def _close_stations(tx: Connection, known: Known) -> None:
    row = tables.stations.c
    for warehouse, most in known.num_stations.items():
        more = update(tables.stations).where(row.warehouse == warehouse, row.num_open > most)
        if tx.execute(more.values(num_open=most)).rowcount:
            _log.warning("stations closed at %s: the network has %d", warehouse, most)


def _forget_collections(tx: Connection, known: Known) -> None:
    """Forgets bookings of collections to come that the network does not have, such as those of a truck that was moved.

    Parcels that were to leave with them keep their plans: they leave with whatever comes, and take no room there.
    """
    row, parcel = tables.bookings.c, tables.parcels.c
    for booking in _gone(tx, known):
        own = booking._asdict()
        tx.execute(delete(tables.bookings).where(*(row[name] == value for name, value in own.items())))
        aboard = (parcel.is_booked, *(parcel[name] == value for name, value in own.items()))
        num_parcels = tx.execute(update(tables.parcels).where(*aboard).values(is_booked=False)).rowcount
        words = "forgotten, as the network has no such collection: %s by %s at %s, with %d parcels"
        _log.warning(words, booking.warehouse, booking.service, format_utc(booking.collection_at), num_parcels)


def _gone(tx: Connection, known: Known) -> list[Row[int, str, str]]:
    """Bookings that no decision could be made with."""
    row, decision = tables.bookings.c, tables.decisions.c
    since = tx.execute(select(decision.decided_at).order_by(decision.id.desc()).limit(1)).scalar() or 0
    coming = select(row.collection_at, row.warehouse, row.service).where(row.collection_at >= since)
    found = tx.execute(coming.order_by(row.collection_at)).all()
    if not found:
        return []
    first = found[0].collection_at
    needed_until = min(found[-1].collection_at, first + MAX_AHEAD_DAYS * DAY_SECONDS)
    network = known.calendar.network(first, needed_until=needed_until)
    end = int(network.settings["epoch_seconds"][0] + network.settings["end_seconds"][0])
    pairs = {(booking.warehouse, booking.service) for booking in found}
    times = {pair: {*known.collections(network, *pair)} for pair in pairs}
    return [
        booking
        for booking in found
        if booking.collection_at < end and booking.collection_at not in times[booking.warehouse, booking.service]
    ]
