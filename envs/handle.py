"""One handle for all arrays of a replication, so that a call from Python costs under a microsecond.

Handing sixty arrays to a compiled function takes about eight microseconds of unpacking per call. A numba structref
keeps them unpacked. Without compilation (``NUMBA_DISABLE_JIT=1``) the handle is a plain named tuple.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numba
from numba.core import types
from numba.experimental import structref

from envs.agenda import Agenda
from envs.compiling import compiled, tell_of_compiling
from envs.hidden import Hidden
from envs.plan_table import Plans
from envs.state import Observable
from scenarios.network import Network
from scenarios.trace import Future


class PlainHandle(NamedTuple):
    """The groups of arrays that rules work on."""

    network: Network
    future: Future
    seen: Observable
    hidden: Hidden
    plans: Plans
    agenda: Agenda


if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]
    make_handle: Any = PlainHandle
else:

    @structref.register
    class HandleType(types.StructRef):
        """numba's type of a handle."""

        def preprocess_fields(self, fields):
            """Fields hold any value of their type."""
            return tuple((name, types.unliteral(kind)) for name, kind in fields)

    class Handle(structref.StructRefProxy):
        """Opaque in Python; compiled rules read its fields."""

        def __new__(cls, *groups):
            """Use ``make_handle``: its compiled code is cached."""
            return make_handle(*groups)

    structref.define_proxy(Handle, HandleType, list(PlainHandle._fields))

    @compiled
    def _pack(network, future, seen, hidden, plans, agenda):
        """Packs the groups; the arrays stay the same memory."""
        return Handle(network, future, seen, hidden, plans, agenda)

    def make_handle(*groups: Any) -> Any:
        """The handle of the groups of one replication, in the order of ``PlainHandle``.

        Rules may be compiled from now on; the first call says so if they were not before.
        """
        tell_of_compiling()
        return _pack(*groups)
