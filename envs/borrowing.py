"""Groups of arrays on loan: one pointer instead of two hundred words, and no references counted.

Compiled code hands a named tuple of arrays over word by word and counts references of every array that it names; both
together took most of the time of a decision. The arrays of a replication live in its ``World`` as long as any rule
runs, so an entry point lends its groups, and the rules behind it read ``group.array`` through a pointer.
"""

from __future__ import annotations

from typing import Any

import numba
from numba.core import cgutils, types
from numba.core.datamodel import models
from numba.core.typing.templates import AttributeTemplate
from numba.extending import infer_getattr, intrinsic, lower_getattr_generic, register_model

_OWNERS = (0, 1)
"""Places in numba's array header of those who own the memory."""

if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]

    def borrowed(group: Any) -> Any:
        """The group itself: uncompiled code has nothing to save."""
        return group

else:

    class Loan(types.Type):
        """A pointer to a named tuple of arrays."""

        def __init__(self, group: types.NamedTuple) -> None:
            self.group = group
            super().__init__(name=f"Loan[{group.instance_class.__name__}]")

        @property
        def key(self) -> Any:
            """Two loans are of one type if their groups are."""
            return self.group

    @register_model(Loan)
    class LoanModel(models.PrimitiveModel):
        """How a loan is represented: the address of the group."""

        def __init__(self, manager: Any, loan: Loan) -> None:
            group = manager.lookup(loan.group).get_value_type()
            super().__init__(manager, loan, group.as_pointer())

    @infer_getattr
    class LoanAttribute(AttributeTemplate):
        """The arrays of a group, by their names."""

        key = Loan

        def generic_resolve(self, loan: Loan, name: str) -> Any:  # type: ignore[override]
            """Type of an array, or None."""
            fields = loan.group.fields
            return loan.group.types[fields.index(name)] if name in fields else None

    @lower_getattr_generic(Loan)
    def _array_of(context, builder, loan, pointer, name):
        """The header of an array, without owners; words that nobody reads cost nothing."""
        i = loan.group.fields.index(name)
        place = cgutils.gep_inbounds(builder, pointer, 0, i)
        kind = context.get_value_type(loan.group.types[i])
        header = cgutils.get_null_value(kind)
        for word, element in enumerate(kind.elements):
            value = builder.load(cgutils.gep_inbounds(builder, place, 0, word))
            header = builder.insert_value(header, element(None) if word in _OWNERS else value, word)
        return header

    @intrinsic
    def borrowed(typing_context, group):
        """The group on loan, for as long as the function that borrows it runs; its caller keeps the arrays alive."""
        if isinstance(group, Loan):
            return group(group), lambda context, builder, signature, arguments: arguments[0]

        def generate(context, builder, signature, arguments):
            return cgutils.alloca_once_value(builder, arguments[0])

        return Loan(group)(group), generate
