"""Waiting of a pack at the least: what a router cannot avoid booking while goods are still to come.

A line waits from its arrival until its parcel is released, in holds and for receipts, but for its own presale date. Two
things let time pass for nothing: a pick queue that an outage empties, so that only what follows the last
outage is counted; and a pick that finds too little, which costs its handling instead.
"""

from __future__ import annotations

import numpy as np

from agents.bounds.fortune import short_receipts
from agents.bounds.packs import Packs
from agents.bounds.parcels import IMPOSSIBLE, Cargo, line_facts
from envs.costs import HOUR
from envs.state import MAX_HOLDS, NONE
from scenarios.network import Network
from scenarios.trace import Future


class Waiting:
    """Least weighted waiting of packs by release.

    Args:
        permille: int64 (3,), preference weights (cost, lateness, carbon).
    """

    def __init__(self, network: Network, future: Future, packs: Packs, cargo: Cargo, permille: np.ndarray) -> None:
        self.network, self.future, self.packs, self.cargo = network, future, packs, cargo
        self.hourly, self.weight = int(network.settings["waiting_hour_millicents"][0]), int(permille[1])
        holds = [int(network.settings[f"hold_{name}_seconds"][0]) for name in ("short", "long")]
        self.shortest_hold = min((seconds for seconds in holds if seconds > 0), default=0)
        self.outages = np.unique(future.outages["starts_at"])
        sites = network.warehouses[network.warehouses["short_weight"] > 0]
        self.least_search = IMPOSSIBLE
        if len(sites):
            self.least_search = int(permille[0]) * int(sites["line_millicents"].min())
        self.broken = short_receipts(future)
        self.arrival, self.earliest, _ = line_facts(future)

    def __call__(self, pack: np.ndarray, release_at: np.ndarray) -> np.ndarray:
        """int64 (n,), weighted millicents-permille of parcels released then, or before the next outage starts."""
        total = np.zeros(len(pack), np.int64)
        before = np.append(np.iinfo(np.int64).min, self.outages)
        since_outage = before[np.searchsorted(self.outages, release_at, side="right")]
        joined_at = self.cargo.joined_at[pack]
        for place in range(self.packs.lines.shape[1]):
            line = self.packs.lines[pack, place]
            arrival = self.arrival[line]
            since = np.maximum(np.maximum(joined_at, self.earliest[line]), since_outage)
            seconds = np.maximum(0, release_at - since)
            value = self._booked(seconds, self._num_breaks(line, release_at))
            value = np.minimum(self.weight * value, self.least_search)
            held = np.maximum(0, joined_at - arrival)
            has_two_holds = (held >= self.shortest_hold) | (self.packs.steps[pack] > 1)
            value += self.weight * self._booked(held, (MAX_HOLDS - 1) * has_two_holds)
            total += np.where(line == NONE, 0, value)
        return total

    def _booked(self, seconds: np.ndarray, num_breaks: np.ndarray) -> np.ndarray:
        """Millicents at the least when so many seconds are booked in parts, each rounded down."""
        return np.maximum(0, self.hourly * seconds // HOUR - num_breaks)

    def _num_breaks(self, line: np.ndarray, release_at: np.ndarray) -> np.ndarray:
        """Into how many parts more than one the waiting of a line may fall: holds, and receipts that come short."""
        count = np.full(len(line), MAX_HOLDS if self.shortest_hold else 0)
        for row in self.broken:
            is_own = self.future.lines["sku"][line] == row["sku"]
            count += is_own & (self.arrival[line] < row["actual_at"]) & (row["actual_at"] < release_at)
        return count
