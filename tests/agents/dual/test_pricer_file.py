"""A pricer in files solves the prices of the one that was written, and refuses what is not as it was written."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from agents.dual.pricer import DualPricer
from agents.dual.pricer_file import PAST, PRICER_FILES, SETTINGS, read_pricer, write_pricer
from agents.dual.router import dual_router
from agents.forecast.past_file import write_past
from agents.registry import load_agent
from envs.simulation import simulate
from envs.state import Observable
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.network import Network
from scenarios.registry import load_scenario

SEED = 2_000_000
Contents = dict[str, bytes]


class Watched:
    """A pricer whose states are kept."""

    def __init__(self, pricer: DualPricer) -> None:
        self._pricer, self.seen = pricer, list[Observable]()
        self.interval_seconds, self.delay_seconds = pricer.interval_seconds, pricer.delay_seconds

    def prices(self, network: Network, seen: Observable) -> np.ndarray:
        self.seen.append(Observable(*(array.copy() for array in seen)))
        return self._pricer.prices(network, seen)


def pricer_of(scenario: str, **changes: int) -> DualPricer:
    pricer = dual_router(load_scenario(scenario, **changes)).pricer
    assert isinstance(pricer, DualPricer)
    return pricer


@pytest.mark.parametrize(
    ("scenario", "changes"), [("tiny", {}), ("metro-disrupted", {"horizon_days": 1, "orders_per_day": 200})]
)
def test_it_solves_the_same_prices(scenario: str, changes: dict[str, int]) -> None:
    """Also after it was sent to another process, in a world with receipts, regimes and many SKUs."""
    pricer, world = pricer_of(scenario, **changes), load_scenario(scenario, **changes)
    trace = draw_trace(world, SEED)
    watched = Watched(pricer)
    agent = load_agent("dual", world)
    object.__setattr__(agent, "pricer", watched)
    simulate(trace, agent, level="none")
    contents = write_pricer(pricer)
    again = read_pricer(contents, world.public().expand(num_days=1, drain_days=0))
    sent = pickle.loads(pickle.dumps(again))
    assert len(watched.seen) >= 3
    for seen in watched.seen:
        prices = pricer.prices(trace.network, seen)
        assert np.array_equal(again.prices(trace.network, seen), prices)
        assert np.array_equal(sent.prices(trace.network, seen), prices)
    assert write_pricer(again) == contents


def test_what_is_written_is_small_and_holds_no_customers() -> None:
    history = pricer_of("metro-small").forecast.history
    content = write_past(history)
    num_orders = sum(len(future.orders) for future in history.futures)
    assert len(content) < 25 * num_orders  # a fifth of a row of ``ORDERS`` alone
    assert not any("customer" in name or "luck" in name for name in np.load(io.BytesIO(content)).files)


def changed_settings(**changes: Any) -> Callable[[Contents], Contents]:
    def change(contents: Contents) -> Contents:
        settings = json.loads(contents[SETTINGS]) | changes
        return contents | {SETTINGS: json.dumps({k: v for k, v in settings.items() if v != "gone"}).encode()}

    return change


def changed_past(
    name: str, change: Callable[[np.ndarray], np.ndarray]
) -> Callable[[dict[str, bytes]], dict[str, bytes]]:
    def write(contents: dict[str, bytes]) -> dict[str, bytes]:
        arrays = dict(np.load(io.BytesIO(contents[PAST])))
        arrays[name] = change(arrays[name])
        file = io.BytesIO()
        np.savez_compressed(file, **arrays)
        return contents | {PAST: file.getvalue()}

    return write


@pytest.mark.parametrize(
    "change",
    [
        changed_settings(version=2),
        changed_settings(seed="gone"),
        changed_settings(interval_seconds=0),
        changed_settings(delay_seconds=10**9),
        changed_settings(num_samples=1.5),
        changed_settings(max_orders=0),
        changed_settings(ends_at=-1),
        changed_settings(num_nearest=101),
        changed_settings(more=1),
        lambda contents: contents | {SETTINGS: b"[]"},
        lambda contents: contents | {PAST: contents[PAST][:-30]},
        lambda contents: contents | {PAST: b""},
        changed_past("format", lambda array: array + 1),
        changed_past("period_seconds", lambda array: array * 0),
        changed_past("facts", lambda array: array * np.nan),
        changed_past("orders_region", lambda array: array + 100),
        changed_past("orders_region", lambda array: array[1:]),
        changed_past("orders_num_lines", lambda array: array * 2),
        changed_past("orders_arrival_seconds", lambda array: -array.astype(np.int64)),
        changed_past("lines_sku", lambda array: array.astype(np.int64) - 1),
        changed_past("lines_units", lambda array: array * 0),
        changed_past("counts", lambda array: array[:1]),
        changed_past("counts", lambda array: array[::-1] - 1),
        changed_past("lines_units", lambda array: array.astype(object)),
    ],
)
def test_what_was_changed_is_refused(change: Callable[[Contents], Contents]) -> None:
    network = load_scenario("tiny").public().expand(num_days=1, drain_days=0)
    contents = write_pricer(pricer_of("tiny"))
    read_pricer(contents, network)
    with pytest.raises(InputError):
        read_pricer(change(contents), network)


def test_the_files_are_those_of_a_bundle() -> None:
    from agents.bundle_files import MORE_FILES

    assert MORE_FILES == PRICER_FILES
