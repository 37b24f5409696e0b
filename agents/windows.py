"""What decisions on one window of the calendar share, so that it is not made anew for each of them.

A plan table has room for every parcel that a network allows, which for fifty warehouses is two megabytes: to make it
takes longer than to fill it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from envs.plan_table import SCRATCH, Plans, new_plans, scratch_of
from envs.state import Observable, new_observable
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
        self._empty, self._quiet = without_scratch(new_plans(network)), new_observable(network, 0)

    def key_of(self, warehouse: np.ndarray, service: np.ndarray, seconds: np.ndarray) -> np.ndarray:
        """Numbers of collections, int64, that sort as they do."""
        keys: np.ndarray = (warehouse * self._num_services + service) * self._span + seconds
        return keys

    def observable(self, num_receipts: int) -> Observable:
        """State before the first event, see ``envs.state.new_observable``."""
        if num_receipts >= len(self._quiet.receipts):
            return new_observable(self.network, num_receipts)
        return Observable(*map(_copy, self._quiet))

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
    def plans(self, network: Network) -> Iterator[Plans]:
        """An empty table, whose scratch is another decision's after the block."""
        try:
            scratch = self._scratch.pop()
        except IndexError:
            scratch = scratch_of(new_plans(network))
        try:
            yield self.of(network).empty_plans(scratch)
        finally:
            self._scratch.append(scratch)


def without_scratch(plans: Plans) -> Plans:
    """The table that a decision keeps."""
    return plans._replace(**_NO_SCRATCH)


def _copy(array: np.ndarray) -> np.ndarray:
    """As ``array.copy()``, which takes records apart into their fields and needs ten times as long."""
    if array.dtype.names is None:
        return array.copy()
    copied: np.ndarray = array.view(np.uint8).copy().view(array.dtype)
    return copied
