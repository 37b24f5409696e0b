"""Documents to snapshots: checks every name, time and amount, and rebuilds the observable state.

Plans, costs and features of the result equal those of the simulation that wrote the document.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

import numpy as np

from agents.documents import CaseDocument, DemandDocument, LineDocument, OrderDocument, SnapshotDocument
from agents.rolling_calendar import MAX_AHEAD_DAYS, RollingCalendar
from envs.features import describe
from envs.plan_table import new_plans
from envs.plans import enumerate_plans
from envs.prices import Pricing, refresh
from envs.snapshot import Snapshot
from envs.state import Observable, new_observable
from envs.world import set_weights
from scenarios.checks import MAX_MILLICENTS
from scenarios.errors import InputError, unknown_name
from scenarios.handling import Handling
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS, format_utc, parse_utc
from scenarios.network import FOREVER_SECONDS, Network
from scenarios.public import PublicScenario


class DocumentReader:
    """Rebuilds snapshots from documents. Safe to share between threads.

    Args:
        public: the network that the names belong to.
        pricing: the rule for stock rows without a bid price.
        weights: preferences (cost, lateness, carbon) of documents that state none.
    """

    def __init__(
        self, public: PublicScenario, pricing: Pricing, weights: tuple[float, float, float] = (1.0, 1.0, 1.0)
    ) -> None:
        self.public, self.names, self.pricing, self.weights = public, public.names, pricing, weights
        self.calendar = RollingCalendar(public)
        self._presale = public.ship_from_seconds
        self._index = {
            "warehouse": {name: i for i, name in enumerate(self.names.warehouses)},
            "service": {name: i for i, name in enumerate(self.names.services)},
            "region": {name: i for i, name in enumerate(self.names.regions)},
            "sku": {name: i for i, name in enumerate(self.names.skus)},
        }

    def read(self, case: CaseDocument) -> Snapshot:
        """The snapshot with plans, features and context.

        Raises:
            InputError: a name, time or amount that does not fit the scenario, by its path in the document.
        """
        network, seen = self.observe(case.order, case.snapshot)
        plans = new_plans(network)
        enumerate_plans(network, seen, plans)
        describe(network, seen, plans)
        return Snapshot(network, seen, plans)

    def observe(self, order: OrderDocument, document: SnapshotDocument) -> tuple[Network, Observable]:
        """Network on its rolling window and observable state; second 0 is the window's start."""
        now = parse_utc("snapshot.now", document.now)
        receipts_at = [
            parse_utc(f"snapshot.receipts[{i}].expected_at", row.expected_at) for i, row in enumerate(document.receipts)
        ]
        end = parse_utc("snapshot.calendar_end", document.calendar_end) if document.calendar_end else None
        network = self.calendar.network(now, end, max(receipts_at, default=None))
        start = int(network.settings["epoch_seconds"][0])
        seen = new_observable(network, len(document.receipts))
        clock = seen.clock
        clock["now_seconds"], clock["hour"] = now - start, (now - start) // HOUR_SECONDS
        clock["pricing"], clock["num_receipts"] = int(self.pricing), len(document.receipts)
        self._read_demand(seen, document.demand)
        weights = document.weights
        set_weights(seen, (weights.cost, weights.lateness, weights.carbon) if weights else self.weights)
        self._read_order(network, seen, order, start)
        self._read_stock(network, seen, document)
        self._read_stations(network, seen, document, start)
        self._read_bookings(network, seen, document, start)
        self._read_receipts(seen, document, [at - start for at in receipts_at])
        self._read_punctuality(seen, document)
        self._read_interruptions(seen, document, start)
        return network, seen

    def _find(self, kind: str, key: str, name: str) -> int:
        table = self._index[kind]
        if name not in table:
            near = difflib.get_close_matches(name, table, n=1, cutoff=0.4)
            raise InputError(
                key,
                name,
                f"a {kind} of {self.public.id}, such as {next(iter(table))}",
                f"did you mean {near[0]!r}?".rstrip(".") if near else "correct the name",
            )
        return table[name]

    def _read_order(self, network: Network, seen: Observable, order: OrderDocument, start: int) -> None:
        now = int(seen.clock["now_seconds"][0])
        placed_at = now if order.placed_at is None else parse_utc("order.placed_at", order.placed_at) - start
        promise_at = parse_utc("order.promise_at", order.promise_at) - start
        if placed_at > now:
            raise InputError("order.placed_at", order.placed_at, "not after snapshot.now", "correct one of them")
        _check_promise("order.promise_at", order.promise_at, promise_at, placed_at)
        asked = seen.order[0]
        asked["order"], asked["region"] = 0, self._find("region", "order.region", order.region)
        asked["arrival_seconds"], asked["num_lines"] = placed_at, len(order.lines)
        asked["requirements"] = _requirements("order.requirements", order.requirements)
        asked["num_holds"], asked["held_seconds"], asked["is_again"] = (
            order.num_holds,
            order.held_seconds,
            order.is_again,
        )
        if bool(order.num_holds) != bool(order.held_seconds):
            raise InputError(
                "order.held_seconds", order.held_seconds, "above 0 if num_holds is, and else 0", "correct one of them"
            )
        margin = 0
        for i, line in enumerate(order.lines):
            key = f"order.lines[{i}]"
            sku = self._find("sku", f"{key}.sku", line.sku)
            if np.any(seen.lines["sku"][:i] == sku):
                raise InputError(f"{key}.sku", line.sku, "a SKU once an order", "add the units up")
            ship_from = self._ship_from(line, sku, key, start, now)
            promised = promise_at + max(0, ship_from - placed_at)
            if line.promise_at is not None:
                promised = parse_utc(f"{key}.promise_at", line.promise_at) - start
                _check_promise(f"{key}.promise_at", line.promise_at, promised, placed_at)
            own = asked["requirements"]
            if line.requirements is not None:
                own = _requirements(f"{key}.requirements", line.requirements)
            row, units = network.skus[sku], line.units
            requirements = row["requirements"] | own
            seen.lines[i] = (i, sku, units, units * row["grams"], requirements, ship_from, line.order, promised)
            margin += units * int(row["margin_millicents"])
        lines = seen.lines[: len(order.lines)]
        asked["promise_at"], asked["num_orders"] = lines["promise_at"].min(), len(set(lines["order"].tolist()))
        margin = margin if order.margin_millicents is None else order.margin_millicents
        if margin > MAX_MILLICENTS:
            raise InputError("order.margin_millicents", margin, f"at most {MAX_MILLICENTS}", "correct the units")
        asked["margin_millicents"] = margin

    def _ship_from(self, line: LineDocument, sku: int, key: str, start: int, now: int) -> int:
        """Second from which a line ships, of the SKU if the document has none; long ago for ordinary lines."""
        if line.ship_from is not None:
            return parse_utc(f"{key}.ship_from", line.ship_from) - start
        public = self._presale[sku] - start
        return public if public > now else -FOREVER_SECONDS

    def _read_stock(self, network: Network, seen: Observable, document: SnapshotDocument) -> None:
        known: set[tuple[int, int]] = set()
        asked = [int(sku) for sku in seen.lines["sku"][: seen.order["num_lines"][0]]]
        for field in ("on_hand_units", "reference_units"):
            seen.stock[field][:, asked] = 0  # a warehouse without a row has none, whatever it began with
        for i, row in enumerate(document.stock):
            key = f"snapshot.stock[{i}]"
            w = self._find("warehouse", f"{key}.warehouse", row.warehouse)
            sku = self._find("sku", f"{key}.sku", row.sku)
            _check_new(key, (w, sku), known, (row.warehouse, row.sku))
            left = row.on_hand_units - row.allocated_units
            if left < 0:
                raise InputError(
                    f"{key}.allocated_units", row.allocated_units, "at most on_hand_units", "correct one of them"
                )
            cell = seen.stock[w, sku]
            cell["on_hand_units"], cell["allocated_units"] = row.on_hand_units, row.allocated_units
            cell["reference_units"] = left if row.reference_units is None else row.reference_units
            if row.bid_price_millicents is None:
                refresh(network, seen, w, sku)
            elif self.pricing == Pricing.NONE:
                raise InputError(
                    f"{key}.bid_price_millicents",
                    row.bid_price_millicents,
                    "no bid price: this policy was trained without",
                    "leave it out",
                )
            else:
                cell["bid_price_millicents"] = row.bid_price_millicents
        skus = {sku for _, sku in known}
        for i, sku in enumerate(asked):
            if sku not in skus:
                found = f"no row of {self.names.skus[sku]}"
                raise InputError("snapshot.stock", found, f"stock of order.lines[{i}].sku", "add its rows")

    def _read_stations(self, network: Network, seen: Observable, document: SnapshotDocument, start: int) -> None:
        known: set[int] = set()
        for i, row in enumerate(document.stations):
            key = f"snapshot.stations[{i}]"
            w = self._find("warehouse", f"{key}.warehouse", row.warehouse)
            _check_new(key, w, known, row.warehouse)
            most = int(network.warehouses["num_stations"][w])
            for field, count in (("num_open", row.num_open), ("busy_until", len(row.busy_until))):
                if count > most:
                    raise InputError(f"{key}.{field}", count, f"at most {most} stations", "correct the count")
            if row.queued_seconds and not row.num_queued:
                raise InputError(f"{key}.queued_seconds", row.queued_seconds, "0 without a queue", "add num_queued")
            seen.stations[w] = (row.num_open, len(row.busy_until), row.num_queued, row.queued_seconds)
            for station, text in enumerate(row.busy_until):
                at = parse_utc(f"{key}.busy_until[{station}]", text) - start
                if at > seen.clock["now_seconds"][0] + MAX_AHEAD_DAYS * DAY_SECONDS:
                    raise InputError(
                        f"{key}.busy_until[{station}]", text, f"within {MAX_AHEAD_DAYS} days", "correct the date"
                    )
                seen.picks[w, station] = (station, at)
        for w, name in enumerate(self.names.warehouses):
            if w not in known:
                raise InputError("snapshot.stations", f"no row of {name}", "a row for every warehouse", "add it")

    def _read_bookings(self, network: Network, seen: Observable, document: SnapshotDocument, start: int) -> None:
        known: set[int] = set()
        times = network.collections["time_seconds"]
        for i, row in enumerate(document.bookings):
            key = f"snapshot.bookings[{i}]"
            w = self._find("warehouse", f"{key}.warehouse", row.warehouse)
            s = self._find("service", f"{key}.service", row.service)
            at = parse_utc(f"{key}.collection_at", row.collection_at) - start
            first = int(network.pairs["first_collection"][w, s])
            last = first + int(network.pairs["num_collections"][w, s])
            if at < seen.clock["now_seconds"][0] or (last > first and at > times[last - 1]):
                continue  # it has left, or is beyond the window
            c = first + int(np.searchsorted(times[first:last], at))
            if c == last or times[c] != at:
                near = [format_utc(start + int(time)) for time in times[max(first, c - 1) : min(last, c + 1)]]
                raise InputError(
                    f"{key}.collection_at",
                    row.collection_at,
                    f"a collection by {row.service} at {row.warehouse}",
                    f"the nearest are {' and '.join(near)}" if near else "this service never comes there",
                )
            _check_new(key, c, known, (row.warehouse, row.service, row.collection_at))
            seen.bookings["booked_parcels"][c] = row.booked_parcels

    def _read_receipts(self, seen: Observable, document: SnapshotDocument, expected_at: list[int]) -> None:
        for i, row in enumerate(document.receipts):
            key = f"snapshot.receipts[{i}]"
            w = self._find("warehouse", f"{key}.warehouse", row.warehouse)
            sku = self._find("sku", f"{key}.sku", row.sku)
            if row.claimed_units > row.expected_units:
                raise InputError(f"{key}.claimed_units", row.claimed_units, "at most expected_units", "correct it")
            following = seen.stock["first_receipt"][w, sku]
            seen.receipts[i] = (w, sku, expected_at[i], row.expected_units, row.claimed_units, 1, following)
            seen.stock["first_receipt"][w, sku] = i

    def _read_punctuality(self, seen: Observable, document: SnapshotDocument) -> None:
        known: set[int] = set()
        for i, row in enumerate(document.punctuality):
            s = self._find("service", f"snapshot.punctuality[{i}].service", row.service)
            _check_new(f"snapshot.punctuality[{i}]", s, known, row.service)
            seen.punctuality[s] = (row.num_delivered, row.num_late, row.transit_permille)

    def _read_demand(self, seen: Observable, document: DemandDocument) -> None:
        for field in ("orders_this_hour", "orders_last_hour"):
            seen.clock[field] = getattr(document, field)
        for kind, table, rows, array in (
            ("region", "regions", document.regions, seen.demand),
            ("sku", "goods", document.goods, seen.goods),
        ):
            known: set[int] = set()
            for i, row in enumerate(rows):
                key, name = f"snapshot.demand.{table}[{i}]", getattr(row, kind)
                number = self._find(kind, f"{key}.{kind}", name)
                _check_new(key, number, known, name)
                array[number] = tuple(getattr(row, field) for field in array.dtype.names or ())

    def _read_interruptions(self, seen: Observable, document: SnapshotDocument, start: int) -> None:
        known: set[tuple[int, int]] = set()
        for i, row in enumerate(document.interruptions):
            key = f"snapshot.interruptions[{i}]"
            w = self._find("warehouse", f"{key}.warehouse", row.warehouse)
            s = self._find("service", f"{key}.service", row.service)
            _check_new(key, (w, s), known, (row.warehouse, row.service))
            until = parse_utc(f"{key}.until", row.until) - start
            if until > seen.clock["now_seconds"][0] + MAX_AHEAD_DAYS * DAY_SECONDS:
                raise InputError(f"{key}.until", row.until, f"within {MAX_AHEAD_DAYS} days", "correct the date")
            seen.interruptions[w, s]["until_seconds"] = max(0, until)


def _check_promise(key: str, text: str, promise_at: int, placed_at: int) -> None:
    if promise_at < placed_at:
        raise InputError(key, text, "not before the order was placed", "correct one of them")


def _check_new(key: str, item: Any, known: set[Any], value: object) -> None:
    if item in known:
        raise InputError(key, value, "each once", "remove the second row")
    known.add(item)


def _requirements(key: str, names: Iterable[str]) -> int:
    known = {flag.name.lower(): int(flag) for flag in Handling if flag and flag.name}
    mask = 0
    for i, name in enumerate(names):
        if name not in known:
            raise unknown_name(f"{key}[{i}]", name, known)
        mask |= known[name]
    return mask
