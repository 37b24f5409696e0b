"""The one error for bad input: it names key, value, expectation and remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class InputError(ValueError):
    """Something given from outside cannot be used.

    Args:
        key: what is wrong (a field, a name, a file).
        value: what was given.
        expected: what would have been right.
        remedy: what to do now.
    """

    def __init__(self, key: str, value: object, expected: str, remedy: str) -> None:
        self.key, self.value, self.expected, self.remedy = key, value, expected, remedy
        super().__init__(key, value, expected, remedy)  # from which pickle and SimPy make it again

    def __str__(self) -> str:
        end = "" if self.remedy.endswith(("?", "!", ".")) else "."
        remedy = f"{self.remedy[:1].upper()}{self.remedy[1:]}{end}"
        return f"{self.key} = {self.value!r}: expected {self.expected}. {remedy}"


def unknown_name(kind: str, name: object, known: Iterable[str]) -> InputError:
    """An error for a name that is not registered, with the nearest one as remedy."""
    names = sorted(known)
    near = difflib.get_close_matches(str(name), names, n=1, cutoff=0.4)
    remedy = f"did you mean {near[0]!r}?" if near else "choose one of these"
    return InputError(kind, name, "one of " + ", ".join(names), remedy.rstrip("."))
