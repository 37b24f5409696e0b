"""Who decides: heuristics, learned routers, policy bundles."""

from __future__ import annotations

from typing import Any

_EXPORTS = {"load_agent": "agents.registry", "agent_names": "agents.registry"}

__all__ = sorted(_EXPORTS)


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        from importlib import import_module

        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'agents' has no attribute {name!r}")
