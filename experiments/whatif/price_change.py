"""Prices of what is not bought from a carrier: lateness, waiting, carbon, packaging."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from experiments.whatif.checks import check_percent, known, scaled
from experiments.whatif.phrase import Phrase, signed_percent
from scenarios.scenario import Scenario

PRICES: dict[str, tuple[str, ...]] = {
    "lateness": ("lateness_step_millicents", "lateness_hour_millicents"),
    "waiting": ("waiting_hour_millicents",),
    "carbon": ("carbon_kg_millicents",),
    "packaging": ("packaging_parcel_millicents", "packaging_kg_millicents"),
}
"""Name -> fields of ``scenarios.settings.Settings`` that change together."""

FORM = f"price {'|'.join(PRICES)} +25%"


@dataclass(frozen=True, slots=True)
class PriceChange:
    """Something has another price, for the routers and in the ledger.

    Attributes:
        price: a name in ``PRICES``.
        percent: relative change, -100 or more.
    """

    price: str
    percent: float

    def __post_init__(self) -> None:
        known("price", self.price, PRICES)
        check_percent(f"{self.price} price", self.percent)

    def apply(self, scenario: Scenario) -> Scenario:
        """With other settings."""
        fields = PRICES[self.price]
        changed: dict[str, Any] = {field: scaled(getattr(scenario.settings, field), self.percent) for field in fields}
        return replace(scenario, settings=replace(scenario.settings, **changed))

    def text(self) -> str:
        """``price lateness +25%``."""
        return f"price {self.price} {signed_percent(self.percent)}"


def read(phrase: Phrase) -> PriceChange:
    """A line that begins with ``price``."""
    return PriceChange(phrase.word("a price"), phrase.percent("a change such as +25%"))
