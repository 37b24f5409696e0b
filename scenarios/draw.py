"""Scenario and seed to a trace: the only place where random numbers are drawn.

Each noun has a random stream of its own, named by its noun, so that a new noun changes no other and the
orders stay the same when, say, the share of gifts changes. Orders keep basket, promise, patience and luck when
promotions or surges add orders or take some away. See ``scenarios.drawing``.
"""

from __future__ import annotations

import numpy as np

from scenarios.drawing.batch import Batch, joined, without_lines
from scenarios.drawing.carriers import draw_outages, draw_regimes
from scenarios.drawing.logged import copied_orders, logged_orders
from scenarios.drawing.orders import extra_orders, ordinary_orders
from scenarios.drawing.receipts import draw_receipts
from scenarios.drawing.streams import look_up, luck_keys, stream
from scenarios.drawing.waves import Wave, is_within, waves_of
from scenarios.network import FOREVER_SECONDS, Network
from scenarios.order_log import OrderLog
from scenarios.patience import MIN_PATIENCE_SECONDS, Patience
from scenarios.scenario import Scenario
from scenarios.seeds import split_of
from scenarios.trace import SUPPLIERS, Future, Trace


def draw_trace(scenario: Scenario, seed: int) -> Trace:
    """One realisation of everything that no router can influence.

    Args:
        scenario: the world; with an ``OrderLog`` its orders within the horizon are taken as they are and the seed
            draws their luck and the disruptions only.
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
    orders, lines = _orders(scenario, network, seed)
    _presale(lines, orders, np.array(public.ship_from_seconds), int(network.settings[0]["epoch_seconds"]))
    future = Future(
        orders=orders,
        lines=lines,
        receipts=draw_receipts(scenario, network, seed),
        outages=draw_outages(scenario, network, seed),
        regimes=draw_regimes(scenario, network, seed),
        suppliers=_suppliers(scenario, seed),
    )
    return Trace(scenario_id=scenario.id, seed=seed, names=public.names, network=network, future=future)


def _orders(scenario: Scenario, network: Network, seed: int) -> Batch:
    """Ordinary orders and those of all waves, each with its own streams, sorted by arrival."""
    demand = scenario.demand
    waves = waves_of(scenario, int(network.settings[0]["horizon_seconds"]), seed)
    if isinstance(demand, OrderLog):
        base = logged_orders(demand, network, seed)
        parts = {"": base} | {wave.noun: copied_orders(base, network, seed, wave) for wave in waves}
    else:
        parts = {"": ordinary_orders(scenario, demand, network, seed)}
        parts |= {wave.noun: extra_orders(scenario, demand, network, seed, wave) for wave in waves}
    for noun, batch in parts.items():
        batch.orders["patience_seconds"] = _patience(scenario.patience, len(batch.orders), seed, noun)
        parts[noun] = _thinned(batch, waves, seed, noun)
    return joined(list(parts.values()), None if isinstance(demand, OrderLog) else demand.max_orders)


def _patience(patience: Patience | None, size: int, seed: int, noun: str) -> np.ndarray:
    if patience is None:
        return np.full(size, FOREVER_SECONDS)
    seconds = look_up(patience.table, stream(seed, f"patience {noun}").random(size))
    is_ever = stream(seed, f"impatient {noun}").random(size) < patience.share
    return np.where(is_ever, np.maximum(seconds, MIN_PATIENCE_SECONDS), FOREVER_SECONDS)


def _thinned(batch: Batch, waves: list[Wave], seed: int, noun: str) -> Batch:
    """The batch without what surges with a factor below 1 take away; one uniform number an order and surge."""
    is_gone = np.zeros(len(batch.lines), bool)
    for wave in waves:
        if wave.factor < 1.0:
            orders = batch.orders
            is_lost = stream(seed, f"{wave.noun} of {noun}").random(len(orders)) >= wave.factor
            is_lost &= is_within(wave, orders["arrival_seconds"]) & wave.regions[orders["region"]]
            is_gone |= is_lost[batch.lines["order"]] & wave.skus[batch.lines["sku"]]
    return without_lines(batch, is_gone) if is_gone.any() else batch


def _presale(lines: np.ndarray, orders: np.ndarray, ship_from: np.ndarray, epoch: int) -> None:
    """Lines of presale SKUs whose order comes before their date get that date."""
    dates = np.where(ship_from > 0, ship_from - epoch, 0)[lines["sku"]]
    lines["ship_from_seconds"] = np.where(dates > orders["arrival_seconds"][lines["order"]], dates, 0)


def _suppliers(scenario: Scenario, seed: int) -> np.ndarray:
    suppliers = np.zeros(len(scenario.warehouses), SUPPLIERS)
    for position, warehouse in enumerate(scenario.warehouses):
        suppliers[position] = luck_keys(seed, f"supplier {warehouse.name}", 1)[0]
    return suppliers
