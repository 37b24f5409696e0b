"""Another router in the same world."""

from __future__ import annotations

from dataclasses import dataclass

from experiments.whatif.phrase import Phrase, named
from scenarios.checks import check_text
from scenarios.scenario import Scenario

FORM = "router NAME|BUNDLE"


@dataclass(frozen=True, slots=True)
class RouterChange:
    """Another router decides; the scenario stays as it is.

    Attributes:
        router: name, or folder of a policy bundle.
    """

    router: str

    def __post_init__(self) -> None:
        check_text("router", self.router)

    def apply(self, scenario: Scenario) -> Scenario:
        """The scenario itself."""
        return scenario

    def text(self) -> str:
        """``router fastest``."""
        return f"router {named(self.router)}"


def read(phrase: Phrase) -> RouterChange:
    """A line that begins with ``router``."""
    return RouterChange(phrase.word("the name of a router, or a bundle's folder"))
