"""Carrier services: other prices, other room on the trucks, outages, no longer used."""

from __future__ import annotations

from dataclasses import dataclass, replace

from experiments.whatif.checks import check_days, check_horizon, check_percent, chosen, known, scaled
from experiments.whatif.phrase import ALL, Days, Phrase, days_text, named, signed_percent
from scenarios.carrier_outage import CarrierOutage
from scenarios.checks import check_text
from scenarios.errors import InputError
from scenarios.scenario import Scenario

FORM = (
    "service NAME|all price +10% | service NAME|all capacity -20% [at WAREHOUSE] | "
    "service NAME|all outage days 5-7 [at WAREHOUSE] | service NAME closed [at WAREHOUSE]"
)


@dataclass(frozen=True, slots=True)
class ServicePrice:
    """Every price of the rate card changes.

    Attributes:
        service: name, or ``all``.
        percent: relative change, -100 or more.
    """

    service: str
    percent: float

    def __post_init__(self) -> None:
        check_text("service", self.service)
        check_percent("service price", self.percent)

    def apply(self, scenario: Scenario) -> Scenario:
        """With other rate cards."""
        names = _services(scenario, self.service)
        services = tuple(
            replace(
                service,
                zones=tuple(
                    replace(
                        zone,
                        rates=tuple(
                            replace(rate, price_millicents=scaled(rate.price_millicents, self.percent))
                            for rate in zone.rates
                        ),
                    )
                    for zone in service.zones
                ),
            )
            if service.name in names
            else service
            for service in scenario.services
        )
        return replace(scenario, services=services)

    def text(self) -> str:
        """``service eco price +10%``."""
        return f"service {named(self.service)} price {signed_percent(self.percent)}"


@dataclass(frozen=True, slots=True)
class ServiceCapacity:
    """More or less room at every collection.

    Attributes:
        service: name, or ``all``.
        percent: relative change, -100 or more; parcels are rounded half up.
        warehouse: where; None: everywhere.
    """

    service: str
    percent: float
    warehouse: str | None = None

    def __post_init__(self) -> None:
        check_text("service", self.service)
        check_percent("service capacity", self.percent)
        if self.warehouse is not None:
            check_text("warehouse", self.warehouse)

    def apply(self, scenario: Scenario) -> Scenario:
        """With other collections."""
        names, places = _services(scenario, self.service), _places(scenario, self.warehouse)
        collections = tuple(
            replace(row, capacity_parcels=scaled(row.capacity_parcels, self.percent))
            if row.service in names and row.warehouse in places
            else row
            for row in scenario.collections
        )
        return replace(scenario, collections=collections)

    def text(self) -> str:
        """``service eco capacity -20% at river``."""
        return f"service {named(self.service)} capacity {signed_percent(self.percent)}{_at(self.warehouse)}"


@dataclass(frozen=True, slots=True)
class ServiceOutage:
    """Collections of these days do not come; routers see it from its start on.

    Attributes:
        service: name, or ``all``.
        days: first and last day, the first of the scenario is 1.
        warehouse: where; None: everywhere.
    """

    service: str
    days: Days
    warehouse: str | None = None

    def __post_init__(self) -> None:
        check_text("service", self.service)
        check_days("outage days", self.days)
        if self.warehouse is not None:
            check_text("warehouse", self.warehouse)

    def apply(self, scenario: Scenario) -> Scenario:
        """With one outage more for each service."""
        names = _services(scenario, self.service)
        _places(scenario, self.warehouse)
        check_horizon("outage days", self.days, scenario)
        first, last = self.days
        outages = tuple(
            CarrierOutage(service=service.name, from_day=float(first - 1), to_day=float(last), warehouse=self.warehouse)
            for service in scenario.services
            if service.name in names
        )
        return replace(scenario, outages=(*scenario.outages, *outages))

    def text(self) -> str:
        """``service express outage days 5-7 at river``."""
        return f"service {named(self.service)} outage{days_text(self.days)}{_at(self.warehouse)}"


@dataclass(frozen=True, slots=True)
class ServiceClosed:
    """The service no longer collects.

    Attributes:
        service: name.
        warehouse: where; None: everywhere.
    """

    service: str
    warehouse: str | None = None

    def __post_init__(self) -> None:
        check_text("service", self.service)
        if self.warehouse is not None:
            check_text("warehouse", self.warehouse)

    def apply(self, scenario: Scenario) -> Scenario:
        """Without its collections."""
        known("service", self.service, (row.name for row in scenario.services))
        places = _places(scenario, self.warehouse)
        left = tuple(row for row in scenario.collections if row.service != self.service or row.warehouse not in places)
        if not left:
            raise InputError("service", self.service, "another one that still collects", "keep one service")
        return replace(scenario, collections=left)

    def text(self) -> str:
        """``service express closed``."""
        return f"service {named(self.service)} closed{_at(self.warehouse)}"


def _services(scenario: Scenario, name: str) -> frozenset[str]:
    return chosen("service", name, (row.name for row in scenario.services))


def _places(scenario: Scenario, warehouse: str | None) -> frozenset[str]:
    return chosen("warehouse", ALL if warehouse is None else warehouse, (row.name for row in scenario.warehouses))


def _at(warehouse: str | None) -> str:
    return "" if warehouse is None else f" at {named(warehouse)}"


def _read_at(phrase: Phrase) -> str | None:
    return phrase.word("the name of a warehouse") if phrase.take("at") else None


def read(phrase: Phrase) -> ServicePrice | ServiceCapacity | ServiceOutage | ServiceClosed:
    """A line that begins with ``service``."""
    name = phrase.word("the name of a service, or all")
    if phrase.take("price"):
        return ServicePrice(name, phrase.percent("a change such as +10%"))
    if phrase.take("capacity"):
        percent = phrase.percent("a change such as -20%")
        return ServiceCapacity(name, percent, _read_at(phrase))
    if phrase.take("outage"):
        days = phrase.days()
        if days is None:
            raise phrase.refused(" ".join(phrase.words[:1]), "days such as: days 5-7")
        return ServiceOutage(name, days, _read_at(phrase))
    if phrase.take("closed"):
        return ServiceClosed(name, _read_at(phrase))
    raise phrase.refused(" ".join(phrase.words) or "end of the line", "price, capacity, outage or closed")
