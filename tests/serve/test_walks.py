"""Random shops: whatever happens in whatever order, what is taken is what the parcels hold."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import and_, func, select

from scenarios.errors import InputError
from scenarios.local_time import format_utc, parse_utc
from serve.audit.log import complaints
from serve.decisions.desk import Desk
from serve.orders.counted import count_stock
from serve.orders.ending import Ending, cancel_order
from serve.orders.event import Inventory
from serve.orders.order import Conflict, confirm_order, describe_order
from serve.orders.parcel import ENDING
from serve.orders.tasks import lease_tasks
from serve.reviews.ending import reject, take_back_to_queue
from serve.reviews.queue import list_reviews
from serve.storage import tables
from tests.serve.decisions.test_desk import ask, ask_again, change
from tests.serve.orders.test_happened import tell

Request = Callable[..., dict[str, Any]]
NUM_STEPS = 120


class Shop:
    """One shop and the dice by which its day goes."""

    def __init__(self, desk: Desk, documents: list[dict[str, Any]], seed: int) -> None:
        self.desk, self.documents, self.dice = desk, documents, random.Random(seed)
        self.now = parse_utc("t", documents[0]["order"]["placed_at"])
        self.orders: list[str] = []
        self.receipts: list[str] = []
        self.done: dict[str, int] = {}

    def step(self) -> None:
        """Something happens; what cannot happen now is refused."""
        self.now += self.dice.randrange(1, 400)
        often = [self.order, self.move]
        seldom = [self.confirm, self.cancel, self.again, self.announce, self.receive, self.outage, self.count]
        seldom += [self.back, self.reject, self.limit]
        act = self.dice.choice([*often * 3, *seldom, self.keep])
        try:
            act()
            self.done[act.__name__] = self.done.get(act.__name__, 0) + 1
        except (Conflict, InputError):
            pass

    def order(self) -> None:
        document = self.dice.choice(self.documents)["order"]
        name = f"o{len(self.orders)}"
        lines = [{**line, "units": self.dice.randrange(1, 4)} for line in document["lines"]]
        promise = format_utc(self.now + 3 * 86_400)
        plain = {"region": document["region"], "requirements": document["requirements"], "promise_at": promise}
        ask(
            self.desk,
            {
                **plain,
                "id": name,
                "lines": [{"sku": row["sku"], "units": row["units"]} for row in lines],
                "placed_at": format_utc(self.now),
            },
        )
        self.orders.append(name)

    def confirm(self) -> None:
        name = self.dice.choice(self.orders)
        change(self.desk, lambda tx, changes: confirm_order(tx, name))

    def cancel(self) -> None:
        name = self.dice.choice(self.orders)
        change(self.desk, lambda tx, changes: cancel_order(tx, self.desk.known, changes, Ending(name, self.now)))

    def back(self) -> None:
        name, known, limits = self.dice.choice(self.orders), self.desk.known, self.desk.settings.review
        change(self.desk, lambda tx, changes: take_back_to_queue(tx, known, changes, name, self.now, limits))

    def reject(self) -> None:
        with self.desk.database.reading() as tx:
            review = self.dice.choice(list_reviews(tx, "open", 0, 100))
        change(
            self.desk, lambda tx, changes: reject(tx, self.desk.known, changes, review.review_id, "tester", self.now)
        )

    def again(self) -> None:
        with self.desk.database.writing() as tx:
            tasks = lease_tasks(tx, self.now, 1, 60)
        for task in tasks:
            ask_again(self.desk, task.order_id, self.now)

    def move(self) -> None:
        row = tables.parcels.c
        with self.desk.database.reading() as tx:
            parcels = tx.execute(select(row.id, row.stage).where(row.stage.in_(NEXT)).order_by(row.number)).all()
            parcel = self.dice.choice(parcels)
            kind, line = NEXT[parcel.stage], tables.lines.c
            held = tx.execute(select(line.sku, line.units).where(line.parcel_id == parcel.id)).all()
        event: dict[str, Any] = {"kind": kind, "parcel": parcel.id}
        if kind == "pick_finished" and self.dice.random() < 0.4:
            short = self.dice.choice(held)
            event["short"] = [{"sku": short.sku, "found_units": self.dice.randrange(short.units)}]
        tell(self.desk, self.now, event)

    def announce(self) -> None:
        name = f"truck-{len(self.receipts)}"
        sku, house = self._sku(), self.dice.choice(self.desk.known.names.warehouses)
        expected_at, units = format_utc(self.now + 7200), self.dice.randrange(1, 9)
        event = {"kind": "receipt_announced", "receipt": name, "warehouse": house, "sku": sku, "units": units}
        tell(self.desk, self.now, {**event, "expected_at": expected_at})
        self.receipts.append(name)

    def receive(self) -> None:
        receipt = self.dice.choice(self.receipts)
        tell(self.desk, self.now, {"kind": "receipt_arrived", "receipt": receipt, "units": self.dice.randrange(9)})

    def outage(self) -> None:
        service, until = self.dice.choice(self.desk.known.names.services), format_utc(self.now + 20_000)
        tell(self.desk, self.now, {"kind": "outage", "service": service, "until": until})

    def limit(self) -> None:
        row = tables.bookings.c
        with self.desk.database.reading() as tx:
            coming = select(row.warehouse, row.service, row.collection_at).where(row.collection_at >= self.now)
            found = self.dice.choice(tx.execute(coming.order_by(*tables.bookings.primary_key.columns)).all())
        place = {"warehouse": found.warehouse, "service": found.service}
        capacity = {"collection_at": format_utc(found.collection_at), "capacity_parcels": self.dice.randrange(4)}
        tell(self.desk, self.now, {"kind": "capacity", **place, **capacity})

    def count(self) -> None:
        house = self.dice.choice(self.desk.known.names.warehouses)
        row = {"warehouse": house, "sku": self._sku(), "on_hand_units": self.dice.randrange(6)}
        counted = Inventory.model_validate({"id": str(self.now), "at": format_utc(self.now), "rows": [row]})
        with self.desk.database.writing() as tx:
            count_stock(tx, self.desk.known, counted, self.now)

    def keep(self) -> None:
        self.desk.keep_until(self.now)

    def _sku(self) -> str:
        return str(self.dice.choice(self.dice.choice(self.documents)["order"]["lines"])["sku"])


NEXT = {"queued": "pick_started", "picking": "pick_finished", "packed": "handed_over", "departed": "delivered"}


def check(desk: Desk) -> None:
    """Sums over parcels are those that the shared rows state."""
    parcel, line, cell = tables.parcels.c, tables.lines.c, tables.stock.c
    with_lines = tables.lines.join(tables.parcels, line.parcel_id == parcel.id)
    with desk.database.reading() as tx:

        def sums(query: Any) -> dict[Any, Any]:
            return {row[0] if len(row) == 2 else tuple(row[:-1]): row[-1] for row in tx.execute(query) if row[-1]}

        def taken(*stages: str) -> dict[Any, Any]:
            query = select(parcel.warehouse, line.sku, func.sum(line.units)).select_from(with_lines)
            return sums(query.where(parcel.stage.in_(stages)).group_by(parcel.warehouse, line.sku))

        assert taken("later", "queued", "picking", "packed") == sums(
            select(cell.warehouse, cell.sku, cell.allocated_units)
        )
        assert sums(
            select(parcel.receipt_id, func.sum(line.units))
            .select_from(with_lines)
            .where(parcel.stage == "claimed")
            .group_by(parcel.receipt_id)
        ) == sums(select(tables.receipts.c.id, tables.receipts.c.claimed_units))
        booked = tables.bookings.c
        assert sums(
            select(parcel.collection_at, parcel.warehouse, parcel.service, func.count())
            .where(parcel.is_booked)
            .group_by(parcel.collection_at, parcel.warehouse, parcel.service)
        ) == sums(select(booked.collection_at, booked.warehouse, booked.service, booked.booked_parcels))
        aboard = and_(parcel.is_booked, *(column == parcel[column.name] for column in tables.bookings.primary_key))
        too_many = (booked.booked_parcels > booked.capacity_parcels, parcel.stage == "queued")
        both = tables.bookings.join(tables.parcels, aboard)
        assert tx.execute(select(parcel.id).select_from(both).where(*too_many)).all() == []
        queue = select(parcel.warehouse, func.count()).where(parcel.stage == "queued").group_by(parcel.warehouse)
        assert sums(queue) == sums(select(tables.stations.c.warehouse, tables.stations.c.num_queued))
        picking = set(tx.execute(select(parcel.id).where(parcel.stage == "picking")).scalars())
        assert picking == set(tx.execute(select(tables.picks.c.parcel_id)).scalars())
        states = {
            (state, stage)
            for state, stage in tx.execute(
                select(line.state, parcel.stage).select_from(
                    tables.lines.outerjoin(tables.parcels, line.parcel_id == parcel.id)
                )
            )
        }
        allowed = {("planned", stage) for stage in ("claimed", "later", "queued", "picking", "packed", "departed")}
        allowed |= {(state, stage) for state in ENDING for stage in ("picking", "packed", "departed")}
        assert states <= allowed | {("open", None), ("cancelled", None), ("declined", None), ("delivered", "delivered")}


def check_lines(desk: Desk) -> set[str]:
    """Every line of every order is in exactly one list of its answer.

    Returns:
        The lists that have lines.
    """
    used = set()
    with desk.database.reading() as tx:
        for order in tx.execute(select(tables.orders)).all():
            answer = describe_order(tx, order.id)
            lists = {name: skus for name, skus in answer if name.endswith("_lines")}
            asked = [line["sku"] for line in json.loads(order.document)["lines"]]
            assert sorted(itertools.chain(*lists.values())) == sorted(asked)
            used |= {name for name, skus in lists.items() if skus}
    return used


@pytest.mark.parametrize("seed", [1, 2])
def test_whatever_happens_it_adds_up(desk: Desk, make_request: Request, seed: int) -> None:
    shop = Shop(desk, [make_request(position) for position in range(8)], seed)
    for _ in range(NUM_STEPS):
        try:
            shop.step()
        except IndexError:  # nothing to choose from yet
            continue
        check(desk)
    assert len(shop.done) == 13  # each kind has happened
    assert {"planned_lines", "delivered_lines", "cancelled_lines"} <= check_lines(desk)
    desk.keep_until(shop.now + 10**6)
    check(desk)
    with desk.database.reading() as tx:
        reserved = select(func.count()).select_from(tables.orders).where(tables.orders.c.state == "reserved")
        assert tx.execute(reserved).scalar() == 0
        assert list(complaints(tx)) == []
