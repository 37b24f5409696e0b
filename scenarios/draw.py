"""Scenario and seed to a trace: the only place where random numbers are drawn.

Each noun has a random stream of its own, named by its noun, so that a new noun changes no other and the
orders stay the same when, say, the share of gifts changes.
"""

from __future__ import annotations

import zlib
from datetime import date, datetime, timedelta

import numpy as np

from scenarios.demand import Demand, Promise
from scenarios.local_time import HOUR_SECONDS, minutes_of, utc_of, zone_of
from scenarios.network import FOREVER_SECONDS, Network
from scenarios.order_log import OrderLog
from scenarios.scenario import Scenario
from scenarios.seeds import split_of
from scenarios.trace import LINES, ORDERS, RECEIPTS, Trace, quiet_future


def stream(seed: int, noun: str) -> np.random.Generator:
    """The random stream of a noun."""
    sequence = np.random.SeedSequence(entropy=seed, spawn_key=(zlib.crc32(noun.encode()),))
    return np.random.Generator(np.random.PCG64DXSM(sequence))


def draw_trace(scenario: Scenario, seed: int) -> Trace:
    """One realisation of everything that no router can influence.

    Args:
        scenario: the world; with an ``OrderLog`` its orders within the horizon are taken as they are and the seed
            draws their luck only.
        seed: not negative; see ``scenarios.seeds`` for what it may be used for.

    Returns:
        The trace; the same scenario and seed give the same SHA-256 in every process.

    Raises:
        InputError: bad seed.
    """
    split_of(seed)
    seed = int(seed)
    scenario = scenario.at(seed)
    public = scenario.public()
    network = public.expand()
    demand = scenario.demand
    if isinstance(demand, OrderLog):
        orders, lines = _logged(demand, network)
    else:
        orders, lines = _drawn(scenario, demand, network, seed)
    orders["patience_seconds"] = FOREVER_SECONDS
    orders["luck_key"] = stream(seed, "luck").integers(0, 1 << 64, len(orders), np.uint64)
    future = quiet_future(orders, lines, _receipts(scenario, network), len(network.warehouses))
    return Trace(scenario_id=scenario.id, seed=seed, names=public.names, network=network, future=future)


def _logged(log: OrderLog, network: Network) -> tuple[np.ndarray, np.ndarray]:
    epoch, horizon = int(network.settings["epoch_seconds"][0]), int(network.settings["horizon_seconds"][0])
    first, last = np.searchsorted(log.orders["placed_at"], (epoch, epoch + horizon))
    chosen = log.orders[first:last]
    orders = np.zeros(len(chosen), ORDERS)
    orders["arrival_seconds"] = chosen["placed_at"] - epoch
    orders["promise_at"] = chosen["promise_at"] - epoch
    for name in ("customer_id", "region", "requirements", "num_lines"):
        orders[name] = chosen[name]
    orders["first_line"] = np.cumsum(orders["num_lines"]) - orders["num_lines"]
    begin = int(chosen["first_line"][0]) if len(chosen) else 0
    rows = log.lines[begin : begin + int(orders["num_lines"].sum())]
    lines = np.zeros(len(rows), LINES)
    lines["order"] = np.repeat(np.arange(len(orders)), orders["num_lines"])
    for name in ("sku", "units", "margin_millicents"):
        lines[name] = rows[name]
    return orders, lines


def _drawn(scenario: Scenario, demand: Demand, network: Network, seed: int) -> tuple[np.ndarray, np.ndarray]:
    epoch, horizon = int(network.settings["epoch_seconds"][0]), int(network.settings["horizon_seconds"][0])
    arrivals = np.concatenate(
        [np.zeros(demand.num_initial_orders, np.int64), _arrivals(demand, epoch, horizon, stream(seed, "arrival"))]
    )
    regions = _choose(demand.region_shares, len(arrivals), stream(seed, "region"))
    customers = np.arange(len(arrivals))
    again, delay = _repeats(demand, arrivals, horizon, stream(seed, "repeat"))
    arrivals = np.concatenate([arrivals, arrivals[again] + delay])
    owner = np.concatenate([customers, again])
    order = np.argsort(arrivals, kind="stable")[: demand.max_orders]
    orders = np.zeros(len(order), ORDERS)
    orders["arrival_seconds"] = arrivals[order]
    orders["customer_id"] = owner[order]
    orders["region"] = regions[owner[order]]
    orders["requirements"] = _order_requirements(demand, len(orders), stream(seed, "requirement"))
    rule = _choose(tuple(promise.share for promise in demand.promises), len(orders), stream(seed, "promise"))
    orders["promise_at"] = _promises(scenario, demand, orders, rule, epoch)
    lines = _lines(demand, network, orders, seed)
    return orders, lines


def _arrivals(demand: Demand, epoch: int, horizon: int, random: np.random.Generator) -> np.ndarray:
    """Sorted whole seconds of a Poisson process whose rate is constant within an hour."""
    zone = zone_of("demand time_zone", demand.time_zone)
    hours = np.array(demand.hour_weights) / np.mean(demand.hour_weights)
    weekdays = np.array(demand.weekday_weights) / np.mean(demand.weekday_weights)
    first_orders = demand.orders_per_day / (1.0 + demand.repeat_share)
    local = [datetime.fromtimestamp(epoch + second, zone) for second in range(0, horizon, HOUR_SECONDS)]
    means = np.array([hours[time.hour] * weekdays[time.weekday()] for time in local]) * first_orders / 24.0
    counts = random.poisson(means)
    starts = np.repeat(np.arange(len(means)) * HOUR_SECONDS, counts)
    return np.sort(starts + random.integers(0, HOUR_SECONDS, len(starts)))


def _repeats(
    demand: Demand, arrivals: np.ndarray, horizon: int, random: np.random.Generator
) -> tuple[np.ndarray, np.ndarray]:
    """Which orders are followed by another one of the same customer, and after how many seconds (at least 1)."""
    is_repeated = random.random(len(arrivals)) < demand.repeat_share
    delay = 1 + random.exponential(demand.repeat_minutes * 60.0, len(arrivals)).astype(np.int64)
    again = np.flatnonzero(is_repeated & (arrivals + delay < horizon))
    return again, delay[again]


def _choose(shares: tuple[float, ...], size: int, random: np.random.Generator) -> np.ndarray:
    """Positions with probability by share; none with share 0."""
    return _position(_levels(shares), random.random(size))


def _levels(shares: tuple[float, ...]) -> np.ndarray:
    levels = np.cumsum(np.array(shares, np.float64))
    return levels / levels[-1]


def _position(levels: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    return np.minimum(np.searchsorted(levels, uniform, side="right"), np.searchsorted(levels, 1.0))


def _order_requirements(demand: Demand, size: int, random: np.random.Generator) -> np.ndarray:
    masks = np.zeros(size, np.int64)
    for requirement in demand.order_requirements:
        masks |= np.where(random.random(size) < requirement.share, int(requirement.requirements), 0)
    return masks


def _promises(scenario: Scenario, demand: Demand, orders: np.ndarray, rule: np.ndarray, epoch: int) -> np.ndarray:
    """The end of the promised local day, seconds; one calendar look-up a (zone, rule, local day)."""
    promise_at = np.zeros(len(orders), np.int64)
    zones = np.array([region.time_zone for region in scenario.regions])[orders["region"]]
    for name in sorted(set(zones.tolist())):
        zone = zone_of("time_zone", name)
        chosen = np.flatnonzero(zones == name)
        memory: dict[tuple[int, date, bool], int] = {}
        for position in chosen:
            local = datetime.fromtimestamp(epoch + int(orders["arrival_seconds"][position]), zone)
            number = int(rule[position])
            promise = demand.promises[number]
            is_after = local.hour * 60 + local.minute >= minutes_of("cutoff", promise.cutoff)
            key = (number, local.date(), is_after)
            if key not in memory:
                memory[key] = utc_of(zone, promised_day(promise, local.date(), is_after), 24 * 60) - epoch
            promise_at[position] = memory[key]
    return promise_at


def promised_day(promise: Promise, day: date, is_after_cutoff: bool) -> date:
    """The local day at whose end an order of ``day`` is promised."""
    step = timedelta(days=1)
    if is_after_cutoff:
        day += step
    while day.weekday() in promise.skip_weekdays:
        day += step
    for _ in range(promise.days):
        day += step
        while day.weekday() in promise.skip_weekdays:
            day += step
    return day


def _lines(demand: Demand, network: Network, orders: np.ndarray, seed: int) -> np.ndarray:
    """Baskets of distinct SKUs, drawn one after the other without replacement."""
    sizes = _choose(demand.basket_shares, len(orders), stream(seed, "basket")) + 1
    orders["num_lines"] = sizes
    orders["first_line"] = np.cumsum(sizes) - sizes
    baskets = np.full((len(orders), max(len(demand.basket_shares), 1)), -1, np.int64)
    levels, random = _levels(demand.sku_shares), stream(seed, "sku")
    for place in range(baskets.shape[1]):
        missing = np.flatnonzero(sizes > place)
        while len(missing):
            baskets[missing, place] = _position(levels, random.random(len(missing)))
            is_twice = (baskets[missing, :place] == baskets[missing, place][:, None]).any(axis=1)
            missing = missing[is_twice]
    lines = np.zeros(int(sizes.sum()), LINES)
    lines["order"] = np.repeat(np.arange(len(orders)), sizes)
    lines["sku"] = baskets[baskets >= 0]
    lines["units"] = _choose(demand.units_shares, len(lines), stream(seed, "units")) + 1
    lines["margin_millicents"] = network.skus["margin_millicents"][lines["sku"]] * lines["units"]
    return lines


def _receipts(scenario: Scenario, network: Network) -> np.ndarray:
    """Receipts within the calendar, sorted by announcement; what comes is what was expected."""
    warehouses = {warehouse.name: position for position, warehouse in enumerate(scenario.warehouses)}
    skus = {sku.name: position for position, sku in enumerate(scenario.skus)}
    end = int(network.settings["end_seconds"][0])
    rows = sorted(
        (row.announced_seconds, row.expected_seconds, warehouses[row.warehouse], skus[row.sku], row.units)
        for row in scenario.receipts
        if row.expected_seconds < end
    )
    array = np.zeros(len(rows), RECEIPTS)
    for position, (announced, expected, warehouse, sku, units) in enumerate(rows):
        array[position] = (warehouse, sku, announced, expected, units, expected, units)
    return array
