"""Plan tables of decisions that are made one after another: what holds nothing in between is used again.

A table has room for every parcel that a network allows, which for fifty warehouses is two megabytes: to make it anew
takes longer than to fill it.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from envs.plan_table import SCRATCH, Plans, new_plans, scratch_of
from scenarios.network import Network

_KEPT_NETWORKS = 8

_NO_SCRATCH = {name: np.zeros(0, np.int64) for name in SCRATCH}
"""Whoever looks into what is not his any more finds nothing there, rather than what belongs to another decision."""


class PlanTables:
    """Lends tables for the networks of one scenario, which differ in their calendars only. Safe to share."""

    def __init__(self) -> None:
        self._empty: OrderedDict[int, tuple[Network, Plans]] = OrderedDict()
        self._scratch: list[dict[str, np.ndarray]] = []

    @contextmanager
    def lent(self, network: Network) -> Iterator[Plans]:
        """An empty table, whose scratch is another decision's after the block."""
        empty = self._empty_for(network)
        try:
            scratch = self._scratch.pop()
        except IndexError:
            scratch = scratch_of(new_plans(network))
        own = {name: array.copy() for name, array in empty._asdict().items() if name not in scratch}
        try:
            yield empty._replace(**own, **scratch)
        finally:
            self._scratch.append(scratch)

    def _empty_for(self, network: Network) -> Plans:
        found = self._empty.get(id(network))
        if found is not None:
            return found[1]
        empty = new_plans(network)._replace(**_NO_SCRATCH)
        self._empty[id(network)] = (network, empty)  # which keeps the number from being another network's
        while len(self._empty) > _KEPT_NETWORKS:
            self._empty.popitem(last=False)
        return empty


def without_scratch(plans: Plans) -> Plans:
    """The table that a decision keeps."""
    return plans._replace(**_NO_SCRATCH)
