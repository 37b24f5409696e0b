"""Luck: what chance does to one order's parcel, as a pure function.

Evaluating luck is not drawing: the same order, warehouse, service and attempt meet the same luck
under every router and on every clock.

Source: finaliser of SplitMix64, Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
generators", constants of the reference implementation.
"""

from __future__ import annotations

from enum import IntEnum

import numba
import numpy as np

from envs.compiling import compiled, inlined


class Stream(IntEnum):
    """What the luck is about."""

    PICK = 1
    TRANSIT = 2
    SHORT = 3  # with the SKU in the bits above
    LEAD = 4
    PATIENCE = 5


PICK = int(Stream.PICK)
TRANSIT = int(Stream.TRANSIT)
SHORT = int(Stream.SHORT)
LEAD = int(Stream.LEAD)
PATIENCE = int(Stream.PATIENCE)

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_A = np.uint64(0xBF58476D1CE4E5B9)
_MIX_B = np.uint64(0x94D049BB133111EB)
_S30, _S27, _S31 = np.uint64(30), np.uint64(27), np.uint64(31)


@compiled
def mix(state):
    """One SplitMix64 step: uint64 -> uint64, a bijection."""
    z = np.uint64(state + _GOLDEN)
    z = np.uint64((z ^ (z >> _S30)) * _MIX_A)
    z = np.uint64((z ^ (z >> _S27)) * _MIX_B)
    return z ^ (z >> _S31)


if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
    mix = np.errstate(over="ignore")(mix)  # uncompiled numpy warns when uint64 wraps, as it must here


@compiled
def luck(key, stream, warehouse, service, attempt):
    """Hash of five operands, uniform on uint64.

    Args:
        key: uint64 of the order.
        stream: one of ``Stream``.
        warehouse: index.
        service: index.
        attempt: number of the order's parcel from this warehouse with this service, from 0.
    """
    z = mix(np.uint64(key) ^ np.uint64(stream))
    z = mix(z ^ np.uint64(warehouse))
    z = mix(z ^ np.uint64(service))
    return mix(z ^ np.uint64(attempt))


@inlined
def key_of(future, hidden, order):
    """Luck key of an order; a fork on a tail gives those that have arrived other luck by a salt."""
    return future.orders[order]["luck_key"] ^ np.uint64(hidden.counters[0]["luck_salt"])
