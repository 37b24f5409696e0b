"""``settings.csv``: one key a row, each with a kind of its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scenarios.errors import unknown_name
from scenarios.settings import Settings
from scenarios.tables.cells import MONEY, BadCellError, Exact, Kind, Moment, Real, TimeZone, Word, YesNo
from scenarios.tables.column import Column, same
from scenarios.tables.problems import Problems
from scenarios.tables.rows import Rows


def _setting(name: str, kind: Kind, doc: str, unit: str = "") -> Column:
    """A key whose default is the one of ``scenarios.settings.Settings``."""
    value = getattr(Settings(), SETTINGS_FIELDS.get(name, name))
    if isinstance(kind, Exact):
        text = kind.written(value)
    else:
        text = ("no", "yes")[value] if isinstance(kind, YesNo) else f"{value:g}"
    return Column(name, kind, doc, unit, **same(text))


SETTINGS_FIELDS = {
    "lateness_step": "lateness_step_millicents",
    "lateness_hour": "lateness_hour_millicents",
    "lateness_cap": "lateness_cap_hours",
    "waiting_hour": "waiting_hour_millicents",
    "carbon_kg": "carbon_kg_millicents",
    "packaging_parcel": "packaging_parcel_millicents",
    "packaging_kg": "packaging_kg_millicents",
    "price_level": "price_level_millicents",
    "hold_short": "hold_short_minutes",
    "hold_long": "hold_long_minutes",
    "review": "review_hours",
}
"""Keys whose field in ``Settings`` is spelled with its unit."""

RULES: tuple[Column, ...] = (
    _setting("max_parcels", Exact(1, 1, 8), "parcels that an order may be split into", "parcels"),
    _setting("is_decline_a_choice", YesNo(), "whether a router may decline an order that it could ship"),
    _setting("is_backorder_allowed", YesNo(), "whether lines may wait for an announced receipt"),
    _setting("lateness_step", MONEY, "cost of a line that comes late at all", "currency"),
    _setting("lateness_hour", MONEY, "cost of a late line for each hour, up to the cap", "currency"),
    _setting("lateness_cap", Exact(1, 0, 10_000), "hours of lateness that are charged at most", "hours"),
    _setting("waiting_hour", MONEY, "cost of a line for each hour that it waits for a receipt", "currency"),
    _setting("carbon_kg", MONEY, "price of one kilogram CO2e", "currency"),
    _setting("packaging_parcel", MONEY, "packaging of a parcel", "currency"),
    _setting("packaging_kg", MONEY, "packaging of each kilogram in a parcel", "currency"),
    _setting("quote_level", Real(0.001, 1), "share of parcels that arrive by the delivery time quoted"),
    _setting("price_level", MONEY, "level of the closed-form bid prices of stock", "currency"),
    _setting("hold_short", Exact(1, 0, 120), "an order may be held so long before it is decided; 0 for not", "minutes"),
    _setting("hold_long", Exact(1, 0, 120), "the same, a longer one", "minutes"),
    _setting("review", Exact(1, 0, 8784), "hours between reviews of stock that is reordered; 0 for none", "hours"),
)
"""Keys of ``settings.csv`` that become ``scenarios.settings.Settings``."""

SETTINGS: tuple[Column, ...] = (
    Column("name", Word(), "name of the network, part of the scenario's id", blank="the folder's name"),
    Column("time_zone", TimeZone(), "clock of everything that has no time zone of its own", **same("UTC")),
    Column(
        "start_at",
        Moment(),
        "start of the simulation, on the clock of time_zone unless written with an offset",
        blank="the midnight before the first order",
    ),
    Column(
        "horizon_days", Exact(1, 1, 3660), "days in which orders come", "days", blank="so many that every order is in"
    ),
    Column("warmup_hours", Exact(1, 0, 24 * 3660), "first hours that metrics leave out", "hours", **same("0")),
    Column("drain_days", Exact(1, 1, 365), "days of calendar after the horizon", "days", **same("7")),
    *RULES,
)
"""All keys of ``settings.csv``."""


def read_settings(rows: Rows, problems: Problems) -> dict[str, Any]:
    """Values of all keys; the default for one that is not given or cannot be used."""
    columns = {column.name: column for column in SETTINGS}
    values = {name: column.blank_value() for name, column in columns.items()}
    for row in rows.usable():
        key, text, unit = (str(rows[name][row]) for name in ("key", "value", "unit"))
        if key not in columns:
            error = unknown_name("key", key, columns)
            rows.report(problems, row, "key", key, error.expected, error.remedy)
            continue
        column = columns[key]
        if unit and unit != column.unit:
            expected = f"the unit {column.unit}" if column.unit else "no unit"
            rows.report(problems, row, "unit", unit, f"{expected} for {key}", "convert the value and correct the unit")
        try:
            values[key] = column.kind.parse(text)
        except BadCellError:
            rows.report(problems, row, "value", text, f"for {key} {column.expected}", column.kind.remedy)
    if 0 < values["hold_long"] <= values["hold_short"]:
        row, expected = rows.index["hold_long"], f"more than hold_short ({values['hold_short']}), or 0"
        rows.report(problems, row, "value", values["hold_long"], expected, "swap them, or leave one out")
    return values


def settings_of(values: Mapping[str, Any]) -> Settings:
    """Costs and rules out of the values of all keys."""
    fields: dict[str, Any] = {SETTINGS_FIELDS.get(column.name, column.name): values[column.name] for column in RULES}
    for name in ("is_decline_a_choice", "is_backorder_allowed"):
        fields[name] = bool(fields[name])
    return Settings(**fields)
