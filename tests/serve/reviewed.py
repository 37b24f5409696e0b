"""What is looked at in tests of reviews, and what persons do."""

from __future__ import annotations

import uuid
from typing import Any

from sqlalchemy import select

from scenarios.local_time import format_utc
from serve.decisions.desk import Desk
from serve.decisions.record import read_record
from serve.orders.counted import count_stock
from serve.orders.event import Inventory
from serve.orders.order import describe_order
from serve.reviews.ending import take_back_to_queue
from serve.reviews.override import Override, override
from serve.reviews.queue import ReviewAnswer, list_reviews
from serve.storage import tables
from tests.serve.decisions.test_desk import change


def reviews_of(desk: Desk, state: Any = "open") -> list[ReviewAnswer]:
    with desk.database.reading() as tx:
        return list_reviews(tx, state, 0, 100)


def state_of(desk: Desk, order_id: str) -> str:
    with desk.database.reading() as tx:
        return describe_order(tx, order_id).state


def empty_shelves(desk: Desk) -> None:
    with desk.database.writing() as tx:
        tx.execute(tables.stock.update().values(on_hand_units=tables.stock.c.allocated_units))


def count(desk: Desk, sku: str, at: int, units: int) -> None:
    """Finds so many units of a SKU in every warehouse."""
    rows = [{"warehouse": name, "sku": sku, "on_hand_units": units} for name in desk.known.names.warehouses]
    counted = Inventory.model_validate({"id": uuid.uuid4().hex, "at": format_utc(at), "rows": rows})
    with desk.database.writing() as tx:
        count_stock(tx, desk.known, counted, at)


def take_back(desk: Desk, order_id: str, now: int) -> None:
    limits = desk.settings.review
    change(desk, lambda tx, changes: take_back_to_queue(tx, desk.known, changes, order_id, now, limits))


def put_instead(desk: Desk, review_id: str, plan: dict[str, Any], now: int, **options: Any) -> dict[str, Any]:
    """Overrides with the parcels of a plan as answers show it."""
    parcels = [
        {
            "warehouse": parcel["warehouse"],
            "service": parcel["service"],
            "skus": [line["sku"] for line in parcel["lines"]],
            "receipt": parcel["receipt"] and parcel["receipt"]["id"],
        }
        for parcel in plan["parcels"]
    ]
    wanted = Override.model_validate({"parcels": parcels, **options})
    with desk.database.writing() as tx:
        override(tx, desk, review_id, wanted, "a planner", now)
    with desk.database.reading() as tx:
        row = tables.decisions.c
        latest = tx.execute(select(tables.orders.c.decision_id)).scalars().all()
        found = tx.execute(select(tables.decisions).where(row.id.in_(latest))).all()
        (record,) = [read_record(tx, one) for one in found if one.stage == "review"]
        assert record.replay(desk.service).is_same
        return record.told().model_dump()
