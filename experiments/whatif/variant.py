"""A variant: a name and the changes that make it of the baseline."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import reduce
from typing import Any

from experiments.whatif.change import Change, Rounded, parse_change
from experiments.whatif.router_change import RouterChange
from scenarios.errors import InputError
from scenarios.scenario import Scenario

BASELINE = "baseline"
NOTHING = "nothing changed"
NAME_PATTERN = r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}"


@dataclass(frozen=True, slots=True)
class Variant:
    """Changes under a name, made in their order.

    Attributes:
        name: letters, digits, - and _; at most 40.
        changes: frozen changes; none: the scenario as it is.
    """

    name: str
    changes: tuple[Change, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not re.fullmatch(NAME_PATTERN, self.name):
            raise InputError(
                "variant name", self.name, "1 to 40 letters, digits, - and _", "it names files: choose a short one"
            )

    @classmethod
    def of(cls, name: str, lines: Any) -> Variant:
        """From one text with ``;`` between the changes, or a list of texts.

        Raises:
            InputError: a text that cannot be read.
        """
        found = lines.split(";") if isinstance(lines, str) else lines
        if not isinstance(found, list) or not all(isinstance(line, str) for line in found):
            raise InputError(f"variant {name!r}", lines, "a list of changes, each one text", "see docs/whatif.md")
        return cls(name, tuple(parse_change(line) for line in found if line.strip()))

    @property
    def router(self) -> str | None:
        """The router of the last ``RouterChange``; None: the baseline's."""
        routers = [change.router for change in self.changes if isinstance(change, RouterChange)]
        return routers[-1] if routers else None

    def apply(self, scenario: Scenario) -> Scenario:
        """The changed scenario; ``scenario`` itself stays as it is.

        Raises:
            InputError: a change that does not fit; it is named.
        """
        return reduce(self._apply_one, self.changes, scenario)

    def _apply_one(self, scenario: Scenario, change: Change) -> Scenario:
        try:
            return change.apply(scenario)
        except InputError as error:
            key = f"{error.key} (variant {self.name!r}, change {change.text()!r})"
            raise InputError(key, error.value, error.expected, error.remedy) from error

    def lines(self) -> list[str]:
        """The changes as texts."""
        return [change.text() for change in self.changes]

    def lines_in(self, scenario: Scenario) -> list[str]:
        """The changes as texts, with what comes of a percentage in this scenario where it comes out as another one.

        Raises:
            InputError: a change that does not fit; it is named.
        """
        found = []
        for change in self.changes:
            found.append(change.text() + (change.realised(scenario) if isinstance(change, Rounded) else ""))
            scenario = self._apply_one(scenario, change)
        return found

    def text(self) -> str:
        """All changes in one text, or that there are none."""
        return "; ".join(self.lines()) or NOTHING

    def named(self, name: str) -> Variant:
        """The same changes under another name."""
        return replace(self, name=name)
