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
    REVIEW = 43  # entity: warehouse; reorders after receipts of the same second
    RELEASE_DUE = 46  # entity: parcel; its presale date has come
    OUTAGE = 48  # entity: outage; cancels the collections of the same second
    REGIME = 49  # entity: regime; stretches what departs in the same second
    COLLECTION = 50  # entity: collection
    # After all that changes stock, queues and what is announced, before whatever is decided: prices solved in a second
    # know all that has happened in it, and prices that come into force serve its first decision.
    PRICES_DUE = 55  # entity: 0; bid prices are solved
    PRICES_IN = 57  # entity: 0; solved prices come into force, without delay in the second in which they are solved
    HOLD_ENDED = 60  # entity: first order of the group
    IMPATIENCE = 65  # entity: order; after holds that end, before broken plans are planned again
    PLAN_BROKE = 70  # entity: first order of the group; all that broke in this second is decided at once
    SHIFT_OPENED = 75  # entity: warehouse
    ORDER_ARRIVED = 80  # entity: order; its decision is taken at once
    PICKS_STARTED = 90  # entity: warehouse; after all that is released in this second


RECEIPT_ANNOUNCED = int(Rank.RECEIPT_ANNOUNCED)
DELIVERY = int(Rank.DELIVERY)
PICK_FINISHED = int(Rank.PICK_FINISHED)
RECEIPT_ARRIVED = int(Rank.RECEIPT_ARRIVED)
REVIEW = int(Rank.REVIEW)
RELEASE_DUE = int(Rank.RELEASE_DUE)
OUTAGE = int(Rank.OUTAGE)
REGIME = int(Rank.REGIME)
COLLECTION = int(Rank.COLLECTION)
PRICES_DUE = int(Rank.PRICES_DUE)
PRICES_IN = int(Rank.PRICES_IN)
HOLD_ENDED = int(Rank.HOLD_ENDED)
IMPATIENCE = int(Rank.IMPATIENCE)
PLAN_BROKE = int(Rank.PLAN_BROKE)
SHIFT_OPENED = int(Rank.SHIFT_OPENED)
ORDER_ARRIVED = int(Rank.ORDER_ARRIVED)
PICKS_STARTED = int(Rank.PICKS_STARTED)
