"""Rows to the entities of a scenario; what an entity refuses is a problem of its row."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import lru_cache
from typing import Any, TypeVar

from scenarios.collection import Collection
from scenarios.errors import InputError
from scenarios.handling import Handling
from scenarios.local_time import minutes_of
from scenarios.quantiles import QuantileTable, constant, from_quantiles, lognormal, unit_lognormal
from scenarios.region import Region
from scenarios.service import CarrierService, Rate, Zone
from scenarios.sku import Sku
from scenarios.stock import StockRow
from scenarios.tables.problems import Problems
from scenarios.tables.rows import Rows
from scenarios.warehouse import ALWAYS_OPEN, Shift, Warehouse

Tables = dict[str, Rows]
Built = TypeVar("Built")

LEVELS = {"min_hours": 0.0, "median_hours": 0.5, "p90_hours": 0.9, "p99_hours": 0.99, "max_hours": 1.0}
"""Columns of ``transit.csv`` and their quantiles."""


def build(
    rows: Rows, row: int, problems: Problems, make: Callable[..., Built], *values: Any, **named: Any
) -> Built | None:
    """The entity ``make(*values, **named)`` of a row; None, and the row is reported, if it refuses."""
    try:
        return make(*values, **named)
    except InputError as error:
        rows.report(problems, row, error.key, error.value, error.expected, error.remedy)
        return None


def values_of(rows: Rows, row: int, *skipped: str) -> dict[str, Any]:
    """The cells of a row as plain Python values."""
    found = {}
    for name, array in rows.values.items():
        if name not in skipped:
            found[name] = array[row] if array.dtype == object else array[row].item()
    return found


def regions(tables: Tables, time_zone: str, problems: Problems) -> dict[int, Region]:
    """Regions by row number."""
    rows, found = tables["regions"], {}
    for row in rows.usable():
        cells = values_of(rows, row)
        position = (cells["latitude_degrees"], cells["longitude_degrees"])
        zone = cells["time_zone"] or time_zone
        found[row] = build(rows, row, problems, Region, cells["region_id"], *position, zone)
    return _sound(found)


def skus(tables: Tables, problems: Problems) -> dict[int, Sku]:
    """SKUs by row number."""
    rows, found = tables["skus"], {}
    for row in rows.usable():
        c = values_of(rows, row)
        given = (c["sku_id"], c["weight_grams"], c["margin_currency"], Handling(c["requirements"]))
        found[row] = build(rows, row, problems, Sku, *given)
    return _sound(found)


def presale(tables: Tables, built: dict[int, Sku], first_day: date, problems: Problems) -> dict[int, Sku]:
    """The SKUs with their presale dates as days after the first one; dates that have passed by then do not matter."""
    rows, found = tables["skus"], {}
    for row, sku in built.items():
        days = int(rows["ship_from_date"][row]) - first_day.toordinal()
        found[row] = sku if days <= 0 else build(rows, row, problems, replace, sku, ship_from_day=days)
    return _sound(found)


def warehouses(tables: Tables, time_zone: str, problems: Problems) -> dict[int, Warehouse]:
    """Warehouses with their shifts, by row number."""
    rows, found = tables["warehouses"], {}
    shifts = _shifts(tables, problems)
    for row in rows.usable():
        skipped = ("warehouse_id", "parcel_currency", "line_currency", "pick_sigma", "lead_median_hours", "lead_sigma")
        cells = values_of(rows, row, *skipped)
        sigma = rows["pick_sigma"][row].item()
        given = dict(
            name=rows.ids[row],
            latitude=cells.pop("latitude_degrees"),
            longitude=cells.pop("longitude_degrees"),
            time_zone=cells.pop("time_zone") or time_zone,
            shifts=shifts.get(row, ALWAYS_OPEN),
            parcel_millicents=rows["parcel_currency"][row].item(),
            line_millicents=rows["line_currency"][row].item(),
            pick_factor=_pick_factor(sigma),
            capabilities=Handling(cells.pop("capabilities")),
            lead_time=_lead_time(rows["lead_median_hours"][row].item(), rows["lead_sigma"][row].item()),
        )
        found[row] = build(rows, row, problems, Warehouse, **given, **cells)
    return _sound(found)


def _shifts(tables: Tables, problems: Problems) -> dict[int, tuple[Shift, ...]]:
    """Shifts by warehouse row; overlaps and warehouses without any are reported."""
    rows = tables["shifts"]
    built: dict[int, Shift] = {}
    taken: dict[tuple[int, int], list[tuple[int, int, int]]] = defaultdict(list)
    for row in rows.usable():
        c = values_of(rows, row)
        hours = (c["opens_local"], c["closes_local"])
        shift = build(rows, row, problems, Shift, c["weekdays"], *hours)
        if shift is None:
            continue
        built[row] = shift
        opens, closes = (minutes_of("shift", text) for text in hours)
        for weekday in shift.weekdays:
            taken[c["warehouse_id"], weekday].append((opens, closes, row))
    for hours_of_day in taken.values():
        for (_, closes, first), (opens, _, second) in itertools.pairwise(sorted(hours_of_day)):
            if opens < closes and rows.is_usable[max(first, second)]:
                line = rows.lines[min(first, second)]
                value = f"{rows['opens_local'][second]} to {rows['closes_local'][second]}"
                expected = f"shifts that do not overlap (with line {line})"
                rows.report(problems, max(first, second), "opens_local", value, expected, "join them or move one")
    found: dict[int, list[Shift]] = defaultdict(list)
    for row in rows.usable():
        found[int(rows["warehouse_id"][row])].append(built[row])
    if len(rows) and rows.is_usable.all():
        _report_missing(tables["warehouses"], set(found), problems, "a shift in shifts.csv", "add one")
    return {row: tuple(group) for row, group in found.items()}


def services(tables: Tables, problems: Problems) -> dict[int, CarrierService]:
    """Services with their zones, by row number; none if rate cards or transit times have problems."""
    rows, rates, transit = tables["services"], tables["rate_cards"], tables["transit"]
    cards: dict[tuple[int, int], list[Rate]] = defaultdict(list)
    first_row: dict[tuple[int, int], int] = {}
    for row in rates.usable():
        c = values_of(rates, row)
        zone = (c["service_id"], c["max_km"])
        cards[zone].append(Rate(c["max_weight_grams"], c["price_currency"]))
        first_row.setdefault(zone, row)
    times = {}
    for row in transit.usable():
        c = values_of(transit, row)
        values = [c[name] for name in LEVELS]
        if values != sorted(values):
            hours = ", ".join(f"{value / 3600:g}" for value in values)
            transit.report(problems, row, ", ".join(LEVELS), hours, "hours that never descend", "correct or sort them")
            continue
        times[c["service_id"], c["max_km"]] = (row, _transit(tuple(values)))
    if not (rates.is_usable.all() and transit.is_usable.all() and len(rates) and len(transit)):
        return {}
    for zone, row in first_row.items():
        if zone not in times:
            rates.report(problems, row, "max_km", zone[1], "a zone with a row in transit.csv", "add it there")
    for zone, (row, _) in times.items():
        if zone not in cards:
            transit.report(problems, row, "max_km", zone[1], "a zone with a price in rate_cards.csv", "add it there")
    if not (rates.is_usable.all() and transit.is_usable.all()):
        return {}
    _report_missing(rows, {service for service, _ in cards}, problems, "a price in rate_cards.csv", "add one")
    found = {}
    for row in rows.usable():
        c = values_of(rows, row)
        zones = tuple(
            Zone(max_km, tuple(sorted(cards[service, max_km], key=lambda rate: rate.max_grams)), times[zone][1])
            for zone in sorted(cards)
            for service, max_km in [zone]
            if service == row
        )
        given = dict(
            name=c["service_id"],
            zones=zones,
            carbon_parcel_milligrams=c["carbon_parcel_grams"],
            carbon_kg_km_milligrams=c["carbon_kg_km_grams"],
            capabilities=Handling(c["capabilities"]),
        )
        found[row] = build(rows, row, problems, CarrierService, **given)
    return _sound(found)


def collections(tables: Tables, problems: Problems) -> dict[int, Collection]:
    """Collections by row number; a repeated one and warehouses without any are reported."""
    rows, found = tables["collections"], {}
    warehouse_ids, service_ids = tables["warehouses"].ids, tables["services"].ids
    taken: dict[tuple[int, int, str, int], int] = {}
    for row in rows.usable():
        c = values_of(rows, row)
        for weekday in c["weekdays"]:
            slot = (c["warehouse_id"], c["service_id"], c["collects_at_local"], weekday)
            first = taken.setdefault(slot, row)
            if first != row:
                expected = f"one row for each time (see line {rows.lines[first]})"
                value, remedy = c["collects_at_local"], "add up the capacities in one row"
                rows.report(problems, row, "collects_at_local", value, expected, remedy)
                break
        names = (str(warehouse_ids[c["warehouse_id"]]), str(service_ids[c["service_id"]]))
        given = (*names, c["weekdays"], c["collects_at_local"], c["capacity_parcels"])
        found[row] = build(rows, row, problems, Collection, *given)
    if len(rows) and rows.is_usable.all():
        reached = set(rows["warehouse_id"].tolist())
        expected = "a collection in collections.csv"
        _report_missing(tables["warehouses"], reached, problems, expected, "add one, or remove the warehouse")
    return _sound(found)


def stock(tables: Tables, is_reviewed: bool, problems: Problems) -> tuple[StockRow, ...]:
    """Stock at the start; reordering at warehouses without a lead time is reported if stock is reviewed."""
    rows, found = tables["stock"], {}
    warehouse_ids, sku_ids = tables["warehouses"].ids, tables["skus"].ids
    for row in rows.usable():
        c = values_of(rows, row)
        levels = [c[name] for name in ("on_hand_units", "reorder_point_units", "order_up_to_units")]
        given = (str(warehouse_ids[c["warehouse_id"]]), str(sku_ids[c["sku_id"]]), *levels)
        found[row] = build(rows, row, problems, StockRow, *given)
        if is_reviewed and c["order_up_to_units"] and tables["warehouses"]["lead_median_hours"][c["warehouse_id"]] < 0:
            expected, remedy = "a lead_median_hours of its warehouse", "fill it in there, or leave this cell blank"
            rows.report(problems, row, "order_up_to_units", c["order_up_to_units"], expected, remedy)
    return tuple(_sound(found).values())


@lru_cache(1024)
def _pick_factor(sigma: float) -> QuantileTable:
    return unit_lognormal(sigma) if sigma else constant(1000)


@lru_cache(1024)
def _lead_time(median_seconds: int, sigma: float) -> QuantileTable | None:
    return None if median_seconds < 0 else lognormal(median_seconds, sigma)


@lru_cache(1024)
def _transit(seconds: tuple[int, ...]) -> QuantileTable:
    return from_quantiles(list(LEVELS.values()), seconds)


def _report_missing(rows: Rows, seen: set[int], problems: Problems, expected: str, remedy: str) -> None:
    """Reports rows that nothing in another table refers to."""
    column = rows.table.columns[0].name
    for row in rows.usable():
        if row not in seen:
            rows.report(problems, row, column, rows.ids[row], expected, remedy)


def _sound(found: dict[int, Built | None]) -> dict[int, Built]:
    return {row: entity for row, entity in found.items() if entity is not None}
