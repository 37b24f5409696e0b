"""How the world reacts: two clocks, plans, features, rewards, metrics, Gymnasium environments."""

from __future__ import annotations

from typing import Any

from gymnasium.envs.registration import register

_EXPORTS = {
    "simulate": "envs.simulation",
    "simulate_many": "envs.many",
    "Simulation": "envs.simulation",
    "Agent": "envs.protocol",
    "Pricer": "envs.pricer",
    "Snapshot": "envs.snapshot",
    "World": "envs.world",
}

__all__ = sorted(_EXPORTS)


# Current Gymnasium loads no entry points of packages: make("envs:routelab/OrderRouting-v0") imports this module.
register(
    id="routelab/OrderRouting-v0",
    entry_point="envs.routing_env:OrderRoutingEnv",
    vector_entry_point="envs.vector_env:OrderRoutingVectorEnv",
)
# Gymnasium's passive checker knows scalar rewards only.
register(
    id="routelab/MOOrderRouting-v0",
    entry_point="envs.routing_env:MOOrderRoutingEnv",
    vector_entry_point="envs.vector_env:MOOrderRoutingVectorEnv",
    disable_env_checker=True,
)


def __getattr__(name: str) -> Any:
    if name in _EXPORTS:
        from importlib import import_module

        return getattr(import_module(_EXPORTS[name]), name)
    raise AttributeError(f"module 'envs' has no attribute {name!r}")
