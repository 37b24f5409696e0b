"""A change: one readable line that makes another scenario of a scenario, which stays as it is.

Adding a kind is a frozen dataclass with ``FORM``, ``read``, ``apply`` and ``text``, and a line in ``KINDS``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Protocol, runtime_checkable

from experiments.whatif.phrase import Phrase
from scenarios.errors import InputError, unknown_name
from scenarios.scenario import Scenario


class Change(Protocol):
    """A frozen change."""

    def apply(self, scenario: Scenario) -> Scenario:
        """Another scenario.

        Raises:
            InputError: a name that the scenario does not have, or a scenario that cannot be.
        """

    def text(self) -> str:
        """The line that ``parse_change`` reads back to the same change."""


@runtime_checkable
class Rounded(Protocol):
    """A change of goods, which come in whole units, so that a percentage may come out as another one."""

    def realised(self, scenario: Scenario) -> str:
        """What comes of it where it shows, to stand behind ``text()``; nothing elsewhere."""


KINDS: dict[str, str] = {
    "demand": "experiments.whatif.demand_change",
    "warehouse": "experiments.whatif.warehouse_change",
    "service": "experiments.whatif.service_change",
    "stock": "experiments.whatif.stock_change",
    "price": "experiments.whatif.price_change",
    "router": "experiments.whatif.router_change",
}
"""First word -> module with ``FORM``, how its lines are written, and ``read(phrase)``."""


def parse_change(text: str) -> Change:
    """The change behind one line.

    Raises:
        InputError: a line that cannot be read, or a value out of range.
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError("change", text, "a line such as: warehouse river closed", "see docs/whatif.md")
    kind = text.split()[0]
    if kind not in KINDS:
        raise unknown_name(f"first word of the change {text!r}", kind, KINDS)
    module = import_module(KINDS[kind])
    phrase = Phrase(text, module.FORM)
    phrase.word("the kind of change")
    change: Change = module.read(phrase)
    phrase.end()
    return change
