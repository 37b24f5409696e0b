"""Orders of a log: taken as they are; extra ones of a wave are copies of them."""

from __future__ import annotations

import numpy as np

from scenarios.drawing.batch import Batch, empty_batch, regrouped, taken, without_lines
from scenarios.drawing.orders import CUSTOMERS_PER_WAVE
from scenarios.drawing.streams import luck_keys, stream
from scenarios.drawing.waves import Wave, is_within
from scenarios.local_time import HOUR_SECONDS
from scenarios.network import Network
from scenarios.order_log import OrderLog
from scenarios.trace import LINES, ORDERS


def logged_orders(log: OrderLog, network: Network, seed: int) -> Batch:
    """The log's orders within the horizon; the seed draws their luck only."""
    settings = network.settings[0]
    epoch, horizon = int(settings["epoch_seconds"]), int(settings["horizon_seconds"])
    first, last = np.searchsorted(log.orders["placed_at"], (epoch, epoch + horizon))
    chosen = log.orders[first:last]
    orders = np.zeros(len(chosen), ORDERS)
    orders["arrival_seconds"] = chosen["placed_at"] - epoch
    orders["promise_at"] = chosen["promise_at"] - epoch
    for name in ("customer_id", "region", "requirements", "num_lines"):
        orders[name] = chosen[name]
    orders["luck_key"] = luck_keys(seed, "luck", len(orders))
    begin = int(chosen["first_line"][0]) if len(chosen) else 0
    rows = log.lines[begin : begin + int(orders["num_lines"].sum())]
    lines = np.zeros(len(rows), LINES)
    for name in ("sku", "units", "margin_millicents"):
        lines[name] = rows[name]
    return regrouped(Batch(orders, lines))


def copied_orders(base: Batch, network: Network, seed: int, wave: Wave) -> Batch:
    """Copies of logged orders up to an hour later, by other customers, so that demand is ``factor`` times as large.

    A copy has only the chosen SKUs and as much time until its promise; those after the horizon are left out.
    """
    if wave.factor <= 1.0 or not len(base.orders):
        return empty_batch()
    horizon = int(network.settings[0]["horizon_seconds"])
    is_hit = is_within(wave, base.orders["arrival_seconds"]) & wave.regions[base.orders["region"]]
    copies = np.floor(wave.factor - 1.0 + stream(seed, f"copies {wave.noun}").random(len(is_hit))).astype(np.int64)
    batch = taken(base, np.repeat(np.arange(len(is_hit)), np.where(is_hit, copies, 0)))
    orders = batch.orders
    delay = (stream(seed, f"second {wave.noun}").random(len(orders)) * HOUR_SECONDS).astype(np.int64)
    orders["arrival_seconds"] += delay
    orders["promise_at"] += delay
    orders["customer_id"] = wave.number * CUSTOMERS_PER_WAVE + np.arange(len(orders))
    orders["luck_key"] = luck_keys(seed, f"luck {wave.noun}", len(orders))
    is_late = orders["arrival_seconds"] >= horizon
    return without_lines(batch, is_late[batch.lines["order"]] | ~wave.skus[batch.lines["sku"]])
