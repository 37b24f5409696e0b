"""Why this plan, in plain words. Every sentence is computed from the plan table, none is guessed."""

from __future__ import annotations

import numpy as np

from envs.costs import COST_PARTS, MILLICENTS
from envs.snapshot import Snapshot
from envs.state import NONE
from scenarios.handling import SERVICE_SIDE, WAREHOUSE_SIDE, handling_names
from scenarios.local_time import MINUTE_SECONDS, format_utc
from scenarios.network import NO_LANE
from scenarios.trace import Names
from serve.explanations.exclusion import cause_at, missing_units, required_of

_NOTICEABLE_MILLICENTS = 500
"""Half a cent: smaller differences of a cost part are not worth a word."""


def explain(snapshot: Snapshot, names: Names, slot: int | None, runner_up: int | None) -> list[str]:
    """Sentences about the plan in ``slot``, compared with ``runner_up``, and what excluded warehouses."""
    sentences = []
    if slot is None:
        sentences.append("A person must decide: see fallback_reason.")
    else:
        if runner_up is None:
            sentences.append("It is the only feasible plan.")
        else:
            sentences.append(_comparison(snapshot, names, slot, runner_up))
        sentences += shape(snapshot, names, slot)
    return sentences + _exclusions(snapshot, names)


def _money(millicents: int) -> str:
    return f"{millicents / MILLICENTS:.2f}"


def describe_plan(snapshot: Snapshot, names: Names, slot: int) -> str:
    """A plan in a few words, such as ``Mitte by standard, Nord by express``."""
    plans = snapshot.plans
    if plans.slots["is_decline"][slot]:
        return "declining the order"
    if plans.slots["hold_seconds"][slot]:
        return f"hold the order for {plans.slots['hold_seconds'][slot] // MINUTE_SECONDS} minutes"
    epoch, words = int(snapshot.network.settings["epoch_seconds"][0]), []
    for option in plans.chosen[slot, : plans.slots["num_parcels"][slot]]:
        row = plans.options[option]
        waits = " after a receipt" if row["receipt"] != NONE else ""
        if row["release_at"]:
            waits += f" from {format_utc(epoch + int(row['release_at']))}"
        words.append(f"{names.warehouses[row['warehouse']]} by {names.services[row['service']]}{waits}")
    return ", ".join(words)


def _comparison(snapshot: Snapshot, names: Names, slot: int, other: int) -> str:
    costs, is_hold = snapshot.plans.costs, snapshot.plans.slots["hold_seconds"] > 0
    if is_hold[slot] or is_hold[other]:  # a hold books its waiting only: the order's costs come with a later decision
        text = "" if is_hold[slot] else f"It is expected to cost {_money(int(costs[slot].sum()))}. "
        return f"{text}The runner-up ({describe_plan(snapshot, names, other)}) is not compared by cost."
    difference = costs[slot] - costs[other]
    total = int(difference.sum())
    parts = [
        f"{part.name.replace('_', ' ')} {'+' if amount > 0 else '-'}{_money(abs(int(amount)))}"
        for part, amount in zip(COST_PARTS, difference, strict=True)
        if abs(amount) >= _NOTICEABLE_MILLICENTS
    ]
    verdict = "as much as" if abs(total) < _NOTICEABLE_MILLICENTS else ("less than" if total < 0 else "more than")
    gap = "" if verdict == "as much as" else f"{_money(abs(total))} "
    text = (
        f"It is expected to cost {_money(int(costs[slot].sum()))}, {gap}{verdict} the runner-up "
        f"({describe_plan(snapshot, names, other)})"
    )
    text += f": {', '.join(parts)}." if parts else "."
    bids = snapshot.plans.slots["bid_millicents"]
    saved = int(bids[other] - bids[slot])
    if abs(saved) >= _NOTICEABLE_MILLICENTS:
        text += f" The stock it uses is worth {_money(abs(saved))} {'less' if saved > 0 else 'more'} to later orders."
    return text


def of_chance(snapshot: Snapshot, names: Names, own: int, is_drawn: bool) -> str:
    """What part chance had in a plan, where it had one."""
    if not is_drawn:
        return "It is the policy's own choice; an experiment could have drawn another plan instead."
    words = describe_plan(snapshot, names, own)
    return f"An experiment drew it by chance among plans nearly as good as the policy's own choice ({words})."


def shape(snapshot: Snapshot, names: Names, slot: int) -> list[str]:
    """Why split, why backordered, why held, why declined."""
    plans, count = snapshot.plans, snapshot.num_plans
    slots, totals = plans.slots[:count], plans.costs[:count].sum(axis=1)
    row, sentences = slots[slot], []
    if row["num_parcels"] > 1:
        whole = np.flatnonzero(slots["num_parcels"] == 1)
        if len(whole):
            best = int(whole[totals[whole].argmin()])
            gap = int(totals[best] - totals[slot])
            sentences.append(
                f"It is split although one parcel was possible: {describe_plan(snapshot, names, best)} would cost "
                f"{_money(abs(gap))} {'more' if gap >= 0 else 'less'}."
            )
        else:
            sentences.append("It is split because no warehouse can send all lines in one parcel.")
    if row["num_backordered_lines"]:
        stocked = np.flatnonzero((slots["num_backordered_lines"] == 0) & (slots["num_parcels"] > 0))
        if len(stocked):
            best = int(stocked[totals[stocked].argmin()])
            gap = int(totals[best] - totals[slot])
            sentences.append(
                f"It waits for a receipt although goods are in stock: {describe_plan(snapshot, names, best)} "
                f"would cost {_money(abs(gap))} {'more' if gap >= 0 else 'less'}."
            )
        else:
            sentences.append("It waits for a receipt because stock alone cannot serve the whole order.")
    if row["hold_seconds"]:
        sentences.append(
            f"The choice is to {describe_plan(snapshot, names, slot)} and decide again: "
            f"waiting is expected to cost {_money(int(totals[slot]))}."
        )
    if row["is_decline"] and count > 1:
        sentences.append("The order is declined: the lost margin is part of the cost above.")
    return sentences


def _exclusions(snapshot: Snapshot, names: Names) -> list[str]:
    """Per line, the warehouses that cannot send it now, with the first cause of each: nearly always missing units."""
    sentences, seen, num_lines = [], snapshot.seen, int(snapshot.seen.order["num_lines"][0])
    rows = seen.lines[:num_lines]
    units = seen.stock[:, rows["sku"]]
    available = units["on_hand_units"] - units["allocated_units"]
    required = rows["requirements"] | seen.order["requirements"][0]
    is_unable = (required & WAREHOUSE_SIDE & ~snapshot.network.warehouses["capabilities"][:, np.newaxis]) != 0
    is_short, is_later = available < rows["units"], rows["ship_from_seconds"] > seen.clock["now_seconds"][0]
    is_out = is_unable | is_short | is_later | ~_is_carried(snapshot, required)
    is_plain = is_short & ~is_unable & ~is_later
    for line, (sku, wanted) in enumerate(zip(rows["sku"].tolist(), rows["units"].tolist(), strict=True)):
        out = np.flatnonzero(is_out[:, line])
        found = zip(out.tolist(), available[out, line].tolist(), is_plain[out, line].tolist(), strict=True)
        causes = [
            f"{names.warehouses[w]} ({missing_units(left, wanted) if plain else _cause(snapshot, names, line, w)})"
            for w, left, plain in found
        ]
        if causes:
            sentences.append(f"{names.skus[sku]} cannot leave now from {', '.join(causes)}.")
    return sentences


def _is_carried(snapshot: Snapshot, required: np.ndarray) -> np.ndarray:
    """Which warehouses have a service that takes a line to its region at any time.

    Args:
        snapshot: of the decision.
        required: int64 (lines,), what each asks of who handles it.

    Returns:
        bool (warehouses, lines).
    """
    network, grams = snapshot.network, snapshot.seen.lines["grams"][: len(required)]
    lanes = network.lanes[:, :, snapshot.seen.order["region"][0]]
    carried = np.where(lanes["zone"] != NO_LANE, network.rates["max_grams"].max(axis=1)[lanes["rate_row"]], -1)
    is_able = (required & SERVICE_SIDE & ~network.services["capabilities"][:, np.newaxis]) == 0
    found: np.ndarray = ((carried[:, :, np.newaxis] >= grams) & is_able).any(axis=1)
    return found


def _cause(snapshot: Snapshot, names: Names, line: int, warehouse: int) -> str:
    """Why a warehouse cannot send a line from stock now."""
    cause = cause_at(snapshot, line, warehouse)
    return cause.detail if cause else _cause_of_services(snapshot, names, line, warehouse)


def _cause_of_services(snapshot: Snapshot, names: Names, line: int, warehouse: int) -> str:
    network, required = snapshot.network, required_of(snapshot, line)
    region, grams = snapshot.seen.order["region"][0], snapshot.seen.lines["grams"][line]
    reaching = np.flatnonzero(network.lanes[warehouse, :, region]["zone"] != NO_LANE)
    if not len(reaching):
        return f"no lane to {names.regions[region]}"
    lacking = required & SERVICE_SIDE & ~network.services["capabilities"][reaching]
    if lacking.all():
        return f"no carrier there offers {' and '.join(handling_names(required & SERVICE_SIDE))}"
    return f"{grams} g is too heavy for its carriers"
