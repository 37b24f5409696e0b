"""What is shared goes up and down, never beyond what it is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from threading import Barrier

import pytest
from sqlalchemy import Table, select, update

from serve.orders.changes import Changes, Taken
from serve.storage import tables
from serve.storage.database import Database, insert_new
from serve.storage.retry import retried

PLACE = (7200, "north", "post")


def make(database: Database, changes: Changes) -> None:
    with database.writing() as tx:
        changes.make(tx)


def moved(**units: int) -> Changes:
    changes = Changes()
    changes.move("lamp", "north", **units)
    return changes


def only_row(database: Database, table: Table, *columns: str) -> tuple[int, ...]:
    with database.reading() as tx:
        return tuple(tx.execute(select(*(table.c[name] for name in columns))).one())


def test_units_come_are_taken_and_go(database: Database) -> None:
    for changes, found in (
        (moved(on_hand=5, allocated=2), (5, 2)),  # the first ones that were ever there, some of them promised before
        (moved(allocated=3), (5, 5)),
        (moved(on_hand=-1, allocated=-1), (4, 4)),
        (moved(on_hand=2), (6, 4)),
        (moved(), (6, 4)),
    ):
        make(database, changes)
        assert only_row(database, tables.stock, "on_hand_units", "allocated_units") == found


@pytest.mark.parametrize(
    "units",
    [{"allocated": 3}, {"allocated": -5}, {"on_hand": -3}, {"on_hand": -7, "allocated": -4}],
    ids=["more than free", "more than taken", "what is promised", "more than there"],
)
def test_what_is_not_there_is_not_taken(database: Database, units: dict[str, int]) -> None:
    make(database, moved(on_hand=6, allocated=4))
    with pytest.raises(Taken, match="lamp at north"):
        make(database, moved(**units))
    assert only_row(database, tables.stock, "on_hand_units", "allocated_units") == (6, 4)


def test_nothing_is_taken_where_nothing_ever_was(database: Database) -> None:
    with pytest.raises(Taken):
        make(database, moved(allocated=1))


def test_room_is_limited_and_given_back(database: Database) -> None:
    for parcels, is_made, booked in ((2, True, 2), (2, False, 2), (1, True, 3), (-2, True, 1), (-9, True, 0)):
        changes = Changes()
        changes.bookings[PLACE], changes.room[PLACE] = parcels, 3
        if is_made:
            make(database, changes)
        else:
            with pytest.raises(Taken, match="room at north for post"):
                make(database, changes)
        assert only_row(database, tables.bookings, "booked_parcels") == (booked,)


def test_the_carriers_word_counts_whatever_was_known_before(database: Database) -> None:
    """A decision that was made before the carrier said how much it takes."""
    time, warehouse, service = PLACE
    place = {"collection_at": time, "warehouse": warehouse, "service": service}
    with database.writing() as tx:
        insert_new(tx, tables.bookings, **place, booked_parcels=1, capacity_parcels=2)
    for known, is_made, booked in ((9, True, 2), (9, False, 2), (1, False, 2)):
        changes = Changes()
        changes.bookings[PLACE], changes.room[PLACE] = 1, known
        if is_made:
            make(database, changes)
        else:
            with pytest.raises(Taken, match="room at north for post"):
                make(database, changes)
        assert only_row(database, tables.bookings, "booked_parcels", "capacity_parcels") == (booked, 2)


def test_who_waits_for_each_other_in_a_circle_tries_again(database: Database) -> None:
    """PostgreSQL ends one of them, or both (40P01); writers of a SQLite file take turns."""
    make(database, moved(on_hand=1))
    with database.writing() as tx:
        insert_new(tx, tables.stations, warehouse="north", num_open=1)
    both, statements = Barrier(2), (update(tables.stock), update(tables.stations))
    values = ({"reference_units": tables.stock.c.reference_units + 1}, {"num_open": tables.stations.c.num_open + 1})

    def act(first: int, attempts: list[int]) -> None:
        attempts.append(first)
        with database.writing() as tx:
            for i in (first, 1 - first):
                tx.execute(statements[i].values(**values[i]))
                if len(attempts) == 1 and i == first and not database.is_sqlite:
                    both.wait()

    tries: list[list[int]] = [[], []]
    with ThreadPoolExecutor(2) as pool:
        for done in [pool.submit(retried, partial(act, i, tries[i])) for i in range(2)]:
            done.result()
    assert (sum(map(len, tries)) > 2) != database.is_sqlite
    assert only_row(database, tables.stock, "reference_units") == (2,)
    assert only_row(database, tables.stations, "num_open") == (3,)


def test_more_than_the_whole_room_is_refused_at_once(database: Database) -> None:
    changes = Changes()
    changes.bookings[PLACE], changes.room[PLACE] = 4, 3
    with pytest.raises(Taken):
        make(database, changes)


def test_claims_end_with_what_is_announced(database: Database) -> None:
    receipt = {"id": "truck", "warehouse": "north", "sku": "lamp", "expected_at": 0, "expected_units": 5}
    with database.writing() as tx:
        insert_new(tx, tables.receipts, **receipt, is_open=True)
    for units, is_made, claimed in ((4, True, 4), (2, False, 4), (1, True, 5), (-6, False, 5), (-5, True, 0)):
        changes = Changes()
        changes.claims["truck"] = units
        if is_made:
            make(database, changes)
        else:
            with pytest.raises(Taken, match="receipt truck"):
                make(database, changes)
        assert only_row(database, tables.receipts, "claimed_units") == (claimed,)


def test_a_queue_that_was_corrected_does_not_fall_below_nothing(database: Database) -> None:
    with database.writing() as tx:
        insert_new(tx, tables.stations, warehouse="north", num_open=1)
    for parcels, seconds, found in ((2, 90, (2, 90)), (-1, -100, (1, 0)), (-3, -10, (0, 0))):
        changes = Changes()
        changes.queue("north", parcels, seconds)
        make(database, changes)
        assert only_row(database, tables.stations, "num_queued", "queued_seconds") == found
