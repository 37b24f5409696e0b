"""A study: a baseline, what is changed in it, who routes, and how often it is repeated."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from typing import Any

from envs.simulation import CLOCKS
from experiments.cell import ROLLOUT, Contestant, check_forecasters, contestants
from experiments.settings import ScenarioChoice, check_count, texts_of, weights_of
from experiments.traces import scenario_of, seeds_of
from experiments.whatif.changed_source import ChangedSource
from experiments.whatif.demand_change import DemandChange
from experiments.whatif.sensitivity import Sensitivity, sensitivities_of
from experiments.whatif.variant import BASELINE, Variant
from experiments.whatif.warehouse_change import WarehouseOpened
from scenarios.checks import check_unique
from scenarios.demand import Demand
from scenarios.draw import draw_trace
from scenarios.errors import InputError, unknown_name

Weights = tuple[float, float, float]
STUDY_KEYS = ("scenario", "routers", "variants", "sensitivities", "replications", "split", "first", "reward", "env")
"""Settings that a saved study holds; the others say only where and how fast."""


@dataclass(frozen=True)
class Entry:
    """A variant and the routers that play it; the first one is that of the drill-down.

    Attributes:
        variant: what is changed.
        routers: who plays it.
        is_sensitivity: whether it is an end of a tornado's bar.
    """

    variant: Variant
    routers: tuple[Contestant, ...]
    is_sensitivity: bool = False


@dataclass(frozen=True)
class Study:
    """What is asked.

    Attributes:
        scenario: the baseline.
        routers: compared in the baseline and in every variant; the first one is the planner's own.
        variants: at least one, unless there are sensitivities or several routers.
        sensitivities: bars of the tornado.
        split: of the seeds: ``test`` or ``validation``.
        seeds: one a replication.
        clock: ``compiled`` or ``simpy``.
        weights: preference weights shown to the routers.
        entries: the baseline, the variants, and the ends of the sensitivities, with their routers.
    """

    scenario: ScenarioChoice
    routers: tuple[Contestant, ...]
    variants: tuple[Variant, ...]
    sensitivities: tuple[Sensitivity, ...]
    split: str
    seeds: tuple[int, ...]
    clock: str
    weights: Weights
    entries: tuple[Entry, ...]

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Study:
        """From resolved settings; every change is tried on the scenario.

        Raises:
            InputError: a value that cannot be used.
        """
        clock = settings["env"].get("clock")
        if clock not in CLOCKS:
            raise unknown_name("env.clock", clock, CLOCKS)
        routers = tuple(contestants(texts_of("routers", settings["routers"])))
        found = settings["variants"] or {}
        if not isinstance(found, dict):
            raise InputError("variants", found, "names with their changes", "see docs/whatif.md")
        variants = tuple(Variant.of(str(name), lines) for name, lines in found.items())
        sensitivities = sensitivities_of(settings["sensitivities"])
        if not variants and not sensitivities and len(routers) == 1:
            raise InputError("variants", {}, "something to compare", "add --change TEXT, variants or another router")
        entries = [Entry(Variant(BASELINE), routers)]
        for variant in variants:
            other = variant.router
            entries.append(Entry(variant, routers if other is None else tuple(contestants((other,)))))
        for sensitivity in sensitivities:
            for end in (sensitivity.low, sensitivity.high):
                if end.router is not None:
                    raise InputError(f"sensitivity {sensitivity.name!r}", end.text(), "no router", "make it a variant")
                entries.append(Entry(end, routers[:1], is_sensitivity=True))
        check_unique("variant name", [entry.variant.name for entry in entries])
        count = check_count("replications", settings["replications"], 1, 100_000)
        split = str(settings["split"])
        study = cls(
            scenario=ScenarioChoice.of(settings["scenario"]),
            routers=routers,
            variants=variants,
            sensitivities=sensitivities,
            split=split,
            seeds=seeds_of(split, check_count("first", settings["first"], 0, 999_999), count),
            clock=clock,
            weights=weights_of(settings["reward"]),
            entries=tuple(entries),
        )
        scenario = scenario_of(study.scenario)
        for entry in entries:
            check_forecasters("routers", entry.routers, scenario, clock)
            _check_futures(entry)
            study.source(entry.variant).world(0)
        _check_most_orders(study)
        return study

    def source(self, variant: Variant) -> ChangedSource:
        """The traces of a variant."""
        return ChangedSource(self.scenario, variant, self.seeds)

    @property
    def num_cells(self) -> int:
        """Simulations in all."""
        return len(self.seeds) * sum(len(entry.routers) for entry in self.entries)


def _check_futures(entry: Entry) -> None:
    """Refuses futures of a world with another number of warehouses than the scenario whose past they come from."""
    is_wider = any(isinstance(change, WarehouseOpened) for change in entry.variant.changes)
    if is_wider and any(router.spec == ROLLOUT for router in entry.routers):
        expected = f"a router that plays no futures, as variant {entry.variant.name!r} opens a warehouse"
        raise InputError("routers", ROLLOUT, expected, "leave it out of this study")


def _check_most_orders(study: Study) -> None:
    """Refuses changes of demand where a trace of the baseline is cut at its most orders.

    More demand is played without that limit, and less is made up for by later orders: neither is what was asked.
    """
    if not any(isinstance(change, DemandChange) for entry in study.entries for change in entry.variant.changes):
        return
    baseline = study.source(study.entries[0].variant)
    for position, seed in enumerate(study.seeds):
        world = baseline.world(position)
        if not isinstance(world.demand, Demand) or world.demand.max_orders is None:
            continue
        most = world.demand.max_orders
        found = draw_trace(replace(world, demand=replace(world.demand, max_orders=None)), seed).num_orders
        if found > most:
            raise InputError(
                "scenario.max_orders",
                most,
                f"at least the {found} orders that the baseline has with seed {seed}, since demand is changed",
                "set scenario.max_orders=null; a shorter scenario.horizon_days leaves fewer orders, too",
            )


def study_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The part of resolved settings that makes the study, for ``study.yaml``."""
    return {key: settings[key] for key in STUDY_KEYS}


def automatic_name(settings: dict[str, Any]) -> str:
    """Scenario and a hash of the study: the same settings go on in the same folder, others get another one."""
    facts = json.dumps(study_settings(settings), sort_keys=True, default=str)
    scenario = ScenarioChoice.of(settings["scenario"]).name
    return f"{scenario}-{hashlib.sha256(facts.encode()).hexdigest()[:8]}"
