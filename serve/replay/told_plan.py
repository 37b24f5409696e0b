"""The plan that the endpoint has told, as a slot of the world's own table."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from envs.snapshot import Snapshot
from envs.state import NONE
from envs.world import World
from serve.decisions.answer import PlanAnswer
from serve.reviews.wanted import Parcel, with_plan

_CLOSE_SECONDS = 60
"""A wall clock's hold ends about then."""


def slot_of(plan: PlanAnswer, held_seconds: int | None, world: World, receipts: Mapping[str, int]) -> int | None:
    """The slot; a plan that is possible but not in the table is put there.

    Args:
        plan: as answered.
        held_seconds: for how long it holds the order; None if it does not.
        world: whose order is asked.
        receipts: numbers of receipts by what the endpoint calls them.

    Returns:
        None if the world has no such plan: the endpoint thinks of another state than it is in.
    """
    slots = world.plans.slots
    snapshot = Snapshot(world.network, world.seen, world.plans)
    real = range(snapshot.num_plans)
    if plan.kind == "decline":
        return next((slot for slot in real if slots["is_decline"][slot]), None)
    if held_seconds is not None:
        holds = [slot for slot in real if slots["hold_seconds"][slot]]
        near = min(holds, key=lambda slot: abs(slots["hold_seconds"][slot] - held_seconds), default=None)
        is_it = near is not None and abs(slots["hold_seconds"][near] - held_seconds) <= _CLOSE_SECONDS
        return near if is_it else None
    found = None
    try:
        found = with_plan(snapshot, _parcels(plan, world, receipts))
    except (KeyError, ValueError):  # a receipt or a SKU that is none of this moment
        return None
    if found is None:
        return None
    for ours, theirs in zip(world.plans, found[0].plans, strict=True):
        np.copyto(ours, theirs)
    return found[1]


def _parcels(plan: PlanAnswer, world: World, receipts: Mapping[str, int]) -> frozenset[Parcel]:
    names, lines = world.trace.names, world.seen.lines["sku"][: world.seen.order["num_lines"][0]]
    skus = [names.skus[sku] for sku in lines]
    return frozenset(
        (
            names.warehouses.index(row.warehouse),
            names.services.index(row.service),
            receipts[str(row.receipt.id)] if row.receipt else NONE,
            sum(1 << skus.index(line.sku) for line in row.lines),
        )
        for row in plan.parcels
    )
