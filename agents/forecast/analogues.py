"""Forecast by analogues: the past traces that looked most like the present, and what followed in them.

Nothing is assumed of demand: rates, mixes, baskets, promotions and regimes come as they came. Dual, rollout and learned
routers that look at the dual's prices use this one forecast.

Source: Lorenz 1969, "Atmospheric predictability as revealed by naturally occurring analogues".
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from agents.forecast.gaps import gaps_of
from agents.forecast.history import History
from envs.state import Observable
from envs.tail import Tail, of_strangers, tail_of
from scenarios.errors import InputError
from scenarios.trace import LINES, ORDERS, RECEIPTS, Future

NUM_NEAREST = 20
"""Analogues that are drawn from; of a tenth of them or fewer the draws would be too much alike."""

RATE_VARIANCE = 7 / (64 + 57)
"""Variance of a recent rate, per order an hour, if orders come as a Poisson process: a / (2 - a) with a = 7/64."""

STRETCH_DEVIATION = 0.1
"""Standard deviation of the transit that is seen of a service around its regime (assumption: some sixteen parcels)."""

_FEW = 0.05
"""Orders an hour below which a region's rate is as good as none."""


class Window(NamedTuple):
    """Demand of a stretch of time that might follow. Times are seconds of the present episode."""

    orders: np.ndarray  # (N,) ORDERS; first_line counts in ``lines``
    lines: np.ndarray  # (L,) LINES
    stretch: np.ndarray  # (S,) float: transit times at its beginning, 1 for normal
    receipts: np.ndarray  # (M,) RECEIPTS that are announced within, as they come


class Forecast:
    """Samples windows of demand that follow on states like the present one.

    Args:
        history: the past.
        num_nearest: analogues that are drawn from.
        seed: of the draws, which also depend on the second; equal arguments give equal samples in every process.
    """

    def __init__(self, history: History, num_nearest: int = NUM_NEAREST, seed: int = 0) -> None:
        if not 1 <= num_nearest <= len(history.futures):
            raise InputError(
                "num_nearest", num_nearest, f"1 to {len(history.futures)} past traces", "ask for fewer, or keep more"
            )
        self.history, self.num_nearest, self.seed = history, num_nearest, seed

    def distances(self, seen: Observable) -> np.ndarray:
        """How unlike the present each past trace was at this hour, float (traces,): squared, in standard deviations."""
        second = int(seen.clock["now_seconds"][0])
        hour = self.history.hour_of(second)
        past, now = self.history.recent[:, self.history.demand_hour_of(second)], seen.demand["recent_milli"] / 1000.0
        spread = 2 * RATE_VARIANCE * np.maximum(past.mean(axis=0), _FEW)
        demand = ((past - now) ** 2 / spread).sum(axis=1)
        transit = seen.punctuality["transit_permille"] / 1000.0
        carriers = ((self.history.stretch[:, hour] - transit) ** 2 / STRETCH_DEVIATION**2).sum(axis=1)
        return demand + carriers

    def nearest(self, seen: Observable) -> np.ndarray:
        """Numbers of the past traces that were most like the present, nearest first, int64 (num_nearest,)."""
        return np.argsort(self.distances(seen), kind="stable")[: self.num_nearest]

    def sample(self, seen: Observable, seconds: int, count: int) -> list[Window]:
        """Demand of the next ``seconds``, as it followed in ``count`` analogues.

        The draws are spread evenly over the nearest analogues; more than there are repeat none before all were taken.
        """
        now = int(seen.clock["now_seconds"][0])
        return [self.window(trace, now, seconds) for trace in self._drawn(seen, now, count)]

    def tails(self, seen: Observable, seconds: int, count: int) -> list[Tail]:
        """Whole futures of the next ``seconds`` for rollouts, as they followed in ``count`` analogues.

        Besides demand they bring the receipts, outages and regimes of these pasts, and other luck for all that is
        under way. Their customers are strangers; how soon those who wait order again is drawn from all of the past.
        See ``envs.fork.fork_on``.
        """
        now, tails = int(seen.clock["now_seconds"][0]), []
        for number, trace in enumerate(self._drawn(seen, now, count)):
            past, window = self.history.traces[trace], self.window(trace, now, seconds)
            future = past.future._replace(orders=window.orders, lines=window.lines)
            salt = 1 + (self.seed << 40) + (now << 8) + number
            tail = tail_of(replace(past, future=future), now, now + seconds, salt=salt)
            tails.append(of_strangers(tail, self._gaps, number, count))
        return tails

    @cached_property
    def _gaps(self) -> np.ndarray:
        return gaps_of(self.history.futures)

    def _drawn(self, seen: Observable, now: int, count: int) -> list[int]:
        """Numbers of past traces, spread over the nearest analogues."""
        found, random = self.nearest(seen), np.random.default_rng((self.seed, now))
        order = np.concatenate([random.permutation(found) for _ in range(-(-count // len(found)))])
        return [int(trace) for trace in order[:count]]

    def window(self, trace: int, now: int, seconds: int) -> Window:
        """What a past trace brought from the second like ``now`` on, orders in (now, now + seconds]."""
        history, at = self.history, now
        pieces: list[tuple[np.ndarray, np.ndarray]] = []
        receipts: list[np.ndarray] = []
        while at < now + seconds:
            phase = at % history.period_seconds
            length = min(now + seconds - at, history.period_seconds - phase)
            past = history.futures[(trace + len(pieces)) % len(history.futures)]
            pieces.append(_piece(past, phase, length, at - phase))
            # What a later lap had been announced by its first second is news there.
            receipts.append(_receipts(past, phase if not receipts else -1, phase + length, at - phase))
            at += length
        num_orders = num_lines = 0
        for orders, lines in pieces:
            orders["first_line"] += num_lines
            lines["order"] += num_orders
            num_orders, num_lines = num_orders + len(orders), num_lines + len(lines)
        stretch = history.stretch[trace, history.hour_of(now)]
        all_orders, all_lines = (np.concatenate(rows) for rows in zip(*pieces, strict=True))
        return Window(all_orders, all_lines, stretch, np.concatenate(receipts))


def _receipts(future: Future, after: int, until: int, shift: int) -> np.ndarray:
    """Receipts of a past trace that were announced in (after, until], moved by ``shift`` seconds."""
    announced = future.receipts["announced_at"]
    receipts = future.receipts[(announced > after) & (announced <= until)].astype(RECEIPTS)
    for field in ("announced_at", "expected_at", "actual_at"):
        receipts[field] += shift
    return receipts


def _piece(future: Future, phase: int, length: int, shift: int) -> tuple[np.ndarray, np.ndarray]:
    """Orders and lines of a past trace that came in (phase, phase + length], moved by ``shift`` seconds."""
    arrivals = future.orders["arrival_seconds"]
    first, last = np.searchsorted(arrivals, (phase, phase + length), side="right")
    orders = future.orders[first:last].astype(ORDERS)
    if not len(orders):
        return orders, np.zeros(0, LINES)
    begin = int(orders["first_line"][0])
    end = int(orders["first_line"][-1] + orders["num_lines"][-1])
    lines = future.lines[begin:end].astype(LINES)
    orders["first_line"] -= begin
    lines["order"] -= first
    orders["arrival_seconds"] += shift
    orders["promise_at"] += shift
    lines["ship_from_seconds"] = np.where(
        lines["ship_from_seconds"] > orders["arrival_seconds"][lines["order"]], lines["ship_from_seconds"], 0
    )
    return orders, lines
