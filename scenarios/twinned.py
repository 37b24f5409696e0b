"""Twice the warehouses: what a router that was made for a world does in one that is twice as large.

Every warehouse gets a twin ten kilometres off with the same halls, shelves, receipts and collections, and twice as
much is ordered. So each warehouse has as much to do as before and an order costs about the same; what differs is that
a router chooses among twice as many.
"""

from __future__ import annotations

from dataclasses import replace

from scenarios.demand import Demand, PublishedDemand
from scenarios.errors import InputError
from scenarios.scenario import Scenario
from scenarios.warehouse import Warehouse

MARK = "twinned"
"""In the ids of such scenarios."""

TWIN = "-twin"
"""After the names of the new warehouses."""

SHIFT_DEGREES = 0.09
"""Of latitude, towards the equator: ten kilometres."""


def twinned(scenario: Scenario) -> Scenario:
    """The scenario with each warehouse twice and twice the orders.

    Raises:
        InputError: the orders are a log, which cannot be doubled.
    """
    demand = scenario.demand
    if not isinstance(demand, Demand):
        raise InputError("scenario", scenario.id, "demand by a model", "a log of orders cannot be doubled")
    limit = None if demand.max_orders is None else 2 * demand.max_orders
    return replace(
        scenario,
        id=marked(scenario.id, MARK),
        warehouses=scenario.warehouses + tuple(map(_twin, scenario.warehouses)),
        collections=_both(scenario.collections),
        stock=_both(scenario.stock),
        receipts=_both(scenario.receipts),
        outages=scenario.outages + _moved(tuple(row for row in scenario.outages if row.warehouse is not None)),
        outage_risks=scenario.outage_risks
        + tuple(
            replace(risk, warehouses=tuple(name + TWIN for name in risk.warehouses))
            for risk in scenario.outage_risks
            if risk.warehouses
        ),
        demand=replace(
            demand,
            orders_per_day=2 * demand.orders_per_day,
            num_initial_orders=2 * demand.num_initial_orders,
            max_orders=limit,
        ),
        published=None if scenario.published is None else _doubled(scenario.published),
    )


def marked(scenario_id: str, mark: str) -> str:
    """The id of a changed scenario: ``metro@1`` becomes ``metro-twinned@1``."""
    name, at, version = scenario_id.partition("@")
    return f"{name}-{mark}{at}{version}"


def _twin(warehouse: Warehouse) -> Warehouse:
    shift = -SHIFT_DEGREES if warehouse.latitude > 0 else SHIFT_DEGREES
    return replace(warehouse, name=warehouse.name + TWIN, latitude=round(warehouse.latitude + shift, 6))


def _both(rows: tuple) -> tuple:
    """Rows of warehouses, and the same rows of their twins."""
    return rows + _moved(rows)


def _moved(rows: tuple) -> tuple:
    return tuple(replace(row, warehouse=row.warehouse + TWIN) for row in rows)


def _doubled(published: PublishedDemand) -> PublishedDemand:
    return replace(
        published,
        hourly_orders_milli=2 * published.hourly_orders_milli,
        daily_units_milli=tuple(2 * units for units in published.daily_units_milli),
    )
