"""A fork on another future: what has been seen stays, all that is not yet revealed is replaced."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from envs import delivery, picking
from envs.agenda import event, push
from envs.fork import check_forkable
from envs.hidden import DEPARTED, PICKING, Hidden, num_reordered
from envs.ranks import Rank
from envs.reordering import lead_seconds
from envs.world import World
from scenarios.errors import InputError
from scenarios.network import FOREVER_SECONDS
from scenarios.trace import Future

_ORDERS, _LINES, _RECEIPTS, _OUTAGES = (
    ("arrival_seconds", "customer_id", "region", "promise_at", "requirements", "first_line", "num_lines"),
    ("order", "sku", "units", "margin_millicents", "ship_from_seconds"),
    ("warehouse", "sku", "announced_at", "expected_at", "expected_units"),
    ("service", "warehouse", "starts_at", "ends_at"),
)
"""What is known of orders that have arrived, receipts that were announced and outages that have begun."""

_KEPT = (
    Rank.DELIVERY,
    Rank.PICK_FINISHED,
    Rank.COLLECTION,
    Rank.SHIFT_OPENED,
    Rank.RELEASE_DUE,
    Rank.HOLD_ENDED,
    Rank.PLAN_BROKE,
    Rank.PICKS_STARTED,
    Rank.REVIEW,
)


def fork_on(world: World, future: Future) -> World:
    """A copy of ``world`` at its present decision that goes on in another future.

    Args:
        world: at a decision, played by the compiled clock.
        future: a whole one. What ``world`` has seen must be the same in it: orders that have arrived but for their luck
            and patience, receipts that were announced but for what really comes, outages that have begun. Picks and
            journeys under way are drawn again with its luck; what would have ended by now ends in the next second.

    Returns:
        The fork; it keeps no logs, only totals.

    Raises:
        InputError: ``future`` contradicts what has been seen, or SimPy plays ``world``.
    """
    check_forkable(world)
    _check_past(world, future)
    other = World(replace(world.trace, future=future), "none")
    if len(other.hidden.parcels) < len(world.hidden.parcels):
        other.hidden = other.hidden._replace(parcels=np.zeros_like(world.hidden.parcels))
        other.rebind()
    for name, array in world.seen._asdict().items():
        kept = getattr(other.seen, name)
        size = min(len(kept), len(array))
        kept[:size] = array[:size]
    _copy_hidden(world, other.hidden)
    for name in ("counts", "slots", "chosen", "costs", "rules", "features", "context", "start_at"):
        getattr(other.plans, name)[...] = getattr(world.plans, name)
    other.plans.options[...], other.plans.option_costs[...] = world.plans.options, world.plans.option_costs
    _redraw(other)
    _fill_agenda(world, other)
    return other


def _check_past(world: World, future: Future) -> None:
    now = int(world.seen.clock["now_seconds"][0])
    old, num_orders = world.future, int(world.hidden.counters["num_arrived"][0])
    num_lines = int(old.orders["num_lines"][:num_orders].sum())
    num_receipts = int((old.receipts["announced_at"] <= now).sum())
    num_outages = int((old.outages["starts_at"] <= now).sum())
    for name, count, fields in (
        ("orders", num_orders, _ORDERS),
        ("lines", num_lines, _LINES),
        ("receipts", num_receipts, _RECEIPTS),
        ("outages", num_outages, _OUTAGES),
    ):
        before, after = getattr(old, name)[:count], getattr(future, name)[:count]
        for field in fields:
            if len(after) < count or not np.array_equal(before[field], after[field]):
                raise InputError(f"future {name}", field, "what has been seen, unchanged", "replace what is to come")
    for name, field, count in (
        ("orders", "arrival_seconds", num_orders),
        ("receipts", "announced_at", num_receipts),
        ("outages", "starts_at", num_outages),
    ):
        rows = getattr(future, name)[field][count:]
        earliest = now if name == "orders" else now + 1
        if len(rows) and rows.min() < earliest:
            raise InputError(f"future {name}", int(rows.min()), f"{field} of {earliest} or later", "it is seen already")


def _copy_hidden(world: World, hidden: Hidden) -> None:
    """State so far; rows of what is to come are those of the new trace."""
    source, num_orders = world.hidden, int(world.hidden.counters["num_arrived"][0])
    num_lines = int(world.future.orders["num_lines"][:num_orders].sum())
    previous = hidden.orders["previous_order"].copy()
    hidden.orders[:num_orders] = source.orders[:num_orders]
    hidden.orders["previous_order"][num_orders:] = previous[num_orders:]
    hidden.order_costs[:num_orders] = source.order_costs[:num_orders]
    hidden.lines[:num_lines] = source.lines[:num_lines]
    num_parcels = int(source.counters["num_parcels"][0])
    hidden.parcels[:num_parcels] = source.parcels[:num_parcels]
    for name in ("queues", "docks", "totals"):
        getattr(hidden, name)[...] = getattr(source, name)
    size = min(len(hidden.claims), len(source.claims))
    hidden.claims[:size] = source.claims[:size]
    open_orders = int(source.counters["num_open_orders"][0]) - len(source.orders) + len(hidden.orders)
    log_level = int(hidden.counters["log_level"][0])
    hidden.counters[0] = source.counters[0]
    hidden.counters["num_open_orders"], hidden.counters["log_level"] = open_orders, log_level
    hidden.counters["num_events"] = hidden.counters["num_ledger_rows"] = 0
    rows = num_reordered(world.network)
    hidden.arrivals[:rows] = source.arrivals[:rows]


def _redraw(other: World) -> None:
    """Draws picks, journeys and lead times under way again, with the luck of the new future."""
    network, future, hidden = other.network, other.future, other.hidden
    now = int(other.seen.clock["now_seconds"][0])
    for service in range(len(hidden.weather)):
        hidden.weather["transit_permille"][service] = _regime_at(future, service, now)
    parcels = hidden.parcels[: hidden.counters["num_parcels"][0]]
    for parcel in np.flatnonzero(parcels["stage"] == PICKING).tolist():
        seconds = picking.realised_seconds(network, future, hidden, parcel)
        parcels[parcel]["ready_at"] = max(now + 1, parcels[parcel]["started_at"] + seconds)
    for parcel in np.flatnonzero((parcels["stage"] == DEPARTED) & (parcels["delivered_at"] > now)).tolist():
        service, departed_at = int(parcels[parcel]["service"]), int(parcels[parcel]["departed_at"])
        permille = _regime_at(future, service, departed_at)
        seconds = delivery.transit_seconds(network, future, hidden, parcel, permille)
        parcels[parcel]["delivered_at"] = max(now + 1, departed_at + seconds)
    for receipt in range(num_reordered(network)):
        row = hidden.arrivals[receipt]
        if other.seen.receipts[receipt]["is_open"]:
            seconds = lead_seconds(network, future, row["warehouse"], row["sku"], row["announced_at"])
            row["actual_at"] = max(now + 1, row["announced_at"] + seconds)


def _regime_at(future: Future, service: int, seconds: int) -> int:
    rows = future.regimes[(future.regimes["service"] == service) & (future.regimes["starts_at"] <= seconds)]
    return int(rows["transit_permille"][-1]) if len(rows) else 1000


def _fill_agenda(world: World, other: World) -> None:
    """What is to come: known events as they are, those under way with their new luck, and the new future's."""
    network, future, hidden, agenda = other.network, other.future, other.hidden, other.agenda
    now, num_orders = int(other.seen.clock["now_seconds"][0]), int(hidden.counters["num_arrived"][0])
    pending, waiting = world.agenda, {}
    for i in range(int(pending.size[0])):
        time, rank, entity = event(int(pending.keys[i]))
        if rank == Rank.PICK_FINISHED:
            time = int(hidden.parcels[entity]["ready_at"])
        elif rank == Rank.DELIVERY:
            time = int(hidden.parcels[entity]["delivered_at"])
        elif rank == Rank.IMPATIENCE:
            waiting[entity] = time
        if rank in _KEPT:
            push(agenda, time, rank, entity)
    for order in range(num_orders):
        if order in waiting or world.future.orders[order]["patience_seconds"] == FOREVER_SECONDS:
            _push_patience(other, order, now, waiting.get(order) == now)
    offset = num_reordered(network)
    for receipt in range(len(hidden.arrivals)):
        actual_at = int(hidden.arrivals[receipt]["actual_at"])
        if other.seen.receipts[receipt]["is_open"]:
            push(agenda, max(now + 1, actual_at), Rank.RECEIPT_ARRIVED, receipt)
        elif receipt >= offset and hidden.arrivals[receipt]["announced_at"] > now:
            push(agenda, int(hidden.arrivals[receipt]["announced_at"]), Rank.RECEIPT_ANNOUNCED, receipt)
            push(agenda, actual_at, Rank.RECEIPT_ARRIVED, receipt)
    for noun, rank in (("outages", Rank.OUTAGE), ("regimes", Rank.REGIME)):
        rows = getattr(future, noun)
        for row in np.flatnonzero(rows["starts_at"] > now).tolist():
            push(agenda, int(rows[row]["starts_at"]), rank, row)
    if num_orders < len(future.orders):
        push(agenda, int(future.orders[num_orders]["arrival_seconds"]), Rank.ORDER_ARRIVED, num_orders)


def _push_patience(other: World, order: int, now: int, is_due: bool) -> None:
    """The end of a patience that has not shown; ``is_due`` if that of the old future comes later in this second."""
    row = other.future.orders[order]
    if row["patience_seconds"] < FOREVER_SECONDS:
        at = int(row["arrival_seconds"]) + int(row["patience_seconds"])
        push(other.agenda, at if at > now or (at == now and is_due) else now + 1, Rank.IMPATIENCE, order)
