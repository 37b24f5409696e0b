"""Documents to snapshots: checks every name, time and amount, and rebuilds the observable state.

Plans, costs and features of the result equal those of the simulation that wrote the document.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from agents.documents import (
    BookingDocument,
    CaseDocument,
    DemandDocument,
    OrderDocument,
    SnapshotDocument,
    StockDocument,
)
from agents.order_reader import OrderReader
from agents.rolling_calendar import MAX_AHEAD_DAYS, RollingCalendar
from agents.table_columns import NameIndex, check_once, column, refuse_first, times, values_of
from agents.windows import Window, Windows, without_scratch
from envs.compiling import compiled
from envs.features import describe
from envs.plan_table import Plans, new_plans
from envs.plans import enumerate_plans
from envs.prices import Pricing, refresh
from envs.snapshot import Snapshot
from envs.state import NONE, Observable
from envs.world import set_weights
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS, format_utc, parse_utc
from scenarios.network import Network
from scenarios.public import PublicScenario
from scenarios.trace import Names

MAX_AHEAD_SECONDS = MAX_AHEAD_DAYS * DAY_SECONDS


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
        self._windows, self._index = Windows(), NameIndex(public.id, public.names)
        self._orders = OrderReader(public, self._index)

    def read(self, case: CaseDocument) -> Snapshot:
        """The snapshot with plans, features and context.

        Raises:
            InputError: a name, time or amount that does not fit the scenario, by its path in the document.
        """
        network, seen = self.observe(case.order, case.snapshot)
        plans = new_plans(network)
        _make_plans(network, seen, plans)
        return Snapshot(network, seen, plans)

    def read_to_choose(self, case: CaseDocument) -> Snapshot:
        """The same for who chooses a plan and writes it down: without the parcels that are in no plan.

        Raises:
            InputError: see ``read``.
        """
        window, network, seen = self._observe(case.order, case.snapshot)
        with self._windows.plans(window) as plans:
            _make_plans(network, seen, plans)
        return Snapshot(network, seen, without_scratch(plans))

    def names_of(self, order: OrderDocument) -> Names:
        """Names by the numbers that they have in a snapshot of an order."""
        return replace(self.names, skus=tuple(line.sku for line in order.lines))

    def observe(self, order: OrderDocument, document: SnapshotDocument) -> tuple[Network, Observable]:
        """Network on its rolling window and observable state, both with the SKUs of the order alone.

        Second 0 is the window's start; the SKU of line i has number i.
        """
        return self._observe(order, document)[1:]

    def _observe(self, order: OrderDocument, document: SnapshotDocument) -> tuple[Window, Network, Observable]:
        now = parse_utc("snapshot.now", document.now)
        receipts_at = times("snapshot.receipts", document.receipts, "expected_at")
        end = parse_utc("snapshot.calendar_end", document.calendar_end) if document.calendar_end else None
        window = self._windows.of(self.calendar.network(now, end, int(receipts_at.max()) if len(receipts_at) else None))
        skus = self._orders.skus_of(order)
        network, seen = window.of_skus(skus, len(document.receipts))
        lines = {sku: i for i, sku in enumerate(skus)}
        start, clock = int(network.settings["epoch_seconds"][0]), seen.clock
        clock["now_seconds"], clock["hour"] = now - start, (now - start) // HOUR_SECONDS
        clock["pricing"], clock["num_receipts"] = int(self.pricing), len(document.receipts)
        self._read_demand(seen, document.demand, lines)
        weights = document.weights
        set_weights(seen, (weights.cost, weights.lateness, weights.carbon) if weights else self.weights)
        self._orders.read(network, seen, order, skus)
        self._read_stock(network, seen, document, lines)
        self._read_stations(network, seen, document, start)
        network = self._read_bookings(window, network, seen, document, start)
        self._read_receipts(seen, document, receipts_at - start, lines)
        self._read_punctuality(seen, document)
        self._read_interruptions(seen, document, start)
        return window, network, seen

    def _read_stock(
        self, network: Network, seen: Observable, document: SnapshotDocument, lines: Mapping[int, int]
    ) -> None:
        key, rows = "snapshot.stock", document.stock
        w, sku = self._index.find_all("warehouse", key, rows), self._index.find_all("sku", key, rows)
        check_once(key, w * len(self.names.skus) + sku, rows, ("warehouse", "sku"))
        on_hand, allocated = column(rows, "on_hand_units"), column(rows, "allocated_units")
        refuse_first(
            allocated > on_hand,
            lambda i: InputError(
                f"{key}[{i}].allocated_units", rows[i].allocated_units, "at most on_hand_units", "correct one of them"
            ),
        )
        references = values_of(rows, "reference_units")
        if None in references:
            left = (on_hand - allocated).tolist()
            references = [least if given is None else given for given, least in zip(references, left, strict=True)]
        line = _lines_of(sku, lines)
        here = np.flatnonzero(line >= 0)
        cells = w[here], line[here]
        seen.stock["on_hand_units"][cells], seen.stock["allocated_units"][cells] = on_hand[here], allocated[here]
        seen.stock["reference_units"][cells] = np.array(references, np.int64)[here]
        self._read_prices(network, seen, rows, np.stack([w, line]))
        missing = set(lines) - set(sku.tolist())
        if missing:
            number = min(missing, key=lines.__getitem__)
            found = f"no row of {self.names.skus[number]}"
            raise InputError(key, found, f"stock of order.lines[{lines[number]}].sku", "add its rows")

    def _read_prices(
        self, network: Network, seen: Observable, rows: Sequence[StockDocument], cells: np.ndarray
    ) -> None:
        prices = values_of(rows, "bid_price_millicents")
        is_given = np.array([price is not None for price in prices], bool)
        if self.pricing == Pricing.NONE:
            expected, remedy = "no bid price: this policy was trained without", "leave it out"
            refuse_first(
                is_given,
                lambda i: InputError(f"snapshot.stock[{i}].bid_price_millicents", prices[i], expected, remedy),
            )
        is_here = cells[1] >= 0
        w, line = cells[:, is_given & is_here]
        seen.stock["bid_price_millicents"][w, line] = [
            price for price, is_asked in zip(prices, is_here.tolist(), strict=True) if is_asked and price is not None
        ]
        _refresh_all(network, seen, cells[:, ~is_given & is_here])

    def _read_stations(self, network: Network, seen: Observable, document: SnapshotDocument, start: int) -> None:
        key, rows = "snapshot.stations", document.stations
        w = self._index.find_all("warehouse", key, rows)
        check_once(key, w, rows, ("warehouse",))
        most, latest = network.warehouses["num_stations"][w], int(seen.clock["now_seconds"][0]) + MAX_AHEAD_SECONDS
        num_open = column(rows, "num_open")
        num_busy = np.array(list(map(len, values_of(rows, "busy_until"))), np.int64)
        for field, count in (("num_open", num_open), ("busy_until", num_busy)):
            refuse_first(
                count > most,
                lambda i, field=field, count=count: InputError(  # type: ignore[misc]
                    f"{key}[{i}].{field}", int(count[i]), f"at most {most[i]} stations", "correct the count"
                ),
            )
        queued, seconds = column(rows, "num_queued"), column(rows, "queued_seconds")
        refuse_first(
            (seconds > 0) & (queued == 0),
            lambda i: InputError(f"{key}[{i}].queued_seconds", int(seconds[i]), "0 without a queue", "add num_queued"),
        )
        for field, values in zip(seen.stations.dtype.names or (), (num_open, num_busy, queued, seconds), strict=True):
            seen.stations[field][w] = values
        for i in np.flatnonzero(num_busy).tolist():
            for station, text in enumerate(rows[i].busy_until):
                place = f"{key}[{i}].busy_until[{station}]"
                at = parse_utc(place, text) - start
                if at > latest:
                    raise InputError(place, text, f"within {MAX_AHEAD_DAYS} days", "correct the date")
                seen.picks[w[i], station] = (station, at)
        if len(rows) < len(self.names.warehouses):
            name = self.names.warehouses[min(set(range(len(self.names.warehouses))) - set(w.tolist()))]
            raise InputError(key, f"no row of {name}", "a row for every warehouse", "add it")

    def _read_bookings(
        self, window: Window, network: Network, seen: Observable, document: SnapshotDocument, start: int
    ) -> Network:
        """The network with the capacities that are told."""
        key, rows = "snapshot.bookings", document.bookings
        w, s = self._index.find_all("warehouse", key, rows), self._index.find_all("service", key, rows)
        at = times(key, rows, "collection_at") - start
        first, number = network.pairs["first_collection"][w, s], network.pairs["num_collections"][w, s]
        last_at = network.collections["time_seconds"][np.maximum(first + number - 1, 0)]
        # What has left, or is beyond the window, does not count.
        here = np.flatnonzero((at >= seen.clock["now_seconds"][0]) & ((number == 0) | (at <= last_at)))
        wanted, keys = window.key_of(w, s, at)[here], window.collection_keys
        found = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
        refuse_first(
            (number[here] == 0) | (keys[found] != wanted),
            lambda i: self._no_collection(f"{key}[{here[i]}]", rows[here[i]], network, int(at[here[i]])),
        )
        check_once(key, found, rows, ("warehouse", "service", "collection_at"), here)
        seen.bookings["booked_parcels"][found] = column(rows, "booked_parcels")[here]
        told = values_of(rows, "capacity_parcels")
        if told.count(None) == len(told):
            return network
        # The last one of a pair, where the calendar ends, has room without limit.
        capacities = {
            place: told[i]
            for place, i in zip(found.tolist(), here.tolist(), strict=True)
            if told[i] is not None and at[i] < last_at[i]
        }
        return _with_capacities(network, capacities)

    def _no_collection(self, key: str, row: BookingDocument, network: Network, at: int) -> InputError:
        w, s = self._index.find("warehouse", key, row.warehouse), self._index.find("service", key, row.service)
        first, start = int(network.pairs["first_collection"][w, s]), int(network.settings["epoch_seconds"][0])
        times = network.collections["time_seconds"][first : first + int(network.pairs["num_collections"][w, s])]
        c = int(np.searchsorted(times, at))
        near = [format_utc(start + int(time)) for time in times[max(0, c - 1) : c + 1]]
        return InputError(
            f"{key}.collection_at",
            row.collection_at,
            f"a collection by {row.service} at {row.warehouse}",
            f"the nearest are {' and '.join(near)}" if near else "this service never comes there",
        )

    def _read_receipts(
        self, seen: Observable, document: SnapshotDocument, expected_at: np.ndarray, lines: Mapping[int, int]
    ) -> None:
        key, rows = "snapshot.receipts", document.receipts
        w, sku = self._index.find_all("warehouse", key, rows), self._index.find_all("sku", key, rows)
        line = _lines_of(sku, lines)
        for i, row in enumerate(rows):
            if row.claimed_units > row.expected_units:
                place = f"{key}[{i}].claimed_units"
                raise InputError(place, row.claimed_units, "at most expected_units", "correct it")
            if line[i] < 0:
                continue
            following = seen.stock["first_receipt"][w[i], line[i]]
            units = row.expected_units, row.claimed_units
            seen.receipts[i] = (w[i], line[i], expected_at[i], *units, 1, following)
            seen.stock["first_receipt"][w[i], line[i]] = i

    def _read_punctuality(self, seen: Observable, document: SnapshotDocument) -> None:
        rows = document.punctuality
        self._read_counters("service", "snapshot.punctuality", rows, seen.punctuality)

    def _read_demand(self, seen: Observable, document: DemandDocument, lines: Mapping[int, int]) -> None:
        for field in ("orders_this_hour", "orders_last_hour"):
            seen.clock[field] = getattr(document, field)
        self._read_counters("region", "snapshot.demand.regions", document.regions, seen.demand)
        self._read_counters("sku", "snapshot.demand.goods", document.goods, seen.goods, lines)

    def _read_counters(
        self, kind: str, key: str, rows: Sequence[Any], counters: np.ndarray, lines: Mapping[int, int] | None = None
    ) -> None:
        """Rows whose fields are those of an array of the observable state; of SKUs those that are asked."""
        numbers = self._index.find_all(kind, key, rows)
        check_once(key, numbers, rows, (kind,))
        places = numbers if lines is None else _lines_of(numbers, lines)
        here = np.flatnonzero(places >= 0)
        for field in counters.dtype.names or ():
            counters[field][places[here]] = column(rows, field)[here]

    def _read_interruptions(self, seen: Observable, document: SnapshotDocument, start: int) -> None:
        key, rows = "snapshot.interruptions", document.interruptions
        w, s = self._index.find_all("warehouse", key, rows), self._index.find_all("service", key, rows)
        check_once(key, w * len(self.names.services) + s, rows, ("warehouse", "service"))
        until = times(key, rows, "until") - start
        refuse_first(
            until > seen.clock["now_seconds"][0] + MAX_AHEAD_SECONDS,
            lambda i: InputError(
                f"{key}[{i}].until", rows[i].until, f"within {MAX_AHEAD_DAYS} days", "correct the date"
            ),
        )
        seen.interruptions["until_seconds"][w, s] = np.maximum(until, 0)


def _lines_of(skus: np.ndarray, lines: Mapping[int, int]) -> np.ndarray:
    """Lines that ask for SKUs, int64 (rows,); ``NONE`` of one that is not asked for."""
    return np.array([lines.get(sku, NONE) for sku in skus.tolist()], np.int64)


def _with_capacities(network: Network, capacities: Mapping[int, int]) -> Network:
    """The network with other capacities of some collections, by number; read-only, as rules were compiled for."""
    collections = network.collections.copy()
    collections["capacity_parcels"][list(capacities)] = list(capacities.values())
    collections.flags.writeable = False
    return network._replace(collections=collections)


@compiled
def _refresh_all(network, seen, cells):  # type: ignore[no-untyped-def]
    """Closed-form prices of cells, int64 (2, N): warehouses and SKUs."""
    for i in range(cells.shape[1]):
        refresh(network, seen, cells[0, i], cells[1, i])


def _make_plans(network: Network, seen: Observable, plans: Plans) -> None:
    enumerate_plans(network, seen, plans)
    describe(network, seen, plans)
