"""What decisions on one window of the calendar share, so that it is not made anew for each of them.

A plan table has room for every parcel that a network allows, which for fifty warehouses is two megabytes: to make it
takes longer than to fill it. Of the SKUs a decision sees only its own, so that a long catalogue costs nothing.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from envs.plan_table import SCRATCH, Plans, new_plans, scratch_of
from envs.state import GOODS, MAX_LINES, NONE, STOCK_STATE, Observable, filled, new_observable
from scenarios.network import Network

_KEPT = 8

_NO_SCRATCH = {name: np.zeros(0, np.int64) for name in SCRATCH}
"""Whoever looks into what is not his any more finds nothing there, rather than what belongs to another decision."""


class Window:
    """One of them.

    Attributes:
        network: around some days.
        collection_keys: int64 (C,), sorted: see ``key_of``.
    """

    def __init__(self, network: Network) -> None:
        self.network = network
        self._num_services, self._span = network.pairs.shape[1], int(network.settings["end_seconds"][0]) + 1
        rows = network.collections
        self.collection_keys = self.key_of(rows["warehouse"], rows["service"], rows["time_seconds"])
        self._empty, self._quiet = without_scratch(new_plans(network)), new_observable(_with_skus(network, []), 0)
        self._shelves = filled((len(network.warehouses), MAX_LINES), STOCK_STATE, first_receipt=NONE)

    def key_of(self, warehouse: np.ndarray, service: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """Numbers of collections, int64, that sort as they do."""
        keys: np.ndarray = (warehouse * self._num_services + service) * self._span + seconds
        return keys

    def of_skus(self, skus: list[int], num_receipts: int) -> tuple[Network, Observable]:
        """The network with some SKUs alone, which have new numbers, and a state of it in which nothing is anywhere.

        Args:
            skus: the network's numbers of those that will be 0, 1 and so on; at most ``MAX_LINES``.
            num_receipts: see ``envs.state.new_observable``.
        """
        network, quiet = _with_skus(self.network, skus), self._quiet
        if num_receipts >= len(quiet.receipts):
            quiet = new_observable(_with_skus(self.network, []), num_receipts)
        seen = Observable(*map(_copy, quiet))
        return network, seen._replace(stock=_copy(self._shelves[:, : len(skus)]), goods=np.zeros(len(skus), GOODS))

    def empty_plans(self, scratch: dict[str, np.ndarray]) -> Plans:
        """A table without plans, on somebody's scratch."""
        own = {name: _copy(array) for name, array in self._empty._asdict().items() if name not in scratch}
        return Plans(**own, **scratch)


class Windows:
    """Those of one scenario, which differ in their calendars only. Safe to share between threads."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Window] = OrderedDict()
        self._scratch: list[dict[str, np.ndarray]] = []

    def of(self, network: Network) -> Window:
        """The window of a network, which is kept with it."""
        window = self._kept.get(id(network))  # nobody else has this number as long as it is kept
        if window is None:
            window = self._kept[id(network)] = Window(network)
            while len(self._kept) > _KEPT:
                self._kept.popitem(last=False)
        return window

    @contextmanager
    def plans(self, window: Window) -> Iterator[Plans]:
        """An empty table, whose scratch is another decision's after the block."""
        try:
            scratch = self._scratch.pop()
        except IndexError:
            scratch = scratch_of(new_plans(window.network))
        try:
            yield window.empty_plans(scratch)
        finally:
            self._scratch.append(scratch)


def _with_skus(network: Network, skus: list[int]) -> Network:
    """Read-only and in rows, as rules were compiled for."""
    rows, stock = network.skus[skus], network.stock.take(skus, axis=1)
    rows.flags.writeable = stock.flags.writeable = False
    return network._replace(skus=rows, stock=stock)


def without_scratch(plans: Plans) -> Plans:
    """The table that a decision keeps."""
    return plans._replace(**_NO_SCRATCH)


def _copy(array: np.ndarray) -> np.ndarray:
    """As ``array.copy()``, which takes records apart into their fields and needs ten times as long."""
    if array.dtype.names is None:
        return array.copy()
    copied: np.ndarray = array.view(np.uint8).copy().view(array.dtype)
    return copied
