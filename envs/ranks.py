"""Which event comes first within one second: one table for both clocks.

Events are ordered by (time, rank, entity id); the triple is unique for events that do anything.
Numbers are spaced so that a later kind of event finds its place without renumbering.
"""

from __future__ import annotations

from enum import IntEnum


class Rank(IntEnum):
    """Order of simultaneous events, first to last."""

    RECEIPT_ANNOUNCED = 10  # entity: receipt
    DELIVERY = 20  # entity: parcel
    PICK_FINISHED = 30  # entity: parcel; ready in the second of a collection is in time
    RECEIPT_ARRIVED = 40  # entity: receipt
    COLLECTION = 50  # entity: collection
    # 55 outages and regimes, 60 holds that end, 65 cancellations, 70 plans that broke
    SHIFT_OPENED = 75  # entity: warehouse
    ORDER_ARRIVED = 80  # entity: order; its decision is taken at once
    PICKS_STARTED = 90  # entity: warehouse; after all that is released in this second


RECEIPT_ANNOUNCED = int(Rank.RECEIPT_ANNOUNCED)
DELIVERY = int(Rank.DELIVERY)
PICK_FINISHED = int(Rank.PICK_FINISHED)
RECEIPT_ARRIVED = int(Rank.RECEIPT_ARRIVED)
COLLECTION = int(Rank.COLLECTION)
SHIFT_OPENED = int(Rank.SHIFT_OPENED)
ORDER_ARRIVED = int(Rank.ORDER_ARRIVED)
PICKS_STARTED = int(Rank.PICKS_STARTED)
