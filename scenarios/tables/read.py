"""A folder of CSV tables to a scenario."""

from __future__ import annotations

import difflib
import hashlib
import re
from datetime import datetime
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.demand import PublishedDemand
from scenarios.errors import InputError
from scenarios.local_time import format_utc, zone_of
from scenarios.order_log import OrderLog
from scenarios.scenario import Scenario
from scenarios.tables import entities
from scenarios.tables.lanes import Lanes, check_lanes
from scenarios.tables.orders import Window, check_lines, order_log, order_times, window_of
from scenarios.tables.problems import Problems
from scenarios.tables.receipts import receipts
from scenarios.tables.rows import Rows
from scenarios.tables.schema import TABLES
from scenarios.tables.settings_keys import read_settings, settings_of
from scenarios.tables.table_reader import TableReader

EXAMPLE = Path(__file__).parent / "example"
"""A small network of the project's own making."""

_CLOCK = {"epoch": "start_at", "time_zone": "time_zone"}
"""Fields of a scenario that tell the times in its tables, and their keys in ``settings.csv``."""


def load_tables(data: str | PathLike[str] | None = None, **overrides: Any) -> Scenario:
    """The scenario that a folder of CSV tables describes; see ``docs/tables.md``.

    Its demand is the log of orders, so that a seed draws luck only. Its id ends in a number made of the files'
    contents.

    Args:
        data: the folder; the shipped example if None.
        **overrides: scalar fields of the scenario or its settings, such as ``max_parcels``.

    Raises:
        InputError: no such folder, tables with problems (the first ones are named), or a bad override: the clock of
            the tables is written in them, as all their times are read by it.
    """
    from scenarios.registry import with_overrides

    folder = folder_of(EXAMPLE if data is None else data)
    for name, key in _CLOCK.items():
        if name in overrides:
            expected = "no override: the times in the tables are read by it"
            raise InputError(name, overrides[name], expected, f"set {key} in settings.csv of {folder}")
    problems = Problems()
    scenario, _ = read_folder(folder, problems)
    problems.raise_if_any(str(folder))
    assert scenario is not None
    return with_overrides(scenario, overrides, also_known=("data",))


def folder_of(data: object) -> Path:
    """The folder as a path.

    Raises:
        InputError: it is none.
    """
    if not isinstance(data, str | PathLike) or not str(data) or not Path(data).is_dir():
        raise InputError("data", str(data), "a folder with CSV tables", "give the folder's name; see docs/tables.md")
    return Path(data)


def read_folder(folder: Path, problems: Problems) -> tuple[Scenario | None, dict[str, Rows]]:
    """Reads and checks all tables.

    Args:
        folder: exists.
        problems: gets everything that is wrong.

    Returns:
        The scenario, None if there is any problem, and what was read.
    """
    _check_names(folder, problems)
    reader = TableReader(folder, problems)
    for table in TABLES:
        reader.read(table)
    tables = reader.tables
    settings = read_settings(tables["settings"], problems)
    zone = settings["time_zone"]
    regions = entities.regions(tables, zone, problems)
    skus = entities.skus(tables, problems)
    warehouses = entities.warehouses(tables, zone, problems)
    services = entities.services(tables, problems)
    collections = entities.collections(tables, problems)
    stock = entities.stock(tables, settings["review"] > 0, problems)
    for name in ("regions", "skus"):
        _check_forecast(tables[name], problems)
    times = order_times(tables, regions, problems)
    check_lines(tables, problems)
    window = window_of(tables, times, settings, problems)
    if window is not None:
        first_day = datetime.fromtimestamp(window.start, zone_of("time_zone", zone)).date()
        skus = entities.presale(tables, skus, first_day, problems)
    arriving = receipts(tables, warehouses, window, problems)
    network = ("warehouses", "services", "collections", "regions", "rate_cards", "transit")
    if all(len(tables[name]) and tables[name].is_usable.all() for name in network):
        rows = tables["collections"]
        pairs = sorted(set(zip(rows["warehouse_id"].tolist(), rows["service_id"].tolist(), strict=True)))
        check_lanes(Lanes(warehouses, services, regions, pairs), tables, problems)
    if problems.total or window is None:
        return None, tables
    try:
        log = order_log(tables, times)
        scenario = Scenario(
            id=f"tables:{settings['name'] or _plain(folder)}@{_version(folder)}",
            epoch=format_utc(window.start),
            time_zone=zone,
            horizon_days=window.horizon_days,
            warmup_hours=settings["warmup_hours"],
            drain_days=window.drain_days,
            warehouses=tuple(warehouses.values()),
            services=tuple(services.values()),
            collections=tuple(collections.values()),
            regions=tuple(regions.values()),
            skus=tuple(skus.values()),
            settings=settings_of(settings),
            stock=stock,
            receipts=arriving,
            demand=log,
            published=_published(tables, log, window),
        )
    except InputError as error:
        # Every check above names file and line; this one is for what they might miss.
        problems.refused("tables together", 0, error)
        return None, tables
    return scenario, tables


def _check_names(folder: Path, problems: Problems) -> None:
    """Reports CSV files that are no table, so that a mistyped optional one is not ignored in silence."""
    known = [table.file for table in TABLES]
    for path in sorted(folder.glob("*.csv")):
        if path.name not in known:
            near = difflib.get_close_matches(path.name, known, n=1)
            remedy = f"rename it to {near[0]}" if near else "move it elsewhere"
            problems.add(path.name, 0, "", path.name, f"one of {', '.join(known)}", remedy)


def _forecast(rows: Rows) -> np.ndarray:
    return next(values for name, values in rows.values.items() if name.startswith("forecast_"))


def _check_forecast(rows: Rows, problems: Problems) -> None:
    name = next(name for name in rows.values if name.startswith("forecast_"))
    given = _forecast(rows) >= 0
    chosen = np.flatnonzero(rows.is_usable)
    if given[chosen].any():
        for row in chosen[~given[chosen]]:
            expected = "a forecast in every row or in none"
            rows.report(problems, int(row), name, "", expected, "fill in the cell (0 for none), or empty the column")
        if rows.table.name == "regions" and not rows["forecast_orders_per_day"][chosen].any():
            expected = "a forecast above 0 in at least one row"
            rows.report(problems, int(chosen[0]), name, 0, expected, "correct the forecasts, or empty the column")


def _published(tables: dict[str, Rows], log: OrderLog, window: Window) -> PublishedDemand:
    """The forecasts given, in their place the means of the log over the days in which orders come."""
    orders, units = _forecast(tables["regions"]), _forecast(tables["skus"])
    days = window.horizon_days
    if not (orders >= 0).all():
        orders = np.bincount(log.orders["region"], minlength=len(orders)) * (1000 / days)
    if not (units >= 0).all():
        units = np.bincount(log.lines["sku"], weights=log.lines["units"], minlength=len(units)) * (1000 / days)
    return PublishedDemand(
        hourly_orders_milli=round(float(orders.sum()) / 24),
        region_shares=tuple((orders if orders.any() else orders + 1).astype(float).tolist()),
        daily_units_milli=tuple(np.rint(units).astype(int).tolist()),
    )


def _plain(folder: Path) -> str:
    """The folder's name without characters that an id should not have."""
    return re.sub(r"[^A-Za-z0-9._-]+", "-", folder.resolve().name).strip("-")[:60] or "data"


def _version(folder: Path) -> int:
    """A number made of names and contents of the tables: other contents, other id."""
    digest = hashlib.sha256()
    for table in TABLES:
        path = folder / table.file
        if path.exists():
            digest.update(f"{table.file}\0{path.stat().st_size}\0".encode())
            with path.open("rb") as stream:
                while block := stream.read(1 << 20):
                    digest.update(block)
    return 1 + int(digest.hexdigest()[:8], 16)
