"""Which traces an evaluation plays: seeds of a split, or files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from experiments.settings import ScenarioChoice
from scenarios.draw import draw_trace
from scenarios.errors import InputError, unknown_name
from scenarios.order_log import OrderLog
from scenarios.registry import load_scenario
from scenarios.scenario import Scenario
from scenarios.seeds import SPLITS, split_of
from scenarios.trace import Trace, load_trace

EVALUATION_SPLITS = ("validation", "test")
SINGLE_LINE_SHARE = 0.95

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

    def load(self, position: int) -> Trace:
        """The trace at ``position``.

        Raises:
            InputError: an unknown scenario, a damaged file, or files of different scenarios.
        """
        if not self.files:
            return draw_trace(scenario_of(self.scenario), self.seeds[position])
        trace = load_trace(self.files[position])
        if position and (first := _scenario_id(self.files[0])) != trace.scenario_id:
            raise InputError(
                f"trace_files[{position}]", trace.scenario_id, f"a trace of {first}", "compare one scenario at a time"
            )
        return trace


@lru_cache(maxsize=4)
def _scenario_id(file: str) -> str:
    return load_trace(file).scenario_id


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


def notes_of(trace: Trace, choice: ScenarioChoice | None) -> list[str]:
    """What has to be said beside every result on such traces."""
    notes, caveat = [], ""
    if choice is not None:
        caveat = caveat_of(scenario_of(choice))
        if caveat:
            notes.append(caveat[:1].upper() + caveat[1:])
        if isinstance(scenario_of(choice).demand, OrderLog):
            notes.append("The orders are the same in all traces, and only luck differs: an interval tells luck alone")
    share = float((trace.future.orders["num_lines"] == 1).mean()) if trace.num_orders else 0.0
    if share >= SINGLE_LINE_SHARE and not caveat:
        notes.append(f"{100 * share:.1f} % of the orders hold one line, so splits hardly occur")
    if trace.seed >= 0 and split_of(trace.seed) == "training":
        notes.append("A trace has a training seed: a trained agent may have seen it")
    return notes
