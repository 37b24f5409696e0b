"""What no router can beat: bounds that see the future, and an exact dynamic program for small worlds."""

from __future__ import annotations

from typing import Any

_EXPORTS = {
    "Bound": "agents.bounds.bound",
    "hindsight": "agents.bounds.relaxation",
    "demand_hindsight": "agents.bounds.relaxation",
    "solve": "agents.bounds.dynamic_program",
}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        from importlib import import_module

        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'agents.bounds' has no attribute {name!r}")
