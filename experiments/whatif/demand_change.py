"""Demand: more or less of it, of some regions or goods, on some days."""

from __future__ import annotations

from dataclasses import dataclass, replace

from experiments.whatif.checks import check_days, check_horizon, check_names, check_percent, known
from experiments.whatif.phrase import ALL, Days, Phrase, days_text, option_text, signed_percent
from scenarios.demand import Demand
from scenarios.errors import InputError
from scenarios.scenario import Scenario
from scenarios.surge import MAX_FACTOR, Surge

FORM = "demand all +30% [days 10-14] | demand region=R,R +30% [days 10-14] | demand [region=R] sku=K -20% [day 3]"


@dataclass(frozen=True, slots=True)
class DemandChange:
    """Customers order more or less than the routers were told; orders that it does not touch keep their luck.

    Attributes:
        percent: relative change, -100 to 9,900.
        regions: names; none: all.
        skus: names; none: all.
        days: first and last day, the first of the scenario is 1; None: all days.
    """

    percent: float
    regions: tuple[str, ...] = ()
    skus: tuple[str, ...] = ()
    days: Days | None = None

    def __post_init__(self) -> None:
        check_percent("demand", self.percent)
        if self.percent > 100.0 * (MAX_FACTOR - 1.0):
            most = 100.0 * (MAX_FACTOR - 1.0)
            raise InputError("demand", self.percent, f"at most +{most:g} percent", "ask for less")
        check_names("region", self.regions)
        check_names("sku", self.skus)
        check_days("demand days", self.days)

    def apply(self, scenario: Scenario) -> Scenario:
        """With one surge more; more demand also lifts the most orders of a trace, which the baseline must not reach."""
        for name in self.regions:
            known("region", name, (row.name for row in scenario.regions))
        for name in self.skus:
            known("sku", name, (row.name for row in scenario.skus))
        check_horizon("demand days", self.days, scenario)
        first, last = self.days or (1, scenario.horizon_days)
        surge = Surge(
            factor=1.0 + self.percent / 100.0,
            from_day=float(first - 1),
            to_day=float(last),
            regions=self.regions,
            skus=self.skus,
        )
        demand = scenario.demand
        if isinstance(demand, Demand) and surge.factor > 1.0:  # else the most orders of a trace would undo it
            demand = replace(demand, max_orders=None)
        return replace(scenario, demand=demand, surges=(*scenario.surges, surge))

    def text(self) -> str:
        """``demand region=capital-03 +30% days 10-14``."""
        where = option_text("region", self.regions) + option_text("sku", self.skus)
        return f"demand{where or f' {ALL}'} {signed_percent(self.percent)}{days_text(self.days)}"


def read(phrase: Phrase) -> DemandChange:
    """A line that begins with ``demand``; ``demand region A +30%`` is understood, too."""
    regions, skus = phrase.names("region", "regions"), phrase.names("sku", "skus")
    if phrase.take("region"):
        regions = (*regions, phrase.word("the name of a region"))
    elif not phrase.take(ALL) and not regions and not skus:
        raise phrase.refused(" ".join(phrase.words[:1]), "all, region=NAME or sku=NAME")
    return DemandChange(phrase.percent("a change such as +30%"), regions, skus, phrase.days())
