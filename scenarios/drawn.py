"""Worlds whose parameters are drawn: another level of demand, of stock, of prices and of times at every seed.

A learner that draws a trace a seed from such a scenario meets another world each time (domain randomisation; Source:
Tobin et al. 2017, "Domain randomization for transferring deep neural networks from simulation to the real world"); one
that learned on a plain scenario can be played here to see what it does with numbers it has not met. All that is
published follows the draw: routers know the prices, times and mean demand of the world that they are in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace

from scenarios.checks import check_float, check_tuple
from scenarios.demand import Demand
from scenarios.drawing.streams import stream
from scenarios.errors import InputError
from scenarios.quantiles import QuantileTable
from scenarios.scenario import Scenario
from scenarios.seeds import split_of
from scenarios.service import CarrierService
from scenarios.twinned import marked

MARK = "drawn"
"""In the ids of such scenarios."""

REACH = 1.25
"""Of factors, if nothing else is said."""

NUM_LEVELS = 6
"""Independent factors of a world: those of ``drawn_once``, in their sequence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DrawnScenario(Scenario):
    """A scenario that ``at(seed)`` replaces by one of its members with other parameters; itself it is the first one.

    Attributes:
        members: scenarios that are drawn from evenly.
        reach: factors lie between ``1 / reach`` and ``reach``, evenly in their logarithm; 1 leaves all as it is.
    """

    members: tuple[Scenario, ...]
    reach: float

    def at(self, seed: int) -> Scenario:
        """The plain scenario of one seed.

        Raises:
            InputError: bad seed.
        """
        split_of(seed)
        random = stream(int(seed), "parameters")
        member = self.members[int(random.integers(len(self.members)))]
        exponents = random.uniform(-1.0, 1.0, NUM_LEVELS).tolist()
        levels = tuple(math.exp(exponent * math.log(self.reach)) for exponent in exponents)
        return replace(drawn_once(member, levels), id=self.id)


def drawn(members: tuple[Scenario, ...], reach: float = REACH, name: str | None = None) -> DrawnScenario:
    """A family of worlds around some scenarios.

    Args:
        members: one or more, with demand by a model.
        reach: of every factor, at least 1.
        name: the id; that of the only member, marked, if not given.

    Raises:
        InputError: no member, a log of orders, several members without a name, or a reach below 1.
    """
    check_tuple("members", members, Scenario, at_least=1)
    check_float("reach", reach, 1.0, 10.0)
    for member in members:
        if not isinstance(member.demand, Demand):
            raise InputError("scenario", member.id, "demand by a model", "a log of orders has no level to draw")
    if name is None and len(members) > 1:
        raise InputError("name", name, "the id of a family of several scenarios", "give it one, such as 'mixed@1'")
    first = members[0]
    values = {field.name: getattr(first, field.name) for field in fields(Scenario)}
    return DrawnScenario(**{**values, "id": name or marked(first.id, MARK), "members": members, "reach": reach})


def drawn_once(scenario: Scenario, levels: tuple[float, ...]) -> Scenario:
    """The scenario with other parameters.

    Args:
        scenario: with demand by a model.
        levels: ``NUM_LEVELS`` factors: of orders a day; of units on the shelves and in receipts; of shipping rates; of
            what lateness costs; of pick times; of transit times.
    """
    orders, units, rates, lateness, picking, transit = levels
    demand, settings = scenario.demand, scenario.settings
    assert isinstance(demand, Demand)
    published = scenario.published
    if published is not None:
        published = replace(
            published,
            hourly_orders_milli=round(orders * published.hourly_orders_milli),
            daily_units_milli=tuple(round(orders * milli) for milli in published.daily_units_milli),
        )
    return replace(
        scenario,
        demand=replace(demand, orders_per_day=orders * demand.orders_per_day),
        published=published,
        stock=tuple(replace(row, on_hand_units=round(units * row.on_hand_units)) for row in scenario.stock),
        receipts=tuple(replace(row, units=max(1, round(units * row.units))) for row in scenario.receipts),
        services=tuple(_service(service, rates, transit) for service in scenario.services),
        settings=replace(
            settings,
            lateness_step_millicents=round(lateness * settings.lateness_step_millicents),
            lateness_hour_millicents=round(lateness * settings.lateness_hour_millicents),
        ),
        warehouses=tuple(
            replace(
                row,
                pick_parcel_seconds=max(1, round(picking * row.pick_parcel_seconds)),
                pick_line_seconds=round(picking * row.pick_line_seconds),
                pick_unit_seconds=round(picking * row.pick_unit_seconds),
            )
            for row in scenario.warehouses
        ),
    )


def _service(service: CarrierService, rates: float, transit: float) -> CarrierService:
    return replace(
        service,
        zones=tuple(
            replace(
                zone,
                rates=tuple(
                    replace(rate, price_millicents=round(rates * rate.price_millicents)) for rate in zone.rates
                ),
                transit=_longer(zone.transit, transit),
            )
            for zone in service.zones
        ),
    )


def _longer(table: QuantileTable, factor: float) -> QuantileTable:
    return QuantileTable(tuple(round(factor * value) for value in table.values), table.weights)
