"""Outages and regimes of carrier services."""

from __future__ import annotations

import numpy as np

from scenarios.carrier_regimes import CarrierRegimes
from scenarios.drawing.streams import choose, look_up, stream
from scenarios.local_time import DAY_SECONDS
from scenarios.network import Network
from scenarios.outage_risk import OutageRisk
from scenarios.scenario import Scenario
from scenarios.trace import ALL_WAREHOUSES, OUTAGES, REGIMES

_ORDINARY_PERMILLE = 1000


def draw_outages(scenario: Scenario, network: Network, seed: int) -> np.ndarray:
    """``OUTAGES`` within the calendar, sorted by start."""
    end = int(network.settings[0]["end_seconds"])
    services = {service.name: position for position, service in enumerate(scenario.services)}
    warehouses = {warehouse.name: position for position, warehouse in enumerate(scenario.warehouses)}
    rows: list[tuple[int, int, int, int]] = []
    for outage in scenario.outages:
        where = ALL_WAREHOUSES if outage.warehouse is None else warehouses[outage.warehouse]
        span = (round(outage.from_day * DAY_SECONDS), round(outage.to_day * DAY_SECONDS))
        rows.append((span[0], services[outage.service], where, span[1]))
    numbers: dict[str, int] = {}
    for risk in scenario.outage_risks:
        number = numbers[risk.service] = numbers.get(risk.service, -1) + 1
        places = [warehouses[name] for name in risk.warehouses] or [ALL_WAREHOUSES]
        for start, stop, place in _outages(risk, end, stream(seed, f"outage {risk.service} {number}")):
            rows.append((start, services[risk.service], places[place], stop))
    rows = sorted((start, s, w, min(stop, end)) for start, s, w, stop in rows if start < min(stop, end))
    array = np.zeros(len(rows), OUTAGES)
    for position, (start, service, where, stop) in enumerate(rows):
        array[position] = (service, where, start, stop)
    return array


def _outages(risk: OutageRisk, end: int, random: np.random.Generator) -> list[tuple[int, int, int]]:
    """Start, end and position among the risk's warehouses of each outage that starts before ``end``."""
    found: list[tuple[int, int, int]] = []
    if risk.per_28_days == 0:
        return found
    gap, places, at = 28 * DAY_SECONDS / risk.per_28_days, max(1, len(risk.warehouses)), 0.0
    while True:
        wait, luck, place = random.random(3)
        at -= gap * np.log1p(-wait)
        if at >= end:
            return found
        found.append((int(at), int(at) + int(look_up(risk.duration, np.array([luck]))[0]), int(place * places)))


def draw_regimes(scenario: Scenario, network: Network, seed: int) -> np.ndarray:
    """``REGIMES`` within the calendar, sorted by start and service; a row wherever the factor on transit changes."""
    end = int(network.settings[0]["end_seconds"])
    services = {service.name: position for position, service in enumerate(scenario.services)}
    rows = []
    for rule in scenario.regimes:
        for start, permille in _regimes(rule, end, stream(seed, f"regime {rule.service}")):
            rows.append((start, services[rule.service], permille))
    array = np.zeros(len(rows), REGIMES)
    for position, (start, service, permille) in enumerate(sorted(rows)):
        array[position] = (service, start, permille)
    return array


def _regimes(rule: CarrierRegimes, end: int, random: np.random.Generator) -> list[tuple[int, int]]:
    """Start of each change and the factor from then on; the first regime is drawn by its long-run share of time."""
    found: list[tuple[int, int]] = []
    moves = [np.array(row) for row in rule.moves]
    regime, at, current = int(choose(rule.shares(), 1, random)[0]), 0.0, _ORDINARY_PERMILLE
    while at < end:
        permille = rule.transit_permille[regime]
        if permille != current:
            found.append((int(at), permille))
            current = permille
        wait = random.random()
        at -= rule.mean_days[regime] * DAY_SECONDS * np.log1p(-wait)
        regime = int(choose(moves[regime], 1, random)[0])
    return found
