"""The documents that an order and what is known at its decision are written in: names and UTC times, no indices.

Recorded decisions, golden cases of a bundle and requests to the endpoint share them. What is not
the business of JSON's shape (does this warehouse exist?) is checked in ``agents.snapshot_document``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from envs.state import MAX_LINES
from scenarios.checks import MAX_MILLICENTS, MAX_UNITS
from scenarios.errors import InputError
from scenarios.local_time import MINUTE_SECONDS
from scenarios.settings import MAX_HOLD_MINUTES

SNAPSHOT_SCHEMA = "routelab.snapshot/2"
"""Changes with the meaning of any field; new optional fields do not change it."""

MAX_ROWS = 20_000
"""Rows of one table in a document."""

Name = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[^\x00]*$")]  # PostgreSQL's text has no zeros
Time = Annotated[str, Field(min_length=1, max_length=40, description="ISO 8601 with zone, whole seconds")]
Units = Annotated[int, Field(ge=0, le=MAX_UNITS)]
Rate = Annotated[int, Field(ge=0, le=24_000 * MAX_UNITS)]
Money = Annotated[int, Field(ge=0, le=MAX_MILLICENTS, description="thousandths of a cent")]


class Document(BaseModel):
    """Strict: no conversions, no unknown fields, no NaN."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False)


class LineDocument(Document):
    """One SKU of an order; never divided between parcels."""

    sku: Name
    units: Annotated[int, Field(ge=1, le=1_000_000)]
    ship_from: Time | None = Field(None, description="presale: not before; the SKU's date if not given")
    promise_at: Time | None = Field(
        None, description="the order's if not given, later by as much as a presale date is after placed_at"
    )
    margin_millicents: Money | None = Field(None, description="lost if declined; that of the SKU's units if not given")
    order: Annotated[int, Field(ge=0, lt=MAX_LINES, description="which of the orders decided together, from 0")] = 0
    requirements: list[Name] | None = Field(
        None, description="handling of the line's order; that of the document's order if not given", max_length=16
    )


class OrderDocument(Document):
    """What the customer wants; lines of several orders of one customer may be decided together."""

    id: Name
    region: Name
    promise_at: Time
    lines: Annotated[list[LineDocument], Field(min_length=1, max_length=MAX_LINES)]
    placed_at: Time | None = Field(None, description="the snapshot's time if not given")
    customer: Name | None = Field(
        None,
        description="a pseudonym; the next order to this region joins one that is held; experiments may draw for it",
    )
    orders: list[Name] = Field(default=[], description="decided together, as lines count them", max_length=MAX_LINES)
    requirements: list[Name] = Field(default=[], description="handling of the whole order, such as gift", max_length=16)
    margin_millicents: Money | None = Field(None, description="lost if declined; the sum of the lines' if not given")
    num_holds: Annotated[int, Field(ge=0, le=1000, description="how often it was held")] = 0
    held_seconds: Annotated[int, Field(ge=0, le=MAX_HOLD_MINUTES * MINUTE_SECONDS, description="in all")] = 0
    is_again: bool = Field(False, description="a plan for these lines broke")


class StockDocument(Document):
    """One SKU in one warehouse. SKUs that the order does not need may be left out."""

    warehouse: Name
    sku: Name
    on_hand_units: Units
    allocated_units: Units = 0
    reference_units: Units | None = Field(None, description="available after the last receipt; now, if not given")
    bid_price_millicents: Money | None = Field(None, description="the bundle's pricing rule if not given")


class StationDocument(Document):
    """Pick stations of one warehouse; every warehouse has a row."""

    warehouse: Name
    num_open: Units
    busy_until: list[Time] = Field(default=[], description="expected finish of each running pick", max_length=10_000)
    num_queued: Units = 0
    queued_seconds: Units = Field(0, description="expected work that waits")


class BookingDocument(Document):
    """Room already booked on one collection; a collection without a row is empty."""

    warehouse: Name
    service: Name
    collection_at: Time
    booked_parcels: Units
    capacity_parcels: Units | None = Field(None, description="that this collection takes; the scenario's if not given")


class ReceiptDocument(Document):
    """Announced goods, in the order of announcement."""

    id: Name | None = None
    warehouse: Name
    sku: Name
    expected_at: Time
    expected_units: Units
    claimed_units: Units = Field(0, description="already promised to backorders")


class PunctualityDocument(Document):
    """Deliveries seen of one carrier service; 1000 permille if nothing was seen."""

    service: Name
    transit_permille: Annotated[int, Field(ge=0, le=1_000_000, description="moving average of actual over expected")]
    num_delivered: Units = 0
    num_late: Units = 0


class InterruptionDocument(Document):
    """A carrier service does not collect at a warehouse for a while."""

    warehouse: Name
    service: Name
    until: Time


class RegionDemandDocument(Document):
    """Orders seen from one region."""

    region: Name
    num_orders: Annotated[Units, Field(description="since counting began")]
    orders_this_hour: Units
    orders_last_hour: Units
    recent_milli: Annotated[Rate, Field(description="orders an hour, in thousandths, half forgotten in six hours")]


class GoodsDemandDocument(Document):
    """Units seen ordered of one SKU."""

    sku: Name
    demanded_units: Annotated[Units, Field(description="since counting began")]
    units_this_hour: Units
    recent_milli: Annotated[Rate, Field(description="units a day, in thousandths, half forgotten in six hours")]


class DemandDocument(Document):
    """Counters of recent demand; hours count from the scenario's epoch."""

    orders_this_hour: Annotated[Units, Field(description="this order included")]
    orders_last_hour: Units
    regions: list[RegionDemandDocument] = Field(
        default=[], description="a region without a row has ordered nothing", max_length=MAX_ROWS
    )
    goods: list[GoodsDemandDocument] = Field(
        default=[], description="goods without a row were not ordered", max_length=MAX_ROWS
    )


class WeightsDocument(Document):
    """Preferences over the objectives, kept in thousandths."""

    cost: Annotated[float, Field(ge=0, le=1000)]
    lateness: Annotated[float, Field(ge=0, le=1000)]
    carbon: Annotated[float, Field(ge=0, le=1000)]


class SnapshotDocument(Document):
    """What a router may know at one moment."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True, allow_inf_nan=False, populate_by_name=True)

    schema_version: Literal["routelab.snapshot/2"] = Field(alias="schema")
    now: Time
    stock: Annotated[list[StockDocument], Field(min_length=1, max_length=MAX_ROWS)]
    stations: Annotated[list[StationDocument], Field(min_length=1, max_length=MAX_ROWS)]
    demand: DemandDocument
    bookings: list[BookingDocument] = Field(default=[], max_length=MAX_ROWS)
    receipts: list[ReceiptDocument] = Field(default=[], max_length=MAX_ROWS)
    punctuality: list[PunctualityDocument] = Field(default=[], max_length=MAX_ROWS)
    interruptions: list[InterruptionDocument] = Field(default=[], max_length=MAX_ROWS)
    weights: WeightsDocument | None = Field(None, description="the bundle's if not given")
    calendar_end: Time | None = Field(None, description="end of a simulated calendar; none in production")


class CaseDocument(Document):
    """An order and the moment of its decision."""

    order: OrderDocument
    snapshot: SnapshotDocument


def parse_case(data: Mapping[str, Any]) -> CaseDocument:
    """Reads a case from plain JSON values.

    Raises:
        InputError: the first field that does not fit.
    """
    try:
        return CaseDocument.model_validate(data)
    except ValidationError as error:
        raise field_error(error.errors(include_url=False)[0]) from error


def field_error(problem: Mapping[str, Any], skip: tuple[str, ...] = ()) -> InputError:
    """The lab's error for one problem found by pydantic; ``skip`` names leading parts of its path to drop."""
    parts = list(problem["loc"])
    while parts and parts[0] in skip:
        parts.pop(0)
    key = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in parts).lstrip(".") or "body"
    kind, expected = str(problem["type"]), str(problem["msg"])
    for start in ("Input should be ", "Value error, "):
        expected = expected.removeprefix(start)
    if kind == "missing":
        return InputError(key, None, "a value", "add this field")
    if kind == "extra_forbidden":
        return InputError(key, problem.get("input"), "no such field", "remove it or correct its spelling")
    if kind == "json_invalid":
        reason = problem.get("ctx", {}).get("error", "broken")
        return InputError("body", "broken JSON", f"one JSON object ({reason})", "send valid JSON")
    return InputError(key, problem.get("input"), expected, "correct this field")


def promise_of_line(promise_at: int, placed_at: int, ship_from: int) -> int:
    """When a line is promised that has no promise of its own: later than its order by as much as it must wait.

    Args:
        promise_at: of the order, in seconds of any clock, as all of these.
        placed_at: of the order.
        ship_from: before which the line does not ship; long ago for ordinary lines.
    """
    return promise_at + max(0, ship_from - placed_at)
