"""Plans in names and UTC times, as answers without checks: written from tables that hold, in a fraction of the time.

Field for field the answers of ``serve.decisions.answer``, and in JSON the same bytes; a test compares.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import make_dataclass
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec
import numpy as np
from pydantic import BaseModel

from agents.documents import CaseDocument
from envs.costs import PART_NAMES
from envs.plan_table import OPTIONS, SLOTS
from envs.snapshot import Snapshot
from envs.state import NONE
from scenarios import local_time
from scenarios.network import TABLE_WEIGHT
from scenarios.trace import Names
from serve.decisions.answer import DecisionAnswer, LineAnswer, ParcelAnswer, PlanAnswer, PlanKind, ReceiptAnswer

A = TypeVar("A", bound=BaseModel)


def _light(answer: type[A]) -> Callable[..., A]:
    """Makes objects with the fields of an answer, given by name; those that it leaves out if null must not be null."""
    fields: list[Any] = [
        name
        if info.is_required() or info.default == []
        else (name, Any, info.default if info.exclude_if is None else msgspec.UNSET)
        for name, info in answer.model_fields.items()
    ]
    struct = msgspec.defstruct(f"Light{answer.__name__}", fields, kw_only=True, gc=False)
    return cast(Callable[..., A], struct)


LightDecision = _light(DecisionAnswer)
_Plan, _Parcel = _light(PlanAnswer), _light(ParcelAnswer)
_Line, _Receipt = _light(LineAnswer), _light(ReceiptAnswer)


def _row(name: str, dtype: np.dtype) -> Callable[[tuple[Any, ...]], Any]:
    """Makes a row of a table from its values, which are Python's: numpy's cost more each time they are used."""
    row: Any = make_dataclass(name, dtype.names or (), slots=True)
    return lambda values: row(*values)


_option, _slot = _row("Option", OPTIONS), _row("Slot", SLOTS)

_utc = lru_cache(maxsize=1 << 14)(local_time.format_utc)
"""Collections and deliveries of one day are few, and named again in every answer."""


def to_json(answer: BaseModel) -> bytes:
    """The one way in which answers are written, whichever way they are made."""
    if isinstance(answer, msgspec.Struct):
        return msgspec.json.encode(answer, enc_hook=_fields)
    return answer.model_dump_json().encode()


def _fields(part: BaseModel) -> dict[str, Any]:
    return part.model_dump()


class PlanWriter:
    """Writes plans of one decision.

    Args:
        snapshot: with its plan table.
        case: that it was read from.
        names: of the network.
    """

    def __init__(self, snapshot: Snapshot, case: CaseDocument, names: Names) -> None:
        self._plans, self._receipts, self._names = snapshot.plans, case.snapshot.receipts, names
        self._epoch = int(snapshot.network.settings["epoch_seconds"][0])
        self._now = self._epoch + int(snapshot.seen.clock["now_seconds"][0])
        orders = case.order.orders
        self._lines = [
            _Line(sku=line.sku, units=line.units, order_id=orders[line.order] if orders else None)
            for line in case.order.lines
        ]

    def write(self, slot: int, probability: float | None) -> PlanAnswer:
        """The plan in ``slot``, to which the policy gave a probability."""
        row = _slot(self._plans.slots[slot].item())
        options = self._plans.chosen[slot, : row.num_parcels].tolist()
        costs = self._plans.costs[slot].tolist()
        kind: PlanKind = "ship"
        if row.is_decline:
            kind = "decline"
        elif row.hold_seconds:
            kind = "hold"
        elif row.num_backordered_lines:
            kind = "backorder"
        return _Plan(
            kind=kind,
            hold_until=_utc(self._now + row.hold_seconds) if kind == "hold" else None,
            parcels=[self._parcel(option) for option in options],
            quoted_delivery_at=_utc(self._epoch + row.quoted_at) if options else None,
            cost_millicents=dict(zip(PART_NAMES, costs, strict=True)),
            total_millicents=sum(costs),
            bid_price_millicents=row.bid_millicents,
            probability=probability,
        )

    def _parcel(self, option: int) -> ParcelAnswer:
        row, epoch, receipt = _option(self._plans.options[option].item()), self._epoch, None
        if row.receipt != NONE:
            document = self._receipts[row.receipt]
            receipt = _Receipt(id=document.id, expected_at=document.expected_at)
        return _Parcel(
            warehouse=self._names.warehouses[row.warehouse],
            service=self._names.services[row.service],
            lines=[line for i, line in enumerate(self._lines) if row.lines_mask >> i & 1],
            collection_at=_utc(epoch + row.collected_at),
            expected_delivery_at=_utc(epoch + row.mean_at),
            quoted_delivery_at=_utc(epoch + row.quoted_at),
            late_probability=row.late_weight / TABLE_WEIGHT,
            distance_km=row.distance_km,
            receipt=receipt,
            release_from=_utc(epoch + row.release_at) if row.release_at else None,
        )
