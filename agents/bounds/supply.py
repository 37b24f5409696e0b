"""Supply: what each warehouse has of each SKU before each of its receipts, as the trace has it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from scenarios.network import FOREVER_SECONDS, Network
from scenarios.trace import Future


class Supply(NamedTuple):
    """Cuts of cells (warehouse * SKUs + SKU): what leaves before a cut's time must have come before it.

    Cuts that all demand together could not violate are left out.

    Attributes:
        num_skus: of the network.
        first_cut: int64 (cells + 1,), cuts of cell ``i`` are ``first_cut[i]:first_cut[i + 1]``.
        before: int64 (cuts,), seconds, ascending within a cell; the last one is FOREVER_SECONDS.
        units: int64 (cuts,), on the shelf at second 0 and received before that.
    """

    num_skus: int
    first_cut: np.ndarray
    before: np.ndarray
    units: np.ndarray


def make_supply(network: Network, future: Future, earliest: np.ndarray) -> Supply:
    """Cuts that could bind.

    Args:
        network: public arrays.
        future: hidden arrays; of receipts what really comes, and when.
        earliest: int64 (L,), before which second no line can leave.
    """
    num_warehouses, num_skus = network.stock.shape
    order = np.lexsort((earliest, future.lines["sku"]))
    by_sku = np.searchsorted(future.lines["sku"][order], np.arange(num_skus + 1))
    receipts = future.receipts[np.lexsort((future.receipts["actual_at"],))]
    cell_of = receipts["warehouse"] * num_skus + receipts["sku"]
    rows = {cell: receipts[cell_of == cell] for cell in np.unique(cell_of).tolist()}
    first_cut, before, units = [0], [], []
    for cell in range(num_warehouses * num_skus):
        own = order[by_sku[cell % num_skus] : by_sku[cell % num_skus + 1]]
        wanted = np.concatenate([[0], np.cumsum(future.lines["units"][own])])
        on_hand = int(network.stock["on_hand_units"].flat[cell])
        come, times = rows.get(cell, receipts[:0]), []
        for time in [*np.unique(come["actual_at"]).tolist(), FOREVER_SECONDS]:
            supplied = on_hand + int(come["actual_units"][come["actual_at"] < time].sum())
            if wanted[np.searchsorted(earliest[own], time)] > supplied:
                times.append((time, supplied))
        before += [time for time, _ in times]
        units += [supplied for _, supplied in times]
        first_cut.append(len(before))
    return Supply(num_skus, *(np.array(values, np.int64) for values in (first_cut, before, units)))


def spread(first: np.ndarray, counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Ranges ``first[i] .. first[i] + counts[i] - 1`` one after the other.

    Returns:
        int64: the range to which each entry belongs, and the entry.
    """
    owner = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    return owner, first[owner] + place
