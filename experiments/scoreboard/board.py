"""What the board is made of: worlds, routers, numbers of traces and seeds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from agents.registry import FORECASTERS, HEURISTICS
from scenarios.catalogue.board.groups import LITERATURE, SANITY, WINNABLE
from scenarios.drawn import drawn
from scenarios.errors import InputError, unknown_name
from scenarios.registry import load_scenario, scenario_names
from scenarios.scenario import Scenario
from scenarios.seeds import TEST, VALIDATION
from scenarios.twinned import twinned

TWINNED, DRAWN, MIXED = "twinned", "drawn", "mixed"
"""Marks behind a scenario's name, ``two-tier+twinned``; the last is a world of its own: draws of the winnable group."""

PARTS = (
    *("routers", "probes", "bounds", "train", "learned", "exported", "front", "generalisation"),
    *("cells", "pages"),
)
SLOW = "rollout"
"""Shown apart: it takes longer than a shop can wait, so it plays fewer traces and is nobody's rival."""

KNOWS_END = "static-dual"
"""Solves over the whole horizon, so it knows when orders end, which a shop does not: no rival but where the end is
published, as in the literature's instances."""

DEPLOYABLE_MS = 10.0
"""A router that takes longer for a decision is no rival."""

SIZES = {
    "num_traces": "test traces",
    "num_validation": "validation traces",
    "num_slow": f"test traces of {SLOW}",
    "num_seeds": "training seeds",
    "num_front": "test traces of each weight vector",
    "num_elsewhere": "test traces of each world",
}
"""Numbers of a board in words."""

LEAST = {**dict.fromkeys(SIZES, 2), "num_seeds": 1}
"""The least of each: one trace has no interval."""

SPLITS = {"test": TEST[100:], "validation": VALIDATION}
"""Seeds of the board's traces. The first hundred test traces were looked at while routers and learner were still
changed, so the results are of others, which nobody had played."""


@dataclass(frozen=True)
class Board:
    """What is run.

    Attributes:
        scenarios: names, in the sequence of the pages.
        routers: heuristics and forecasters.
        num_traces: test traces.
        num_validation: validation traces, on which everything is chosen.
        num_slow: test traces of ``SLOW``.
        num_seeds: trainings of a scenario.
        num_front: test traces of each weight vector.
        num_elsewhere: test traces of each world of the generalisation page.
        fronts: scenarios with a front, those of them that are in ``scenarios``.
        training: fields of ``TrainingConfig`` that differ from its defaults.
        folder: of cells and policies.
        pages: folder of the pages.
    """

    scenarios: tuple[str, ...] = (*WINNABLE, *SANITY, *LITERATURE)
    routers: tuple[str, ...] = (*HEURISTICS, *FORECASTERS)
    num_traces: int = 100
    num_validation: int = 20
    num_slow: int = 20
    num_seeds: int = 5
    num_front: int = 100
    num_elsewhere: int = 20
    fronts: tuple[str, ...] = ("misplaced-scarce", "cutoff-congestion")
    training: Mapping[str, Any] = field(default_factory=dict)
    folder: Path = Path("runs/scoreboard")
    pages: Path = Path("docs/results")

    def __post_init__(self) -> None:
        _check_names("scenario", self.scenarios, scenario_names())
        _check_names("routers", self.routers, [*HEURISTICS, *FORECASTERS])
        for name, least in LEAST.items():
            if getattr(self, name) < least:
                raise InputError(name, getattr(self, name), f"at least {least}", "ask for more")

    def slow_traces(self, who: str) -> int:
        """Test traces that a router plays."""
        return min(self.num_slow, self.num_traces) if who == SLOW else self.num_traces

    def seeds(self, split: str, count: int) -> tuple[int, ...]:
        """The first seeds of a split."""
        return tuple(SPLITS[split][:count])

    def all_seeds(self, split: str) -> tuple[int, ...]:
        """Seeds of all traces of a split that the board has."""
        return self.seeds(split, self.num_traces if split == "test" else self.num_validation)

    @property
    def front_scenarios(self) -> tuple[str, ...]:
        """Those of the board."""
        return tuple(name for name in self.fronts if name in self.scenarios)


def short_of(**counts: int) -> list[str]:
    """Which numbers of traces and seeds, by the board's field, are less than the usual board's, in words."""
    usual = {size: getattr(Board(), size) for size in counts}
    return [f"{count} of {usual[size]} {SIZES[size]}" for size, count in counts.items() if count < usual[size]]


def _check_names(kind: str, names: Iterable[str], known: Iterable[str]) -> None:
    names, known = list(names), list(known)
    if not names:
        raise InputError(kind, names, "at least one name", "name one")
    for name in names:
        if name not in known:
            raise unknown_name(kind, name, known)
    if len(set(names)) < len(names):
        raise InputError(kind, names, "each name once", "remove the second one")


@lru_cache(maxsize=64)
def world_of(name: str) -> Scenario:
    """A scenario by its name, a changed one by its name and mark, or the mixed family.

    Raises:
        InputError: an unknown name or mark, or a scenario that cannot be changed so.
    """
    if name == MIXED:
        return drawn(tuple(load_scenario(member) for member in WINNABLE), name="mixed-drawn@1")
    plain, _, mark = name.partition("+")
    scenario = load_scenario(plain)
    changes = {"": lambda: scenario, TWINNED: lambda: twinned(scenario), DRAWN: lambda: drawn((scenario,))}
    if mark not in changes:
        raise unknown_name("mark", mark, (TWINNED, DRAWN))
    return changes[mark]()


def changed_worlds(scenario: str) -> tuple[str, ...]:
    """Twice the warehouses and drawn parameters of a scenario, where there are such: not for logs of orders."""
    found = []
    for mark in (TWINNED, DRAWN):
        try:
            world_of(f"{scenario}+{mark}")
        except InputError:
            continue
        found.append(f"{scenario}+{mark}")
    return tuple(found)
