"""Demand seen, kept in the database: the counters of ``envs.demand``, each turned to the present hour when used."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, or_, select

from agents.documents import DemandDocument, GoodsDemandDocument, OrderDocument, RegionDemandDocument
from scenarios.local_time import HOUR_SECONDS
from serve import tables
from serve.database import insert_or

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


_SEEN = select(tables.demand).where(
    or_(tables.demand.c.kind != "sku", tables.demand.c.name.in_(bindparam("skus", expanding=True)))
)

Key = tuple[str, str]
"""Kind and name."""


def hour_of(now: int, epoch: int) -> int:
    """Hours count from the scenario's epoch."""
    return (now - epoch) // HOUR_SECONDS


def arrivals_of(order: OrderDocument) -> dict[Key, int]:
    """What an order adds to which counters."""
    counts = {("all", ""): 1, ("region", order.region): 1}
    return counts | {("sku", line.sku): line.units for line in order.lines}


def read_demand(tx: Connection, order: OrderDocument, hour: int, is_new: bool) -> DemandDocument:
    """Demand as a router may see it, with this order counted if it is new."""
    found = tx.execute(_SEEN, {"skus": [line.sku for line in order.lines]})
    counters = {(kind, name): Counter(*numbers).turned(hour, _MILLI[kind]) for kind, name, *numbers in found}
    if is_new:
        for key, number in arrivals_of(order).items():
            counters[key] = counters.get(key, Counter(hour)).counted(number)
    every = counters.pop(("all", ""), Counter(hour))
    return DemandDocument(
        orders_this_hour=every.this_hour,
        orders_last_hour=every.last_hour,
        regions=[
            RegionDemandDocument(
                region=name,
                num_orders=counter.total,
                orders_this_hour=counter.this_hour,
                orders_last_hour=counter.last_hour,
                recent_milli=counter.recent_milli,
            )
            for (kind, name), counter in counters.items()
            if kind == "region"
        ],
        goods=[
            GoodsDemandDocument(
                sku=name,
                demanded_units=counter.total,
                units_this_hour=counter.this_hour,
                recent_milli=counter.recent_milli,
            )
            for (kind, name), counter in counters.items()
            if kind == "sku"
        ],
    )


def count_arrival(tx: Connection, order: OrderDocument, hour: int) -> None:
    """Counts an order. Called last in a transaction, for all orders meet at these rows."""
    arrivals = arrivals_of(order)
    keys = sorted(arrivals, reverse=True)  # the row that all orders share comes last
    fresh = [
        asdict(Counter(hour).counted(arrivals[key])) | dict(zip(("kind", "name"), key, strict=True)) for key in keys
    ]
    add = insert_or(_add_in_its_hour, tables.demand, tx.dialect.name)
    written = {(kind, name) for kind, name in tx.execute(add, fresh)}
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


def _add_in_its_hour(statement: Any) -> Any:
    """Nearly always the counter is of this hour already, and nobody needs to wait to read it."""
    row, new = tables.demand.c, statement.excluded
    return statement.on_conflict_do_update(
        index_elements=tables.demand.primary_key.columns,
        set_={"total": row.total + new.total, "this_hour": row.this_hour + new.this_hour},
        where=row.hour >= new.hour,
    )
