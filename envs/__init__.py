"""How the world reacts: two clocks, plans, features, rewards, metrics, Gymnasium environments."""

from __future__ import annotations

from typing import Any

_EXPORTS = {
    "simulate": "envs.simulation",
    "Simulation": "envs.simulation",
    "Agent": "envs.protocol",
    "Snapshot": "envs.snapshot",
    "World": "envs.world",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        from importlib import import_module

        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'envs' has no attribute {name!r}")
