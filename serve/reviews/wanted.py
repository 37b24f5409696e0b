"""A plan that a person wants, put into the table of plans if it was not good enough to be there by itself."""

from __future__ import annotations

import numpy as np

from envs.plan_table import COUNT_OPTIONS, COUNT_PLANS, COUNT_PRICED, MAX_BLOCKS, MAX_PLANS, Plans
from envs.snapshot import Snapshot
from envs.state import NONE
from serve.explanations.flip import resorted

Parcel = tuple[int, int, int, int]
"""Warehouse, service, receipt (NONE: from stock) and bit mask of lines."""

_FIELDS = ("warehouse", "service", "receipt", "lines_mask")


def parcels_of(snapshot: Snapshot, slot: int) -> frozenset[Parcel]:
    """What a plan sends."""
    plans = snapshot.plans
    rows = plans.options[plans.chosen[slot, : plans.slots["num_parcels"][slot]]]
    return frozenset(tuple(int(row[field]) for field in _FIELDS) for row in rows)  # type: ignore[misc]


def with_plan(snapshot: Snapshot, wanted: frozenset[Parcel], is_only_kept: bool = True) -> tuple[Snapshot, int] | None:
    """A table that holds a plan, and its slot; None if the rules do not allow it.

    Every parcel must be one that was priced, which means that all hard constraints hold for it.

    Args:
        snapshot: with the table of those that were good enough.
        wanted: the plan's parcels.
        is_only_kept: where the table is full, the plan takes the place of the last one that is not the only one of its
            kind, see ``_spare``. Otherwise that of the last one whatever it is, as in records of overrides from before.
    """
    found = _slot_of(snapshot, wanted)
    if found is not None:
        return snapshot, found
    options = _options(snapshot, wanted)
    if options is None:
        return None
    plans = Plans(*(array.copy() for array in snapshot.plans))
    slot = min(snapshot.num_plans, MAX_PLANS - 1)
    if snapshot.num_plans == MAX_PLANS and is_only_kept:
        spare = _spare(plans)
        for array in (plans.slots, plans.chosen, plans.costs, plans.rules):
            array[spare] = array[slot]
    plans.counts[COUNT_PLANS] = slot + 1
    _write(plans, slot, options)
    changed = resorted(snapshot, plans)
    found = _slot_of(changed, wanted)
    return None if found is None else (changed, found)


def _spare(plans: Plans) -> int:
    """The last slot of a full table without whose plan it still tells whether one parcel, or stock alone, would do."""
    num_parcels = plans.slots["num_parcels"]
    kinds = (num_parcels == 1, (num_parcels > 0) & (plans.slots["num_backordered_lines"] == 0))
    only = [kind for kind in kinds if kind.sum() == 1]
    return int(np.flatnonzero(~np.logical_or.reduce(only, initial=False))[-1]) if only else MAX_PLANS - 1


def _slot_of(snapshot: Snapshot, wanted: frozenset[Parcel]) -> int | None:
    slots = range(snapshot.num_plans)
    return next((slot for slot in slots if wanted and parcels_of(snapshot, slot) == wanted), None)


def _options(snapshot: Snapshot, wanted: frozenset[Parcel]) -> list[int] | None:
    """Rows of ``plans.priced`` that make up the plan; None if they do not make one."""
    plans, num_lines = snapshot.plans, int(snapshot.seen.order["num_lines"][0])
    rows = plans.priced[: plans.counts[COUNT_PRICED]]
    options = []
    for parcel in wanted:
        is_it = np.logical_and.reduce([rows[field] == value for field, value in zip(_FIELDS, parcel, strict=True)])
        options += np.flatnonzero(is_it).tolist()[:1]
    masks = [parcel[3] for parcel in wanted]
    is_whole = sum(masks) == (1 << num_lines) - 1 == int(np.bitwise_or.reduce(masks, initial=0))
    keys = [key for key in plans.option_keys[options].tolist() if key != NONE]
    is_apart = len(set(keys)) == len(keys)
    most = min(MAX_BLOCKS, int(snapshot.network.settings["max_parcels"][0]))
    fits = len(options) == len(wanted) <= most
    return sorted(options) if is_whole and is_apart and fits else None


def _write(plans: Plans, slot: int, options: list[int]) -> None:
    """Writes a plan of priced options into a slot, and the options that all plans hold anew, for there is room then."""
    of_row = {int(row): n for n, row in enumerate(plans.kept[: plans.counts[COUNT_PRICED]]) if row != NONE}
    holds = [[of_row[int(row)] for row in plans.chosen[i, : plans.slots["num_parcels"][i]]] for i in range(slot)]
    rows, num_lines = plans.priced[options], plans.priced["num_lines"][options]
    is_backorder = rows["receipt"] != NONE
    plans.slots[slot] = 0
    plans.slots["num_parcels"][slot] = len(options)
    plans.slots["num_backordered_lines"][slot] = num_lines[is_backorder].sum()
    plans.slots["num_later_lines"][slot] = num_lines[~is_backorder & (rows["release_at"] > 0)].sum()
    plans.slots["bid_millicents"][slot] = rows["bid_millicents"].sum()
    plans.slots["quoted_at"][slot] = rows["quoted_at"].max()
    plans.costs[slot] = plans.priced_costs[options].sum(axis=0)
    plans.rules[slot] = plans.option_rules[options].sum(axis=0)
    plans.kept[:] = NONE
    count = 0
    for i, held in enumerate([*holds, options]):
        plans.chosen[i] = NONE
        for place, n in enumerate(held):
            if plans.kept[n] == NONE:
                plans.kept[n], plans.options[count], plans.option_costs[count] = (
                    count,
                    plans.priced[n],
                    plans.priced_costs[n],
                )
                count += 1
            plans.chosen[i, place] = plans.kept[n]
    plans.counts[COUNT_OPTIONS] = count
