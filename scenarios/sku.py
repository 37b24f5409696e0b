"""SKUs: what is sold."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.checks import MAX_GRAMS, MAX_MILLICENTS, check_int, check_text
from scenarios.handling import Handling, check_handling

MAX_PRESALE_DAYS = 3660


@dataclass(frozen=True, slots=True)
class Sku:
    """A stock-keeping unit.

    Attributes:
        name: unique among SKUs.
        grams: mass of one unit, at least 1.
        margin_millicents: of one unit, lost if its order is declined.
        requirements: see ``scenarios.handling``.
        ship_from_day: presale: it ships from the local midnight so many days after the scenario's first day, 1..3660;
            None for ordinary goods.
    """

    name: str
    grams: int
    margin_millicents: int = 0
    requirements: Handling = Handling.NONE
    ship_from_day: int | None = None

    def __post_init__(self) -> None:
        check_text("sku name", self.name)
        key = f"sku {self.name!r} "
        check_int(key + "grams", self.grams, 1, MAX_GRAMS, "grams")
        check_int(key + "margin_millicents", self.margin_millicents, 0, MAX_MILLICENTS, "millicents")
        check_handling(key + "requirements", self.requirements)
        if self.ship_from_day is not None:
            check_int(key + "ship_from_day", self.ship_from_day, 1, MAX_PRESALE_DAYS, "days")
