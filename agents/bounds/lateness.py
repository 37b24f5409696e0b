"""Lateness of a pack's parcel at the least: with its luck known, or in expectation over service and transit luck.

Both give the least over all later collections, and never more for an earlier release.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from agents.bounds.departures import NORMAL_PERMILLE, Departures, pick_starts
from agents.bounds.fortune import KNOWN_ATTEMPTS, Fortune, least_value
from agents.bounds.packs import Packs
from agents.bounds.parcels import IMPOSSIBLE, Cargo, Ways, lateness_of
from envs.state import NONE
from scenarios.network import FOREVER_SECONDS, TABLE_SIZE, TABLE_WEIGHT, Network
from scenarios.trace import Future

PICK_STEPS = 8
"""Parts into which a pick table is cut, of as many entries each; the shortest time of a part stands for all of it."""

Lateness = Callable[[Ways, tuple[int, int]], np.ndarray]
"""Millicents, int64 (n,), of parcels that leave a warehouse with a service; ``IMPOSSIBLE`` for those that cannot."""


class KnownLuck:
    """Least lateness over all attempts that a parcel could be, with the luck of each."""

    def __init__(self, network: Network, future: Future, packs: Packs, cargo: Cargo) -> None:
        self.network, self.future, self.packs, self.cargo = network, future, packs, cargo

    def __call__(self, ways: Ways, place: tuple[int, int]) -> np.ndarray:
        fortune = Fortune(self.network, self.future, *place)
        least = np.full(len(ways.row), IMPOSSIBLE, np.int64)
        for lead in range(self.packs.leads.shape[1]):
            orders = self.packs.leads[ways.pack, lead]
            self._numbered_under(np.flatnonzero(orders != NONE), orders, ways, fortune, least)
        return least

    def _numbered_under(
        self, rows: np.ndarray, orders: np.ndarray, ways: Ways, fortune: Fortune, least: np.ndarray
    ) -> None:
        """Lowers ``least`` for those rows, numbered under these orders."""
        lines = self.packs.lines[ways.pack]
        own = (np.where(lines == NONE, NONE, self.future.lines["order"][lines]) == orders[:, None]).sum(axis=1)
        breaks_at = np.full(len(orders), FOREVER_SECONDS)
        breaks_at[rows] = fortune.breaks_at[orders[rows]]
        any_luck = rows
        for attempt in range(KNOWN_ATTEMPTS):
            rows = rows[fortune.could_be(orders[rows], own[rows], attempt)]
            if not len(rows):
                break
            is_short = (fortune.is_short[attempt][lines[rows]] & (lines[rows] != NONE)).any(axis=1)
            found = rows[~is_short]
            pick = ways.pick_seconds[found] * fortune.pick_permille(orders[found], attempt) // 1000
            transit = fortune.transit_seconds(orders[found], attempt)
            arrival = fortune.departures.arrival(ways.start_at[found] + np.maximum(1, pick), transit)
            least[found] = np.minimum(least[found], self._of(ways.pack[found], arrival))
        breaks_at[rows] = 0  # more attempts than are known
        any_luck = any_luck[breaks_at[any_luck] < FOREVER_SECONDS]
        if len(any_luck) and fortune.is_ever_found:
            least[any_luck] = np.minimum(least[any_luck], self._luckiest(any_luck, breaks_at[any_luck], ways, fortune))

    def _luckiest(self, rows: np.ndarray, breaks_at: np.ndarray, ways: Ways, fortune: Fortune) -> np.ndarray:
        """Once plans break for other reasons nothing is known of the attempt: the best that tables hold."""
        network, pack = self.network, ways.pack[rows]
        released = np.maximum(ways.release_at[rows], breaks_at)
        start_at = pick_starts(network, fortune.warehouse, released)
        quickest = least_value(network, int(network.warehouses["pick_table"][fortune.warehouse]))
        ready_at = start_at + np.maximum(1, ways.pick_seconds[rows] * quickest // 1000)
        tables = network.lanes["transit_table"][fortune.warehouse, fortune.service]
        fastest = np.array([least_value(network, table) for table in tables.tolist()])
        value = self._of(pack, fortune.departures.arrival(ready_at, fastest[self.cargo.region[pack]]))
        return np.where(start_at <= self.cargo.latest[pack], value, IMPOSSIBLE)

    def _of(self, pack: np.ndarray, arrival: np.ndarray) -> np.ndarray:
        return lateness_of(self.network, arrival[:, None] - self.cargo.promise_at[pack]).sum(axis=1)


class ExpectedLuck:
    """Expected lateness, the best of all later collections by expectation."""

    def __init__(self, network: Network, future: Future, cargo: Cargo) -> None:
        self.network, self.future, self.cargo = network, future, cargo

    def __call__(self, ways: Ways, place: tuple[int, int]) -> np.ndarray:
        site = self.network.warehouses[place[0]]
        if site["short_weight"] >= TABLE_WEIGHT:
            return np.full(len(ways.row), IMPOSSIBLE, np.int64)
        table, step = self.network.tables[site["pick_table"]], TABLE_SIZE // PICK_STEPS
        pick = np.maximum(1, ways.pick_seconds * table["value"][::step, None] // 1000)
        weights = table["weight"].reshape(PICK_STEPS, step).sum(axis=1)
        least = self._least(np.tile(ways.pack, PICK_STEPS), (ways.start_at + pick).ravel(), place)
        return weights @ least.reshape(PICK_STEPS, len(ways.row)) // TABLE_WEIGHT

    def _least(self, pack: np.ndarray, ready_at: np.ndarray, place: tuple[int, int]) -> np.ndarray:
        """int64 millicents of what is ready at certain times."""
        tables = self.network.lanes["transit_table"][place][self.cargo.region[pack]]
        least = np.full(len(pack), IMPOSSIBLE, np.int64)
        for leaves, permille in Departures(self.network, self.future, *place).choices(ready_at):
            value = np.zeros(len(pack), np.int64)
            for promise_at in self.cargo.promise_at[pack].T:
                is_line = promise_at < FOREVER_SECONDS
                value[is_line] += self._expected(
                    tables[is_line], permille[is_line], promise_at[is_line] - leaves[is_line]
                )
            least = np.minimum(least, value)
        return least

    def _expected(self, tables: np.ndarray, permille: np.ndarray, slack: np.ndarray) -> np.ndarray:
        """int64 millicents, rounded down: lateness of lines whose journeys may take so long, in every regime.

        The same few journeys come up again and again: each is worked out once.
        """
        from pandas import factorize

        regimes, regime = np.unique(permille, return_inverse=True)
        kinds = len(self.network.tables) * len(regimes)
        journey, keys = factorize(slack * kinds + tables * len(regimes) + regime)
        slack, kind = np.divmod(keys, kinds)
        table, regime = kind // len(regimes), regimes[kind % len(regimes)]
        values = self.network.tables["value"][table] * regime[:, None] // NORMAL_PERMILLE
        late = lateness_of(self.network, np.maximum(1, values) - slack[:, None])
        return ((late * self.network.tables["weight"][table]).sum(axis=1) // TABLE_WEIGHT)[journey]
