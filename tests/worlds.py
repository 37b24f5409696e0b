"""Small worlds for tests: built by hand or at random, without scenarios, on a coarse grid of seconds.

The grid makes simultaneous events common. Random worlds are meant to be unpleasant: lanes to nowhere, pairs that
are never collected, tiny collections, shifts with gaps, parcels too heavy for the rate card, goods that few may
handle, scarce stock, receipts announced in the second in which an order arrives.
"""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
from hypothesis import currently_in_test_context, note
from hypothesis import strategies as st

from scenarios.network import (
    FOREVER_SECONDS,
    TABLE_WEIGHT,
    Network,
)
from scenarios.trace import (
    ALL_WAREHOUSES,
    LINES,
    ORDERS,
    OUTAGES,
    RECEIPTS,
    REGIMES,
    Future,
    Names,
    Trace,
    quiet_future,
)
from tests.random_networks import DAY, GRID, HOUR, Sizes, quantile_table, random_masks, random_network
from tests.trace_story import story

TROUBLES = tuple(field.name for field in fields(Sizes) if field.name.startswith("has_"))


def every_trouble(**changes: Any) -> dict[str, Any]:
    """All kinds of trouble at once."""
    return {**dict.fromkeys(TROUBLES, True), **changes}


def sizes(**fixed: Any) -> st.SearchStrategy[Sizes]:
    """Sizes of small worlds, some of them given."""
    drawn: dict[str, st.SearchStrategy[Any]] = {
        "num_warehouses": st.integers(1, 4),
        "num_services": st.integers(1, 3),
        "num_regions": st.integers(1, 3),
        "num_skus": st.integers(1, 10),
        "num_orders": st.integers(1, 40),
        "num_receipts": st.integers(0, 15),
        "max_lines": st.integers(1, 8),
        "max_parcels": st.integers(1, 5),
        "is_decline_a_choice": st.booleans(),
        "is_backorder_allowed": st.booleans(),
        "most_units_on_shelf": st.integers(0, 8),
        "share_without_lane": st.sampled_from([0.0, 0.2, 0.6]),
        "share_with_requirements": st.sampled_from([0.0, 0.2, 0.6]),
        **dict.fromkeys(TROUBLES, st.booleans()),
    }
    chosen = {name: st.just(fixed[name]) if name in fixed else how for name, how in drawn.items()}
    rest = {name: st.just(value) for name, value in fixed.items() if name not in drawn}
    return st.builds(Sizes, **chosen, **rest)


def size_of(trace: Trace, **changes: Any) -> Sizes:
    """Sizes of a world that is there, so that other orders, receipts and outages of it can be drawn."""
    num_warehouses, num_skus = trace.network.stock.shape
    days = max(1, int(trace.network.settings["horizon_seconds"][0]) // DAY)
    places = {"num_services": len(trace.network.services), "num_regions": len(trace.network.regions)}
    return Sizes(num_warehouses=num_warehouses, num_skus=num_skus, days=days, **places, **changes)


def traces(**fixed: Any) -> st.SearchStrategy[Trace]:
    """Random worlds; shrinks towards small ones, and a property that fails prints the story of the smallest."""
    return st.builds(random_trace, st.integers(0, 2**32 - 1), sizes(**fixed)).map(noted)


def noted(trace: Trace) -> Trace:
    """Prints the story of a trace if the property that it is made for fails."""
    if currently_in_test_context():
        note(story(trace))
    return trace


class SmallTrace(Trace):
    """A trace that shows itself in one line; see ``tests.trace_story`` for more."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<trace {self.scenario_id}, seed {self.seed}, {self.num_orders} orders>"

    def _repr_pretty_(self, printer: Any, is_cycle: bool) -> None:
        """The same for hypothesis, which shows dataclasses field by field otherwise."""
        printer.text(repr(self))


def random_trace(seed: int, world: Sizes | None = None, **changes: Any) -> Trace:
    """One random world and one realisation of its orders and receipts."""
    world = replace(world or Sizes(), **changes)
    random = np.random.default_rng(seed)
    network = random_network(random, world)
    names = Names(
        *(
            tuple(f"{kind}-{i}" for i in range(count))
            for kind, count in (
                ("warehouse", world.num_warehouses),
                ("service", world.num_services),
                ("region", world.num_regions),
                ("sku", world.num_skus),
            )
        )
    )
    future = quiet_future(*random_orders(random, network, world), random_receipts(random, world), world.num_warehouses)
    trouble = np.random.default_rng([seed, 1])  # of its own, so that a world stays the same without it
    network, future = add_trouble(trouble, network, future, world)
    return SmallTrace("random@1", int(seed), names, network, future)


def random_orders(random: np.random.Generator, network: Network, world: Sizes) -> tuple[np.ndarray, np.ndarray]:
    """Orders on the grid, several of them in one second, with lines of distinct SKUs."""
    count = world.num_orders
    orders = np.zeros(count, ORDERS)
    orders["arrival_seconds"] = np.sort(random.integers(0, world.days * DAY // GRID, count)) * GRID
    orders["customer_id"] = np.arange(count)
    orders["region"] = random.integers(0, world.num_regions, count)
    orders["promise_at"] = orders["arrival_seconds"] + random.integers(1, 5 * 24, count) * HOUR
    orders["patience_seconds"] = FOREVER_SECONDS
    orders["requirements"] = random_masks(random, count, 0.3) * (random.random(count) < world.share_with_requirements)
    orders["luck_key"] = random.integers(0, 1 << 64, count, np.uint64)
    orders["num_lines"] = random.integers(1, min(world.max_lines, world.num_skus) + 1, count)
    orders["first_line"] = np.cumsum(orders["num_lines"]) - orders["num_lines"]
    lines = np.zeros(int(orders["num_lines"].sum()), LINES)
    lines["order"] = np.repeat(np.arange(count), orders["num_lines"])
    lines["sku"] = [sku for n in orders["num_lines"] for sku in random.permutation(world.num_skus)[:n]]
    lines["units"] = random.integers(1, 3, len(lines))
    lines["margin_millicents"] = network.skus["margin_millicents"][lines["sku"]] * lines["units"]
    return orders, lines


def random_receipts(random: np.random.Generator, world: Sizes, announced_after: int = -1) -> np.ndarray:
    """Receipts on the grid, announced after a given second."""
    receipts = np.zeros(world.num_receipts, RECEIPTS)
    first = (announced_after + GRID) // GRID
    announced = np.sort(random.integers(first, max(first + 1, world.days * DAY // GRID), world.num_receipts))
    receipts["announced_at"] = announced * GRID
    receipts["expected_at"] = receipts["announced_at"] + random.integers(0, DAY // GRID, world.num_receipts) * GRID
    receipts["warehouse"] = random.integers(0, world.num_warehouses, world.num_receipts)
    receipts["sku"] = random.integers(0, world.num_skus, world.num_receipts)
    receipts["expected_units"] = random.integers(1, 9, world.num_receipts)
    receipts["actual_at"], receipts["actual_units"] = receipts["expected_at"], receipts["expected_units"]
    return receipts


def add_trouble(random: np.random.Generator, network: Network, future: Future, world: Sizes) -> tuple[Network, Future]:
    """Adds the kinds of trouble that a world has."""
    settings, warehouses, stock = (getattr(network, name).copy() for name in ("settings", "warehouses", "stock"))
    tables, orders, lines, receipts = network.tables, future.orders.copy(), future.lines.copy(), future.receipts.copy()
    outages, regimes, suppliers = future.outages, future.regimes, future.suppliers.copy()
    end = int(settings["end_seconds"][0])
    if world.has_holds:
        settings["hold_short_seconds"], settings["hold_long_seconds"] = random.choice([0, GRID, 3 * GRID], 2)
        orders["customer_id"] = random.integers(0, 2, len(orders))
    if world.has_presale:
        dates = random.integers(0, (world.days + 1) * DAY // GRID, world.num_skus) * GRID
        dates = np.where(random.random(world.num_skus) < 0.4, dates, 0)[lines["sku"]]
        lines["ship_from_seconds"] = np.where(dates > orders["arrival_seconds"][lines["order"]], dates, 0)
    if world.has_short_picks:
        warehouses["short_weight"] = random.choice([0, TABLE_WEIGHT // 10, TABLE_WEIGHT // 2], len(warehouses))
    if world.has_outages:
        outages = random_outages(random, world, end)
    if world.has_regimes:
        regimes = np.zeros(5, REGIMES)
        regimes["starts_at"] = np.sort(random.integers(0, end // GRID, 5)) * GRID
        regimes["service"] = random.integers(0, world.num_services, 5)
        regimes["transit_permille"] = random.integers(500, 4000, 5)
    if world.has_surprising_receipts:
        surprise(random, receipts)
    if world.has_patience:
        is_patient = random.random(len(orders)) < 0.4
        patience = random.integers(1, DAY // GRID, len(orders)) * GRID
        orders["patience_seconds"] = np.where(is_patient, FOREVER_SECONDS, patience)
    if world.has_reordering:
        settings["review_seconds"] = random.integers(1, 24) * GRID
        tables = np.concatenate([tables, [quantile_table(random.integers(1, 60, 8) * GRID)]])
        warehouses["lead_table"] = len(tables) - 1
        stock["order_up_to_units"] = random.integers(0, 9, stock.shape)
        stock["reorder_point_units"] = random.integers(0, 9, stock.shape) * stock["order_up_to_units"] // 9
        suppliers["luck_key"] = random.integers(0, 1 << 64, len(suppliers), np.uint64)
    network = network._replace(settings=settings, warehouses=warehouses, stock=stock, tables=tables)
    return network, Future(orders, lines, receipts, outages, regimes, suppliers)


def random_outages(random: np.random.Generator, world: Sizes, end: int, after: int = -1) -> np.ndarray:
    """Outages on the grid that begin after a given second."""
    outages = np.zeros(4, OUTAGES)
    first = (after + GRID) // GRID
    outages["starts_at"] = np.sort(random.integers(first, max(first + 1, world.days * DAY // GRID), 4)) * GRID
    outages["ends_at"] = np.minimum(end, outages["starts_at"] + random.integers(0, DAY // GRID, 4) * GRID)
    outages["service"] = random.integers(0, world.num_services, 4)
    outages["warehouse"] = random.integers(ALL_WAREHOUSES, world.num_warehouses, 4)
    return outages


def surprise(random: np.random.Generator, receipts: np.ndarray) -> None:
    """Receipts come at another time with other units than was announced."""
    shift = random.integers(-12, 24, len(receipts)) * GRID
    receipts["actual_at"] = np.maximum(receipts["announced_at"], receipts["expected_at"] + shift)
    receipts["actual_units"] = random.integers(0, receipts["expected_units"] + 2)


def with_future(trace: Trace, **arrays: np.ndarray) -> Trace:
    """The same world with other orders, lines or receipts."""
    kept = {name: array.copy() for name, array in trace.future._asdict().items()}
    return replace(trace, future=Future(**{**kept, **arrays}))


def with_settings(trace: Trace, **values: int) -> Trace:
    """The same world under other public rules or prices."""
    settings = trace.network.settings.copy()
    for name, value in values.items():
        settings[name] = value
    return replace(trace, network=trace.network._replace(settings=settings))


def endless_search(seed: int) -> Trace:
    """A world in which nearly every pick finds too little, on shelves that never end: parcels without number."""
    trace = random_trace(seed, num_orders=15, share_without_lane=0.0, share_with_requirements=0.0)
    warehouses, stock = trace.network.warehouses.copy(), trace.network.stock.copy()
    warehouses["short_weight"] = TABLE_WEIGHT * 98 // 100
    stock["on_hand_units"] = 10**6
    return replace(trace, network=trace.network._replace(warehouses=warehouses, stock=stock))
