"""What is the world? Entities, traces, and the registry of named scenarios."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from scenarios.draw import draw_trace as draw_trace
    from scenarios.registry import load_scenario as load_scenario
    from scenarios.registry import scenario_names as scenario_names
    from scenarios.trace import load_trace as load_trace

_HOMES = {
    "load_scenario": "scenarios.registry",
    "scenario_names": "scenarios.registry",
    "draw_trace": "scenarios.draw",
    "load_trace": "scenarios.trace",
}

__all__ = ["draw_trace", "load_scenario", "load_trace", "scenario_names"]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'scenarios' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)
