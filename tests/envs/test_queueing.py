"""One warehouse with Poisson orders and exponential picks against Erlang C."""

from __future__ import annotations

import heapq
import math

import numpy as np
import pytest

from agents import load_agent
from envs.simulation import simulate
from scenarios import draw_trace, load_scenario
from scenarios.catalogue.toys import MMC_ORDERS_PER_DAY, MMC_PICK_SECONDS, MMC_STATIONS


def erlang_c(servers: int, load: float) -> float:
    """Chance that an arrival waits in M/M/c. Source: Kleinrock 1975, Queueing Systems I, eq. 3.40."""
    last = load**servers / math.factorial(servers) * servers / (servers - load)
    return last / (sum(load**k / math.factorial(k) for k in range(servers)) + last)


def waits(seed: int, **overrides: float) -> tuple[float, float]:
    """Mean wait in the queue in seconds, and share of parcels that waited, after the warm-up."""
    trace = draw_trace(load_scenario("toy-mmc", **overrides), seed)
    hidden = simulate(trace, load_agent("nearest"), level="none").world.hidden
    parcels = hidden.parcels[: hidden.counters["num_parcels"][0]]
    settings = trace.network.settings[0]
    is_counted = (parcels["planned_at"] >= settings["warmup_seconds"]) & (
        parcels["planned_at"] < settings["horizon_seconds"]
    )
    assert len(parcels) == trace.num_orders
    wait = (parcels["started_at"] - parcels["released_at"])[is_counted]
    return float(wait.mean()), float((wait > 0).mean())


@pytest.mark.parametrize(("rate", "days"), [(1.0, 60), (0.75, 30)])
def test_waits_agree_with_erlang_c(rate, days):
    """The 99.9 % t-interval over 16 independent runs holds the formula, and is narrow enough to tell.

    Times are whole seconds, rounded down: a pick takes half a second less (load -0.17 %, hence about -1.1 % of the
    wait and -0.3 % of its chance), and 0.2 % of the waits are below a second. So 1.5 % are granted on top.
    """
    load = MMC_ORDERS_PER_DAY * rate / 86_400 * MMC_PICK_SECONDS
    chance = erlang_c(MMC_STATIONS, load)
    mean_wait = chance * MMC_PICK_SECONDS / (MMC_STATIONS - load)
    runs = np.array([waits(seed, horizon_days=days, orders_per_day=MMC_ORDERS_PER_DAY * rate) for seed in range(16)])
    half = 4.07 * runs.std(axis=0, ddof=1) / 4.0  # t quantile, 15 degrees of freedom
    for found, wanted, width in zip(runs.mean(axis=0), (mean_wait, chance), half, strict=True):
        assert abs(found - wanted) <= width + 0.015 * wanted
        assert width < 0.15 * wanted


def test_waits_are_those_of_the_queue_recursion():
    """Given arrivals and realised picks, every single wait is that of Kiefer and Wolfowitz 1955: first free station."""
    trace = draw_trace(load_scenario("toy-mmc", horizon_days=5), 4)
    hidden = simulate(trace, load_agent("nearest"), level="none").world.hidden
    parcels = hidden.parcels[: hidden.counters["num_parcels"][0]]
    free = [0] * MMC_STATIONS
    for parcel in parcels:
        start = max(heapq.heappop(free), int(parcel["released_at"]))
        assert parcel["started_at"] == start
        heapq.heappush(free, start + int(parcel["ready_at"] - parcel["started_at"]))


def test_erlang_c_of_one_server_is_its_load():
    assert erlang_c(1, 0.8) == pytest.approx(0.8)
    assert erlang_c(MMC_STATIONS, 2.4) == pytest.approx(0.6472, abs=1e-4)
