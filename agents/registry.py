"""Agents by name. Adding one is a module, a line here and a test."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any

from envs.protocol import Agent
from scenarios.errors import InputError, unknown_name
from scenarios.scenario import Scenario

MANIFEST = "manifest.json"
"""The file that makes a folder a policy bundle."""


def _rule(name: str, rule: str, pricing: str = "NONE") -> Agent:
    heuristics, table, prices = (import_module(m) for m in ("agents.heuristics", "envs.plan_table", "envs.prices"))
    return heuristics.RuleAgent(name, table.Rule[rule], prices.Pricing[pricing])


def _random() -> Agent:
    return import_module("agents.heuristics").RandomAgent()


def _consolidate() -> Agent:
    return import_module("agents.heuristics").ConsolidatingAgent()


def _hold_once() -> Agent:
    return import_module("agents.heuristics").HoldingOnceAgent()


HEURISTICS: dict[str, tuple[Callable[[], Agent], str]] = {
    "random": (_random, "any plan, uniformly"),
    "nearest": (partial(_rule, "nearest", "NEAREST"), "fewest kilometres, goods in stock first"),
    "cheapest": (partial(_rule, "cheapest", "CHEAPEST"), "least shipping, handling and packaging"),
    "fastest": (partial(_rule, "fastest", "FASTEST"), "earliest expected delivery"),
    "fewest-splits": (partial(_rule, "fewest-splits", "FEWEST_SPLITS"), "fewest parcels, then least cost"),
    "myopic": (partial(_rule, "myopic", "SCORE"), "least expected weighted cost, lateness and carbon included"),
    "primal-dual": (
        partial(_rule, "primal-dual", "SCORE", "CLOSED_FORM"),
        "myopic plus forecast-free bid prices that protect scarce stock",
    ),
    "consolidate": (_consolidate, "myopic, but holds an order for company while the promise allows it"),
    "hold-once": (_hold_once, "myopic, but holds a new order once, for the shortest time, if that is cheap"),
}


def _dual(scenario: Scenario, **arguments: Any) -> Agent:
    return import_module("agents.dual.router").dual_router(scenario, **arguments)


def _rollout(scenario: Scenario) -> Agent:
    return import_module("agents.rollout").rollout_router(scenario)


FORECASTERS: dict[str, tuple[Callable[[Scenario], Agent], str]] = {
    "static-dual": (
        partial(_dual, is_static=True),
        "myopic plus bid prices from climbing the dual of sampled futures' linear programs, once",
    ),
    "dual": (_dual, "the same, solved again during the episode"),
    "rollout": (_rollout, "the few best plans of dual, each played on in sampled futures; compiled clock only"),
}
"""Routers that forecast from what a shop has on record, and are therefore made for one scenario."""


def agent_names() -> list[str]:
    """Names of the heuristics, which ``load_agent`` knows without a scenario."""
    return list(HEURISTICS)


def load_agent(name_or_bundle_path: str | Path, scenario: Scenario | None = None) -> Agent:
    """A heuristic or a router that forecasts by name, or the policy of a bundle folder.

    Args:
        name_or_bundle_path: who.
        scenario: whose past a router forecasts from; the others do not need it.

    Raises:
        InputError: unknown name, a folder that is no sound bundle, or a router that forecasts without a scenario.
    """
    name = str(name_or_bundle_path)
    if name in HEURISTICS:
        return HEURISTICS[name][0]()
    if name in FORECASTERS:
        if scenario is None:
            raise InputError("agent", name, "a scenario whose past it forecasts from", "name one, or take a heuristic")
        return FORECASTERS[name][0](scenario)
    path = Path(name)
    if path.is_dir() or "/" in name or path.suffix:
        return import_module("agents.bundle").BundleAgent(path)
    raise unknown_name("agent", name, HEURISTICS | FORECASTERS)


def main(args: list[str]) -> int:
    """Prints the agents' names, one a line."""
    for name, (_, doc) in (HEURISTICS | FORECASTERS).items():
        print(f"{name:14s} {doc}")
    return 0
