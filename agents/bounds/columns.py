"""Columns: packs, the warehouse that sends them and the receipts that they wait for, with their least cost."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agents.bounds.lateness import Lateness
from agents.bounds.packs import Packs
from agents.bounds.parcels import IMPOSSIBLE, Cargo, can_leave, parcel_costs, ways_of
from agents.bounds.supply import Supply, spread
from agents.bounds.waiting import Waiting
from envs.state import NONE
from scenarios.network import FOREVER_SECONDS, Network
from scenarios.trace import Future


class Columns(NamedTuple):
    """Parcels to choose from, one row each.

    Attributes:
        pack: int64 (n,).
        warehouse: int64 (n,).
        release_at: int64 (n,), then or later, but before the next cut of a cell from which it takes.
        costs: int64 (n, 3), weighted millicents-permille by objective.
    """

    pack: np.ndarray
    warehouse: np.ndarray
    release_at: np.ndarray
    costs: np.ndarray


def cuts_of(
    supply: Supply, packs: Packs, skus: np.ndarray, pack: np.ndarray, warehouse: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cuts of all cells from which parcels take.

    Args:
        supply: cuts.
        packs: lines of parcels.
        skus: int64 (L,), of each line.
        pack: int64 (n,), of each parcel.
        warehouse: int64 (n,), of each parcel.

    Returns:
        int64: parcel (0 to n - 1), line and cut of each.
    """
    found = []
    for place in range(packs.lines.shape[1]):
        line = packs.lines[pack, place]
        some = np.flatnonzero(line != NONE)
        cell = warehouse[some] * supply.num_skus + skus[line[some]]
        owner, cut = spread(supply.first_cut[cell], supply.first_cut[cell + 1] - supply.first_cut[cell])
        found.append((some[owner], line[some[owner]], cut))
    parcels, lines, cuts = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return parcels, lines, cuts


class ColumnCosts:
    """What parcels of a trace cost at the least.

    Args:
        lateness: how lateness is counted.
        permille: int64 (3,), preference weights.
    """

    def __init__(
        self,
        network: Network,
        future: Future,
        packs: Packs,
        cargo: Cargo,
        lateness: Lateness,
        permille: np.ndarray,
    ) -> None:
        self.network, self.packs, self.cargo, self.permille = network, packs, cargo, permille
        self.lateness, self.waiting = lateness, Waiting(network, future, packs, cargo, permille)
        self.skus = future.lines["sku"]
        self.outages = np.unique(future.outages["starts_at"])

    def columns(self, supply: Supply) -> Columns:
        """The best service of every pack, warehouse and stretch between cuts; those without any are left out."""
        pack, warehouse, release_at, kind = self._rows(supply)
        costs = self._least_costs(pack, warehouse, release_at)
        total = costs.sum(axis=1)
        order = np.lexsort((total, kind))
        best = order[np.append(True, np.diff(kind[order]) > 0)] if len(order) else order
        release_at = release_at[np.append(True, np.diff(kind) > 0)] if len(kind) else release_at
        kept = total[best] < IMPOSSIBLE
        return Columns(pack[best][kept], warehouse[best][kept], release_at[kept], costs[best][kept])

    def _rows(self, supply: Supply) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Pack, warehouse, release and kind; rows of a kind differ in nothing that stock could tell.

        A release is as early as possible, at a cut, or when an outage starts.
        """
        able = [np.flatnonzero(can_leave(self.network, self.cargo, w)) for w in range(len(self.network.warehouses))]
        pack = np.concatenate(able)
        warehouse = np.repeat(np.arange(len(able)), [len(some) for some in able])
        earliest = self.cargo.earliest[pack]
        parcel, _, cut = cuts_of(supply, self.packs, self.skus, pack, warehouse)
        before = supply.before[cut]
        is_later = (before > earliest[parcel]) & (before < FOREVER_SECONDS)
        parcel, before = parcel[is_later], before[is_later]
        waits = earliest > self.cargo.joined_at[pack]
        waits[parcel] = True
        waiting = np.flatnonzero(waits)
        owner, outage = spread(np.zeros(len(waiting), np.int64), np.full(len(waiting), len(self.outages)))
        outages = self.outages[outage]
        is_later = outages > earliest[waiting[owner]]
        rows = np.concatenate([np.arange(len(pack)), parcel, waiting[owner][is_later]])
        times = np.concatenate([earliest, before, outages[is_later]])
        is_outage = np.arange(len(rows)) >= len(pack) + len(parcel)
        order = np.lexsort((is_outage, times, rows))
        rows, times, is_outage = rows[order], times[order], is_outage[order]
        is_new = np.append(True, (np.diff(rows) > 0) | (np.diff(times) > 0))[: len(rows)]
        rows, times, is_outage = rows[is_new], times[is_new], is_outage[is_new]
        return pack[rows], warehouse[rows], times, np.cumsum(~is_outage)

    def _least_costs(self, pack: np.ndarray, warehouse: np.ndarray, release_at: np.ndarray) -> np.ndarray:
        """int64 (n, 3): weighted costs by objective with the best service of each row."""
        costs = np.full((len(pack), 3), 0, np.int64)
        costs[:, 0] = IMPOSSIBLE
        for place in np.ndindex(*self.network.pairs.shape):
            own = np.flatnonzero(warehouse == place[0])
            ways = ways_of(self.network, self.cargo, place, own, pack[own], release_at[own])
            if not len(ways.row):
                continue
            money, carbon = parcel_costs(self.network, self.cargo, self.packs.share, ways, place)
            late = self.lateness(ways, place)
            is_possible = (money < IMPOSSIBLE) & (late < IMPOSSIBLE)
            found = np.stack([money, late, carbon], axis=1)[is_possible] * self.permille
            rows = ways.row[is_possible]
            is_better = found.sum(axis=1) < costs[rows].sum(axis=1)
            costs[rows[is_better]] = found[is_better]
        costs[:, 1] += self.waiting(pack, release_at)
        return costs
