"""What happened, as a shop tells it. Each event has an id, and counts once however often it is sent."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from agents.documents import Document, Name, Time, Units


class Event(Document):
    """Something that happened at a time."""

    id: Name = Field(description="new for each event; the same id with another content is refused")
    at: Time


class ReceiptAnnounced(Event):
    """Goods will come."""

    kind: Literal["receipt_announced"]
    receipt: Name
    warehouse: Name
    sku: Name
    expected_at: Time
    units: Units


class ReceiptArrived(Event):
    """They came, with so many units: backorders get theirs in the order of booking, the rest is for sale."""

    kind: Literal["receipt_arrived"]
    receipt: Name
    units: Units


class PickStarted(Event):
    """Somebody picks a parcel; from now on its order counts as confirmed."""

    kind: Literal["pick_started"]
    parcel: Name
    expected_finish_at: Time | None = Field(None, description="the expected pick from now, if not given")


class ShortLine(Document):
    """A line of which not all units were found: what was found goes back to the shelf.

    It is decided again, unless it was cancelled while it was picked.
    """

    sku: Name
    found_units: Units


class PickFinished(Event):
    """A parcel is packed."""

    kind: Literal["pick_finished"]
    parcel: Name
    short: list[ShortLine] = Field(default=[], max_length=60)


class HandedOver(Event):
    """A carrier has taken a parcel."""

    kind: Literal["handed_over"]
    parcel: Name


class Delivered(Event):
    """A parcel is at the door."""

    kind: Literal["delivered"]
    parcel: Name


class Outage(Event):
    """A carrier service, or all, does not collect until a time; plans that needed it break.

    Told again of one service at one warehouse, the last one holds; of more at once, the longest for each of them.
    """

    kind: Literal["outage"]
    service: Name | None = Field(default=None, description="all services, if not given: the warehouse is closed")
    warehouse: Name | None = Field(None, description="everywhere, if not given")
    until: Time = Field(description="not after ``at``: it is over, whatever was told before")


class Capacity(Event):
    """A carrier says how many parcels one collection takes; told again, the last holds. Plans beyond it break."""

    kind: Literal["capacity"]
    warehouse: Name
    service: Name
    collection_at: Time
    capacity_parcels: Units = Field(description="in all, with those that are booked already")


class Cancelled(Event):
    """A customer cancelled: what nobody has begun to pick ends."""

    kind: Literal["cancelled"]
    order: Name
    skus: list[Name] | None = Field(
        None, description="of the lines that end, each of this order; all, if not given", min_length=1, max_length=60
    )


AFTER_PRICES = (PickStarted, Cancelled)
"""What happens after bid prices are solved in the same second, see ``envs.ranks``; all else does before."""

AnyEvent = Annotated[
    ReceiptAnnounced
    | ReceiptArrived
    | PickStarted
    | PickFinished
    | HandedOver
    | Delivered
    | Outage
    | Capacity
    | Cancelled,
    Field(discriminator="kind"),
]


class EventBatch(Document):
    """Events in the order in which they happened; all are kept, or none."""

    events: Annotated[list[AnyEvent], Field(min_length=1, max_length=1000)]


class CountedStock(Document):
    """Units that lie in a warehouse."""

    warehouse: Name
    sku: Name
    on_hand_units: Units
    reference_units: Units | None = Field(None, description="available after the last receipt; now, if not given")


class Inventory(Document):
    """A count. Goods that are not there any more break the plans made last."""

    id: Name = Field(description="new for each count")
    at: Time
    rows: Annotated[list[CountedStock], Field(min_length=1, max_length=20_000)]


class CountedStation(Document):
    """Pick stations of a warehouse and what waits there."""

    warehouse: Name
    num_open: Units
    num_queued: Units
    queued_seconds: Units


class Stations(Document):
    """Pick queues as they are."""

    id: Name = Field(description="new for each report")
    at: Time
    rows: Annotated[list[CountedStation], Field(min_length=1, max_length=20_000)]


class Applied(BaseModel):
    """What became of events."""

    applied: int = Field(description="new ones")
    known: int = Field(description="sent before, with the same content")
