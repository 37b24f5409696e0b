"""Groups of arrays whose references are not counted.

Compiled code counts references of every array that it names, atomically, which took a third of the time of a decision.
The arrays of a replication live in its ``World`` as long as any rule runs, so rules may borrow them: the same memory
under a header that owns nothing.
"""

from __future__ import annotations

from typing import Any

import numba
from numba.core import types
from numba.extending import intrinsic

_MEMINFO, _PARENT = 0, 1
"""Places of the owners in numba's array header."""

if numba.config.DISABLE_JIT:  # type: ignore[attr-defined]

    def borrowed(group: Any) -> Any:
        """The group itself: uncompiled code has nothing to save."""
        return group

else:

    @intrinsic
    def borrowed(typing_context, group):
        """The same named tuple of arrays, without owners. The caller keeps the arrays alive."""

        def generate(context, builder, signature, arguments):
            value = arguments[0]
            for i, kind in enumerate(group.types):
                if isinstance(kind, types.Array):
                    header = builder.extract_value(value, i)
                    for place in (_MEMINFO, _PARENT):
                        nobody = header.type.elements[place](None)
                        header = builder.insert_value(header, nobody, place)
                    value = builder.insert_value(value, header, i)
            return value

        return group(group), generate
