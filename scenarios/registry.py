"""Named scenarios: one line each, imported only when asked for."""

from __future__ import annotations

import dataclasses
import inspect
from importlib import import_module
from typing import Any

from scenarios.demand import Demand
from scenarios.errors import InputError, unknown_name
from scenarios.scenario import Scenario
from scenarios.settings import Settings

SCENARIOS: dict[str, str] = {
    "ample-stock": "scenarios.catalogue.board.ample_stock:ample_stock",
    "carrier-regime": "scenarios.catalogue.board.carrier_regime:carrier_regime",
    "cutoff-congestion": "scenarios.catalogue.board.cutoff_congestion:cutoff_congestion",
    "hold-consolidate": "scenarios.catalogue.board.hold_consolidate:hold_consolidate",
    "jasin-sinha": "scenarios.catalogue.board.jasin_sinha:jasin_sinha",
    "metro": "scenarios.catalogue.metro:metro",
    "metro-disrupted": "scenarios.catalogue.disrupted:metro_disrupted",
    "metro-reorder": "scenarios.catalogue.disrupted:metro_reorder",
    "metro-small": "scenarios.catalogue.metro:metro_small",
    "misplaced-scarce": "scenarios.catalogue.board.misplaced_scarce:misplaced_scarce",
    "olist-pooled": "scenarios.olist.read:load_olist",
    "peak-regime": "scenarios.catalogue.board.peak_regime:peak_regime",
    "presale-split": "scenarios.catalogue.board.presale_split:presale_split",
    "single-warehouse": "scenarios.catalogue.board.single_warehouse:single_warehouse",
    "stationary": "scenarios.catalogue.board.stationary:stationary",
    "tables": "scenarios.tables.read:load_tables",
    "tiny": "scenarios.catalogue.tiny:tiny",
    "toy-backorder": "scenarios.catalogue.toys:toy_backorder",
    "toy-cancel": "scenarios.catalogue.toys_disruptions:toy_cancel",
    "toy-cutoff": "scenarios.catalogue.toys:toy_cutoff",
    "toy-handling": "scenarios.catalogue.toys:toy_handling",
    "toy-hold": "scenarios.catalogue.toys_disruptions:toy_hold",
    "toy-mmc": "scenarios.catalogue.toys:toy_mmc",
    "toy-nearest": "scenarios.catalogue.toys:toy_nearest",
    "toy-outage": "scenarios.catalogue.toys_disruptions:toy_outage",
    "toy-presale": "scenarios.catalogue.toys_disruptions:toy_presale",
    "toy-promotion": "scenarios.catalogue.toys_disruptions:toy_promotion",
    "toy-receipt-short": "scenarios.catalogue.toys_disruptions:toy_receipt_short",
    "toy-regime": "scenarios.catalogue.toys_disruptions:toy_regime",
    "toy-reorder": "scenarios.catalogue.toys_disruptions:toy_reorder",
    "toy-scarce": "scenarios.catalogue.toys:toy_scarce",
    "toy-short-pick": "scenarios.catalogue.toys_disruptions:toy_short_pick",
    "toy-split": "scenarios.catalogue.toys:toy_split",
    "two-tier": "scenarios.catalogue.board.two_tier:two_tier",
}
"""Name -> ``module:function`` that builds the scenario; those with a parameter ``data`` read a folder."""

_OWN = ("epoch", "time_zone", "horizon_days", "warmup_hours", "drain_days")


def scenario_names() -> list[str]:
    """All names that ``load_scenario`` knows, sorted."""
    return sorted(SCENARIOS)


def load_scenario(name: str, **overrides: Any) -> Scenario:
    """The scenario of that name, with some of its scalar fields changed.

    Args:
        name: ``metro``, or with its version ``metro@1``.
        **overrides: parameters of the scenario's builder (such as ``data=DIR`` for one read from files), or fields
            of the scenario (``horizon_days``), its settings (``max_parcels``) or its demand (``orders_per_day``).

    Raises:
        InputError: unknown name, version or override, a missing ``data``, or a value out of range.
    """
    bare = name.partition("@")[0] if isinstance(name, str) else name
    if bare not in SCENARIOS:
        raise unknown_name("scenario", name, SCENARIOS)
    module, _, function = SCENARIOS[bare].partition(":")
    scenario = _build(bare, getattr(import_module(module), function), overrides)
    if "@" in name and name != scenario.id:
        raise InputError("scenario", name, scenario.id, "this version of the lab knows only that one")
    return scenario


def _build(name: str, builder: Any, overrides: dict[str, Any]) -> Scenario:
    parameters = inspect.signature(builder).parameters
    for parameter in parameters.values():
        is_required = parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
        if is_required and parameter.name not in overrides:
            raise InputError(
                f"scenario {name!r} {parameter.name}", None, "the folder to read", f"add {parameter.name}=DIR"
            )
    if any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters.values()):
        return builder(**overrides)
    own = {key: value for key, value in overrides.items() if key in parameters}
    rest = {key: value for key, value in overrides.items() if key not in parameters}
    for key, value in own.items():
        if isinstance(value, str) and isinstance(parameters[key].default, (int, float)):
            raise InputError(f"scenario.{key}", value, "a number", "write it like 3 or 0.5")
    return with_overrides(builder(**own), rest, also_known=tuple(parameters))


def with_overrides(scenario: Scenario, overrides: dict[str, Any], also_known: tuple[str, ...] = ()) -> Scenario:
    """The scenario with scalar fields of itself, its settings or its demand replaced; all checks run again.

    Args:
        scenario: left as it is.
        overrides: field name to value.
        also_known: further names to offer in "did you mean".

    Raises:
        InputError: unknown field, or a value out of range.
    """
    settings = {field.name for field in dataclasses.fields(Settings)}
    demand: set[str] = set()
    if isinstance(scenario.demand, Demand):
        demand = {
            field.name
            for field in dataclasses.fields(Demand)
            if not isinstance(getattr(scenario.demand, field.name), tuple) and field.name != "time_zone"
        }
    for key in overrides:
        if key not in {*_OWN, *settings, *demand}:
            raise unknown_name(f"override of scenario {scenario.id!r}", key, {*_OWN, *settings, *demand, *also_known})
    changes: dict[str, Any] = {key: value for key, value in overrides.items() if key in _OWN}
    for group, names in (("settings", settings), ("demand", demand)):
        chosen = {key: value for key, value in overrides.items() if key in names}
        if chosen:
            changes[group] = dataclasses.replace(getattr(scenario, group), **chosen)
    return dataclasses.replace(scenario, **changes) if changes else scenario


def main(args: list[str]) -> int:
    """Prints the scenarios' names with the first line of what builds them."""
    for name in scenario_names():
        module, _, function = SCENARIOS[name].partition(":")
        doc = inspect.getdoc(getattr(import_module(module), function)) or ""
        print(f"{name:17s} {doc.splitlines()[0] if doc else ''}")
    return 0
