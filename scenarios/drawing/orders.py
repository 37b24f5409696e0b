"""Orders of a demand model: the ordinary ones, and extra ones of a wave by the same model."""

from __future__ import annotations

from datetime import datetime

import numpy as np

from scenarios.demand import Demand, basket_chances, mean_from_one
from scenarios.drawing.batch import Batch, empty_batch, regrouped
from scenarios.drawing.promises import promise_times
from scenarios.drawing.streams import choose, levels_of, luck_keys, position_of, stream
from scenarios.drawing.waves import Wave
from scenarios.local_time import HOUR_SECONDS, zone_of
from scenarios.network import Network
from scenarios.scenario import Scenario
from scenarios.trace import LINES, ORDERS

CUSTOMERS_PER_WAVE = 1 << 32
"""Customers of extra orders are numbered from a multiple of this on."""

_SEGMENTS = np.dtype([("start", np.int64), ("length", np.int64), ("mean", np.float64)])


def ordinary_orders(scenario: Scenario, demand: Demand, network: Network, seed: int) -> Batch:
    """Orders of the model without any wave."""
    horizon = int(network.settings[0]["horizon_seconds"])
    segments = _segments(demand, network, ((0, horizon),))
    segments["mean"] *= demand.orders_per_day
    source = _Source(scenario, demand, network, seed, "")
    return source.batch(segments, demand.num_initial_orders)


def extra_orders(scenario: Scenario, demand: Demand, network: Network, seed: int, wave: Wave) -> Batch:
    """Orders on top of the ordinary ones, so that the mean units of the chosen SKUs and regions are ``factor`` times.

    Their baskets hold chosen SKUs only and are of the model's sizes, cut at the number of these SKUs.
    """
    regions = np.where(wave.regions, demand.region_shares, 0.0)
    skus = np.where(wave.skus, demand.sku_shares, 0.0)
    if wave.factor <= 1.0 or not regions.sum() > 0 or not skus.sum() > 0:
        return empty_batch()
    share = regions.sum() / sum(demand.region_shares)
    baskets = demand.basket_shares[: int((skus > 0).sum())]
    baskets = baskets if sum(baskets) > 0 else (1.0,)
    if not wave.skus.all():
        chances = np.array(basket_chances(demand.sku_shares, mean_from_one(demand.basket_shares)))
        share *= float(chances[wave.skus].sum()) / mean_from_one(baskets)
    segments = _segments(demand, network, wave.windows)
    segments["mean"] *= demand.orders_per_day * share * (wave.factor - 1.0)
    source = _Source(scenario, demand, network, seed, f" {wave.noun}")
    source.region_shares, source.sku_shares, source.basket_shares = regions, skus, np.array(baskets)
    source.first_customer = wave.number * CUSTOMERS_PER_WAVE
    return source.batch(segments, 0)


def _segments(demand: Demand, network: Network, windows: tuple[tuple[int, int], ...]) -> np.ndarray:
    """Stretches within one hour of one window; ``mean`` orders for a demand of one order a day."""
    epoch, zone = int(network.settings[0]["epoch_seconds"]), zone_of("demand time_zone", demand.time_zone)
    hours = np.array(demand.hour_weights) / np.mean(demand.hour_weights)
    weekdays = np.array(demand.weekday_weights) / np.mean(demand.weekday_weights)
    rows = []
    for start, end in windows:
        for hour in range(start - start % HOUR_SECONDS, end, HOUR_SECONDS):
            begin, length = max(hour, start), min(hour + HOUR_SECONDS, end) - max(hour, start)
            local = datetime.fromtimestamp(epoch + hour, zone)
            rows.append((begin, length, hours[local.hour] * weekdays[local.weekday()] * length / (24 * HOUR_SECONDS)))
    return np.array(rows, _SEGMENTS)


class _Source:
    """Draws orders of one origin. What belongs to an order is drawn by its position, repeated orders coming last.

    Attributes:
        first_customer: number of the first customer.
        region_shares: weights.
        sku_shares: weights.
        basket_shares: weights of sizes 1, 2, ...
    """

    def __init__(self, scenario: Scenario, demand: Demand, network: Network, seed: int, suffix: str) -> None:
        self.scenario, self.demand, self.network = scenario, demand, network
        self.seed, self.suffix = seed, suffix
        self.first_customer = 0
        self.region_shares = np.array(demand.region_shares, np.float64)
        self.sku_shares = np.array(demand.sku_shares, np.float64)
        self.basket_shares = np.array(demand.basket_shares, np.float64)

    def batch(self, segments: np.ndarray, num_initial: int) -> Batch:
        """Orders of a Poisson process whose rate is constant within a segment, and ``num_initial`` at second 0."""
        horizon = int(self.network.settings[0]["horizon_seconds"])
        firsts = np.concatenate([np.zeros(num_initial, np.int64), self._arrivals(segments)])
        regions = choose(self.region_shares, len(firsts), self._stream("region"))
        again, arrivals = self._repeats(firsts, horizon)
        owner = np.concatenate([np.arange(len(firsts)), again])
        orders = np.zeros(len(owner), ORDERS)
        orders["arrival_seconds"] = np.concatenate([firsts, arrivals])
        orders["customer_id"] = self.first_customer + owner
        orders["region"] = regions[owner]
        orders["requirements"] = self._requirements(len(orders))
        orders["promise_at"] = self._promises(orders)
        orders["luck_key"] = luck_keys(self.seed, f"luck{self.suffix}", len(orders))
        orders["num_lines"] = choose(self.basket_shares, len(orders), self._stream("basket")) + 1
        return regrouped(Batch(orders, self._lines(orders["num_lines"])))

    def _stream(self, noun: str) -> np.random.Generator:
        return stream(self.seed, noun + self.suffix)

    def _arrivals(self, segments: np.ndarray) -> np.ndarray:
        """Sorted whole seconds of the customers' first orders."""
        counts = self._stream("arrival").poisson(segments["mean"] / (1.0 + self.demand.repeat_share))
        starts, lengths = (np.repeat(segments[name], counts) for name in ("start", "length"))
        return np.sort(starts + (self._stream("second").random(len(starts)) * lengths).astype(np.int64))

    def _repeats(self, firsts: np.ndarray, horizon: int) -> tuple[np.ndarray, np.ndarray]:
        """Which orders are followed by another one of the same customer within the horizon, and when."""
        is_repeated = self._stream("repeat").random(len(firsts)) < self.demand.repeat_share
        gap = -self.demand.repeat_minutes * 60.0 * np.log1p(-self._stream("repeat gap").random(len(firsts)))
        arrivals = firsts + 1 + gap.astype(np.int64)
        again = np.flatnonzero(is_repeated & (arrivals < horizon))
        return again, arrivals[again]

    def _requirements(self, size: int) -> np.ndarray:
        masks = np.zeros(size, np.int64)
        for position, requirement in enumerate(self.demand.order_requirements):
            chosen = self._stream(f"requirement {position}").random(size) < requirement.share
            masks |= np.where(chosen, int(requirement.requirements), 0)
        return masks

    def _promises(self, orders: np.ndarray) -> np.ndarray:
        epoch, promises = int(self.network.settings[0]["epoch_seconds"]), self.demand.promises
        rule = choose(tuple(promise.share for promise in promises), len(orders), self._stream("promise"))
        zones = tuple(region.time_zone for region in self.scenario.regions)
        return promise_times(promises, zones, rule, orders["region"], epoch + orders["arrival_seconds"]) - epoch

    def _lines(self, sizes: np.ndarray) -> np.ndarray:
        """Baskets of distinct SKUs, drawn one after the other without replacement."""
        baskets = np.full((len(sizes), len(self.basket_shares)), -1, np.int64)
        levels = levels_of(self.sku_shares)
        for place in range(baskets.shape[1]):
            random, missing = self._stream(f"sku {place}"), np.flatnonzero(sizes > place)
            while len(missing):
                baskets[missing, place] = position_of(levels, random.random(len(missing)))
                is_twice = (baskets[missing, :place] == baskets[missing, place][:, None]).any(axis=1)
                missing = missing[is_twice]
        lines = np.zeros(int(sizes.sum()), LINES)
        lines["sku"] = baskets[baskets >= 0]
        lines["units"] = choose(self.demand.units_shares, len(lines), self._stream("units")) + 1
        lines["margin_millicents"] = self.network.skus["margin_millicents"][lines["sku"]] * lines["units"]
        return lines
