"""Demand seen, kept in the database: the counters of ``envs.demand``, each turned to the present hour when used."""

from __future__ import annotations

from dataclasses import asdict, astuple, dataclass, replace
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Connection, Select, bindparam, or_, select

from agents.documents import DemandDocument, OrderDocument
from agents.light_documents import LightDemand, LightGoodsDemand, LightRegionDemand, light_table
from scenarios.local_time import HOUR_SECONDS
from serve.storage import tables
from serve.storage.database import insert_for
from serve.storage.sending import fetch, named, placeholders

_MILLI = {"all": 0, "region": 1000, "sku": 24_000}
"""An arrival an hour as a rate, in thousandths: orders an hour, units a day. Of all orders no rate is kept."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Arrivals of one kind as they stood in ``hour``."""

    hour: int
    total: int = 0
    this_hour: int = 0
    last_hour: int = 0
    recent_milli: int = 0

    def turned(self, hour: int, milli: int) -> Counter:
        """The counter at a later hour; ``envs.demand.turn`` is the rule."""
        passed = hour - self.hour
        if passed <= 0:
            return self
        recent = (57 * self.recent_milli + 7 * milli * self.this_hour) // 64
        for _ in range(passed - 1):
            if not recent:
                break
            recent = 57 * recent // 64
        return Counter(hour, self.total, 0, self.this_hour if passed == 1 else 0, recent)

    def counted(self, number: int) -> Counter:
        """With more arrivals."""
        return replace(self, total=self.total + number, this_hour=self.this_hour + number)


_row = tables.demand.c


@cache
def _seen_of(number: int) -> Select[Any]:
    """Counters of all orders, of every region, and of so many SKUs."""
    is_asked = or_(_row.kind != "sku", _row.name.in_(placeholders(number)))
    return select(_row.kind, _row.name, *(_row[field] for field in Counter.__slots__)).where(is_asked)


Key = tuple[str, str]
"""Kind and name."""


_NOTHING = (0, 0, 0, 0)
"""Of a counter that has counted nothing: all but its hour."""


def hour_of(now: int, epoch: int) -> int:
    """Hours count from the scenario's epoch."""
    return (now - epoch) // HOUR_SECONDS


def arrivals_of(order: OrderDocument) -> dict[Key, int]:
    """What an order adds to which counters."""
    counts = {("all", ""): 1, ("region", order.region): 1}
    return counts | {("sku", line.sku): line.units for line in order.lines}


def read_demand(tx: Connection, order: OrderDocument, hour: int, fresh: OrderDocument | None) -> DemandDocument:
    """Demand that an order can depend on as a router may see it, with a new one counted."""
    skus = [line.sku for line in order.lines]
    counters: dict[Key, tuple[int, ...]] = {}
    for kind, name, at, *numbers in fetch(tx, _seen_of(len(skus)), **named(skus)):
        if at < hour:
            _, *numbers = astuple(Counter(at, *numbers).turned(hour, _MILLI[kind]))
        counters[kind, name] = tuple(numbers)
    if fresh is not None:
        for key, number in arrivals_of(fresh).items():
            total, this_hour, *others = counters.get(key, _NOTHING)
            counters[key] = (total + number, this_hour + number, *others)
    _, this_hour, last_hour, _ = counters.pop(("all", ""), _NOTHING)
    regions = [(name, *numbers) for (kind, name), numbers in counters.items() if kind == "region"]
    goods = [
        (name, total, this_hour, recent_milli)
        for (kind, name), (total, this_hour, _, recent_milli) in counters.items()
        if kind == "sku"
    ]
    return LightDemand(
        orders_this_hour=this_hour,
        orders_last_hour=last_hour,
        regions=light_table(LightRegionDemand, regions),
        goods=light_table(LightGoodsDemand, goods),
    )


def region_rates(tx: Connection, hour: int) -> dict[str, int]:
    """Recent orders an hour of each region that has ordered, in thousandths, as they stand in an hour."""
    found = tx.execute(select(_row.name, *(_row[field] for field in Counter.__slots__)).where(_row.kind == "region"))
    return {name: Counter(*numbers).turned(hour, _MILLI["region"]).recent_milli for name, *numbers in found}


def count_arrival(tx: Connection, order: OrderDocument, hour: int) -> None:
    """Counts an order. Called last in a transaction, for all orders meet at these rows."""
    arrivals = arrivals_of(order)
    keys = sorted(arrivals, reverse=True)  # the row that all orders share comes last
    values: dict[str, Any] = {"hour": hour, "none": 0}
    for i, (kind, name) in enumerate(keys):
        values |= {f"kind_{i}": kind, f"name_{i}": name, f"number_{i}": arrivals[kind, name]}
    written = set(fetch(tx, _adding(len(keys), tx.dialect.name), **values))
    for key in keys:
        if key not in written:
            _turn(tx, key, arrivals[key], hour)


def _turn(tx: Connection, key: Key, number: int, hour: int) -> None:
    """The first order of an hour brings the counter up to date."""
    row, (kind, name) = tables.demand.c, key
    where = (row.kind == kind, row.name == name)
    kept = tx.execute(select(*(row[field] for field in Counter.__slots__)).where(*where).with_for_update()).one()
    turned = Counter(*kept).turned(hour, _MILLI[kind]).counted(number)
    tx.execute(tables.demand.update().where(*where).values(**asdict(turned)))


@cache
def _adding(number: int, dialect: str) -> Any:
    """Adds to so many counters at once, each in its hour; those that must be turned are left out of what it returns.

    Nearly always a counter is of this hour already, and nobody needs to wait to read it.
    """
    fresh = [
        {
            "kind": bindparam(f"kind_{i}", type_=_row.kind.type),
            "name": bindparam(f"name_{i}", type_=_row.name.type),
            "total": bindparam(f"number_{i}", type_=BigInteger),
            "this_hour": bindparam(f"number_{i}", type_=BigInteger),
            "hour": bindparam("hour", type_=BigInteger),
            **{field: bindparam("none", type_=BigInteger) for field in ("last_hour", "recent_milli")},
        }
        for i in range(number)
    ]
    statement = insert_for(dialect, tables.demand).values(fresh)
    new = statement.excluded
    return statement.on_conflict_do_update(
        index_elements=tables.demand.primary_key.columns,
        set_={"total": _row.total + new.total, "this_hour": _row.this_hour + new.this_hour},
        where=_row.hour >= new.hour,
    ).returning(_row.kind, _row.name)
