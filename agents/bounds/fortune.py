"""Fortune: the luck of every order of a trace at every warehouse with every service, for many at once.

An order's parcels from one warehouse with one service are numbered; that number is the *attempt*. Here is what luck
holds for the first few attempts, and which of them a parcel could have. The next one
needs another line of the order to have gone that way, or a line to have come back.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from agents.bounds.departures import Departures
from envs.luck import PICK, SHORT, TRANSIT
from scenarios.network import FOREVER_SECONDS, TABLE_WEIGHT, Network
from scenarios.trace import ALL_WAREHOUSES, Future

KNOWN_ATTEMPTS = 8
"""Attempts whose luck is looked at; whoever could have more may have any luck."""


def many_lucks(keys: np.ndarray, stream: np.ndarray | int, warehouse: int, service: int, attempt: int) -> np.ndarray:
    """uint64: ``envs.luck.luck`` of many keys and streams."""
    state: Any = keys ^ np.asarray(stream).astype(np.uint64)
    for operand in (warehouse, service, attempt):
        state = _mixed(state) ^ np.uint64(operand)
    return _mixed(state)


def _mixed(state: Any) -> Any:
    """SplitMix64 as in ``envs.luck.mix``."""
    z = state + np.uint64(0x9E3779B97F4A7C15)
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def drawn(network: Network, tables: np.ndarray, lucks: np.ndarray) -> np.ndarray:
    """int64 (n,): what lucks pick from tables, ``envs.tables.draw`` of many."""
    position, result = (lucks >> np.uint64(48)).astype(np.int64), np.zeros(len(lucks), np.int64)
    for table in np.unique(tables).tolist():
        own, row = tables == table, network.tables[table]
        result[own] = row["value"][np.searchsorted(row["weight_up_to"], position[own], side="right")]
    return result


class Fortune:
    """Luck and possible attempts at one warehouse with one service.

    Attributes:
        departures: when what is ready could leave.
        is_short: bool (KNOWN_ATTEMPTS, L), lines that would not be found.
        num_returns: int64 (KNOWN_ATTEMPTS + 1, N), lines of each order that come back from the attempts before.
        breaks_at: int64 (N,), from when on parcels may break for other reasons; FOREVER_SECONDS if never.
    """

    def __init__(self, network: Network, future: Future, warehouse: int, service: int) -> None:
        self.network, self.future = network, future
        self.warehouse, self.service = warehouse, service
        self.departures = Departures(network, future, warehouse, service)
        orders, lines = future.orders, future.lines
        weight = int(network.warehouses["short_weight"][warehouse])
        self.is_short = np.zeros((KNOWN_ATTEMPTS, len(lines)), bool)
        self.num_returns = np.zeros((KNOWN_ATTEMPTS + 1, len(orders)), np.int64)
        if weight > 0:
            keys, stream = orders["luck_key"][lines["order"]], SHORT + (lines["sku"] << 8)
            for attempt in range(KNOWN_ATTEMPTS):
                lucks = many_lucks(keys, stream, warehouse, service, attempt)
                self.is_short[attempt] = lucks >> np.uint64(48) < weight
                here = np.bincount(lines["order"], weights=self.is_short[attempt], minlength=len(orders))
                self.num_returns[attempt + 1] = self.num_returns[attempt] + here.astype(np.int64)
        self.breaks_at = self._breaks_at()

    def _breaks_at(self) -> np.ndarray:
        """An outage may withdraw what is queued, a receipt that comes short what has claimed it."""
        orders, lines, outages = self.future.orders, self.future.lines, self.future.outages
        here = outages[(outages["service"] == self.service) & _is_at(outages, self.warehouse)]
        result = _next_of(np.sort(here["starts_at"]), orders["arrival_seconds"])
        receipts = short_receipts(self.future)
        for row in receipts[receipts["warehouse"] == self.warehouse]:
            has_sku = np.zeros(len(orders), bool)
            has_sku[lines["order"][lines["sku"] == row["sku"]]] = True
            is_hit = has_sku & (orders["arrival_seconds"] <= row["actual_at"])
            result[is_hit] = np.minimum(result[is_hit], row["actual_at"])
        return result

    def could_be(self, orders: np.ndarray, own_lines: np.ndarray, attempt: int) -> np.ndarray:
        """bool: whether a parcel numbered under an order, with so many of its lines, could have this number.

        Every earlier one has kept another line of the order, or has lost one that was not found.
        """
        free = self.future.orders["num_lines"][orders] - own_lines
        return attempt <= free + self.num_returns[attempt, orders]

    def pick_permille(self, orders: np.ndarray, attempt: int) -> np.ndarray:
        """int64: pick time factors."""
        table = np.full(len(orders), self.network.warehouses["pick_table"][self.warehouse])
        return drawn(self.network, table, self._lucks(orders, PICK, attempt))

    def transit_seconds(self, orders: np.ndarray, attempt: int) -> np.ndarray:
        """int64: journeys in a normal regime."""
        lanes = self.network.lanes["transit_table"][self.warehouse, self.service]
        return drawn(self.network, lanes[self.future.orders["region"][orders]], self._lucks(orders, TRANSIT, attempt))

    def _lucks(self, orders: np.ndarray, stream: int, attempt: int) -> np.ndarray:
        return many_lucks(self.future.orders["luck_key"][orders], stream, self.warehouse, self.service, attempt)

    @property
    def is_ever_found(self) -> bool:
        """Whether the warehouse finds anything at all."""
        return int(self.network.warehouses["short_weight"][self.warehouse]) < TABLE_WEIGHT


def least_value(network: Network, table: int) -> int:
    """The least that a table may give."""
    row = network.tables[table]
    return int(row["value"][row["weight"] > 0].min())


def short_receipts(future: Future) -> np.ndarray:
    """Receipts that bring less than was announced."""
    return future.receipts[future.receipts["actual_units"] < future.receipts["expected_units"]]


def _is_at(outages: np.ndarray, warehouse: int) -> np.ndarray:
    return (outages["warehouse"] == ALL_WAREHOUSES) | (outages["warehouse"] == warehouse)


def _next_of(times: np.ndarray, seconds: np.ndarray) -> np.ndarray:
    """int64: the first of some ascending times that is not before each second; FOREVER_SECONDS after the last."""
    return np.append(times, FOREVER_SECONDS)[np.searchsorted(times, seconds)]
