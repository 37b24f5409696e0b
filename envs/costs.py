"""What a decision costs: the one table of cost parts, and the formulas of the parts.

Expected parts are booked when a plan is chosen; when the truth is known the difference is booked
under the same decision. Money is int64 millicents.
"""

from __future__ import annotations

from enum import IntEnum
from typing import NamedTuple

from envs import tables
from envs.compiling import compiled, inlined
from scenarios.network import TABLE_SIZE, TABLE_WEIGHT


class Objective(IntEnum):
    """The three goals; they partition the cost parts."""

    COST = 0
    LATENESS = 1
    CARBON = 2


class CostPart(NamedTuple):
    """One kind of ledger row."""

    name: str
    objective: Objective
    doc: str


COST_PARTS: tuple[CostPart, ...] = (
    CostPart("shipping", Objective.COST, "carrier's price by zone and weight, per parcel"),
    CostPart("handling", Objective.COST, "picking, per parcel and line"),
    CostPart("packaging", Objective.COST, "box and filling, per parcel and kilogram"),
    CostPart("lost_margin", Objective.COST, "margin of declined and cancelled lines"),
    CostPart("lateness", Objective.LATENESS, "step plus capped slope after the promise, per line"),
    CostPart(
        "waiting", Objective.LATENESS, "hours that a line is held, backordered, or waits for another one's presale date"
    ),
    CostPart("carbon", Objective.CARBON, "priced CO2e of transport, per parcel"),
)
NUM_PARTS = len(COST_PARTS)
NUM_OBJECTIVES = len(Objective)
PART_NAMES = tuple(part.name for part in COST_PARTS)
OBJECTIVE_OF_PART: tuple[int, ...] = tuple(int(part.objective) for part in COST_PARTS)
SHIPPING, HANDLING, PACKAGING, LOST_MARGIN, LATENESS, WAITING, CARBON = range(NUM_PARTS)

HOUR = 3600
TOO_HEAVY = -1
MILLICENTS = 100_000
"""Millicents in one unit of currency."""


@compiled
def lateness(settings, late_seconds):
    """Cost of one line delivered ``late_seconds`` after its promise (<= 0: in time)."""
    if late_seconds <= 0:
        return 0
    counted = min(late_seconds, settings[0]["lateness_cap_seconds"])
    return settings[0]["lateness_step_millicents"] + settings[0]["lateness_hour_millicents"] * counted // HOUR


@inlined
def expected_lateness(settings, quantiles, table, slack_seconds, num_in_time):
    """Expected ``lateness`` of one line when transit follows ``table`` and may take ``slack_seconds``.

    ``num_in_time`` entries of the table are in time: ``tables.num_at_most(quantiles, table, slack_seconds)``.

    E[step 1(T > s)] + E[slope min((T - s)+, cap)], the latter as a difference of two tail moments.
    """
    if num_in_time == TABLE_SIZE:
        return 0
    tail = tables.tail_weight(quantiles, table, num_in_time)
    capped = slack_seconds + settings[0]["lateness_cap_seconds"]
    num_below_cap = tables.num_at_most(quantiles, table, capped)
    moment = tables.tail_moment(quantiles, table, num_in_time, slack_seconds)
    moment -= tables.tail_moment(quantiles, table, num_below_cap, capped)
    step = settings[0]["lateness_step_millicents"] * tail // TABLE_WEIGHT
    return step + settings[0]["lateness_hour_millicents"] * (moment // TABLE_WEIGHT) // HOUR


@inlined
def waiting(settings, seconds):
    """Cost of one line that waits ``seconds`` for its goods."""
    return settings[0]["waiting_hour_millicents"] * max(0, seconds) // HOUR


@inlined
def shipping_price(rates, rate_row, grams):
    """Price of a parcel in millicents; TOO_HEAVY if it is too heavy for the rate card."""
    for band in range(rates.shape[1]):
        if grams <= rates[rate_row, band]["max_grams"]:
            return rates[rate_row, band]["price_millicents"]
    return TOO_HEAVY


@inlined
def expected_pick_seconds(network, warehouse, num_lines, units):
    """Expected time to pick one parcel."""
    row = network.warehouses
    return (
        row[warehouse]["pick_parcel_seconds"]
        + row[warehouse]["pick_line_seconds"] * num_lines
        + row[warehouse]["pick_unit_seconds"] * units
    )


@inlined
def packaging(settings, grams):
    """Cost of one parcel's box and filling."""
    return settings[0]["packaging_parcel_millicents"] + settings[0]["packaging_kg_millicents"] * grams // 1000


@inlined
def carbon_milligrams(services, service, grams, distance_km):
    """CO2e of one parcel."""
    per_kg_km = services[service]["carbon_kg_km_milligrams"]
    return services[service]["carbon_parcel_milligrams"] + per_kg_km * distance_km * grams // 1000


@inlined
def carbon_price(settings, milligrams):
    """Price of CO2e."""
    return settings[0]["carbon_kg_millicents"] * milligrams // 1_000_000
