"""Which traces an evaluation plays: seeds of a split, or files."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np

from experiments.settings import ScenarioChoice
from scenarios.draw import draw_trace
from scenarios.errors import InputError, unknown_name
from scenarios.order_log import OrderLog
from scenarios.registry import load_scenario
from scenarios.scenario import Scenario
from scenarios.seeds import HISTORY, SPLITS, VALIDATION, split_of
from scenarios.trace import Trace, load_trace

EVALUATION_SPLITS = ("validation", "test")
SINGLE_LINE_SHARE = 0.95

WINDOWED = ("olist-pooled",)
"""Names of scenarios that move to another window, with facilities sized to it, at each seed."""

UNMOVED_TABLES = ("services", "lanes", "rates", "tables", "regions")
MOVED_SETTINGS = ["epoch_seconds", "local_offset_seconds", "hourly_orders_milli"]

FEW = 10
"""Traces or replications; intervals over fewer are rough."""


@dataclass(frozen=True)
class TraceSource:
    """Traces by position; cheap to send to another process, which draws or loads them itself.

    Attributes:
        scenario: drawn from, unless there are files.
        seeds: one a trace.
        files: paths; if there are any, scenario and seeds are not used.
    """

    scenario: ScenarioChoice = field(default_factory=lambda: ScenarioChoice(""))
    seeds: tuple[int, ...] = ()
    files: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.files) or len(self.seeds)

    def check(self) -> None:
        """Refuses files that cannot be used, before anything is played.

        Raises:
            InputError: a damaged file, or files of different scenarios or settings.
        """
        worlds = [_world_of(load_trace(file)) for file in self.files]
        for position, (scenario_id, _) in enumerate(worlds):
            if worlds[position] != worlds[0]:
                first = worlds[0][0]
                known = first if scenario_id != first else f"{first} with the same settings, goods and places"
                raise InputError(
                    f"trace_files[{position}]", scenario_id, f"a trace of {known}", "compare one scenario at a time"
                )

    def load(self, position: int) -> Trace:
        """The trace at ``position``.

        Raises:
            InputError: an unknown scenario, or a damaged file.
        """
        if self.files:
            return load_trace(self.files[position])
        return draw_trace(scenario_of(self.scenario), self.seeds[position])


def _world_of(trace: Trace) -> tuple[str, str]:
    """Id of its scenario, and a hash of what no seed changes: ids know nothing of overrides."""
    fixed = hashlib.sha256(repr(trace.names).encode())
    for table in _unmoved(trace) if trace.scenario_id.partition("@")[0] in WINDOWED else trace.network:
        fixed.update(table.tobytes())
    return trace.scenario_id, fixed.hexdigest()


def _unmoved(trace: Trace) -> list[np.ndarray]:
    """What all windows of a stream have in common."""
    settings = trace.network.settings.copy()
    settings[MOVED_SETTINGS] = 0
    return [settings, *(getattr(trace.network, name) for name in UNMOVED_TABLES)]


def seeds_of(split: str, first: int, count: int) -> tuple[int, ...]:
    """``count`` seeds of a split, from position ``first`` on.

    Raises:
        InputError: a split that is not for evaluation, or more seeds than it has.
    """
    if split not in EVALUATION_SPLITS:
        raise unknown_name("split", split, EVALUATION_SPLITS)
    seeds = SPLITS[split][first : first + count]
    if len(seeds) < count:
        raise InputError("traces", count, f"at most {len(seeds)} from position {first} of {split}", "ask for fewer")
    return tuple(seeds)


def scenario_of(choice: ScenarioChoice) -> Scenario:
    """The scenario with its overrides; built once a process."""
    return _scenario(choice.name, json.dumps(choice.overrides, sort_keys=True))


@lru_cache(maxsize=4)
def _scenario(name: str, overrides: str) -> Scenario:
    values: dict[str, Any] = json.loads(overrides)
    return load_scenario(name, **values)


def caveat_of(scenario: Scenario) -> str:
    """What must be said beside every result on a scenario; nothing of most."""
    caveat: str = getattr(scenario, "caveat", "")
    return caveat


def notes_on_number(number: int, what: str) -> list[str]:
    """Said where an interval is over few, ``3 traces``: a bootstrap of so few says little of others."""
    return [f"{number} {what} are few: intervals over fewer than {FEW} are rough"] if 1 < number < FEW else []


def notes_of(trace: Trace, choice: ScenarioChoice | None, seeds: Iterable[int]) -> list[str]:
    """What has to be said beside every result on such traces.

    Args:
        trace: one of them.
        choice: what they are drawn from; None: they are files.
        seeds: of all of them; -1: of none.
    """
    notes, caveat = [], ""
    if choice is not None:
        caveat = caveat_of(scenario_of(choice))
        if caveat:
            notes.append(caveat[:1].upper() + caveat[1:])
        if has_same_orders(scenario_of(choice)):
            notes.append("The orders are the same in all traces, and only luck differs: an interval tells luck alone")
    share = float((trace.future.orders["num_lines"] == 1).mean()) if trace.num_orders else 0.0
    if share >= SINGLE_LINE_SHARE and not caveat:
        notes.append(f"{100 * share:.1f} % of the orders hold one line, so splits hardly occur")
    if any(seed >= 0 and split_of(seed) == "training" for seed in seeds):
        notes.append("A trace has a training seed: a trained agent may have seen it")
    return notes


def has_same_orders(scenario: Scenario) -> bool:
    """Whether every seed plays one log as it is: no other one or other window of it, nothing added or taken away."""
    is_log = isinstance(scenario.demand, OrderLog) and type(scenario).at is Scenario.at
    return is_log and not scenario.promotions and not scenario.surges


def has_past(scenario: Scenario) -> bool:
    """Whether past orders, from which a router may forecast, are others than those that are played.

    The rule of ``agents.forecast.history``, which is asked only where a router plays: here it is known before.
    """
    past, compared = (scenario.at(seed).demand for seed in (HISTORY.start, VALIDATION.start))
    return not isinstance(past, OrderLog) or past is not compared
