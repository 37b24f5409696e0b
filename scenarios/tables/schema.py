"""The tables and their columns: reader, messages and ``docs/tables.md`` all derive from this one list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from scenarios.checks import MAX_GRAMS, MAX_MILLICENTS, MAX_SECONDS, MAX_UNITS
from scenarios.money import UNIT_MILLICENTS
from scenarios.settings import Settings
from scenarios.tables.cells import (
    Anything,
    Clock,
    Exact,
    HandlingNames,
    Kind,
    Moment,
    Name,
    Real,
    Reference,
    TimeZone,
    Weekdays,
    Word,
    YesNo,
)


@dataclass(frozen=True, slots=True)
class Column:
    """A column, or a key of ``settings.csv``.

    Attributes:
        name: header; it ends in the unit where there is one.
        kind: what a cell holds, with its range.
        unit: of the cells.
        doc: meaning.
        blank: what a blank cell (or a missing column) stands for, in words; None if it must be filled in.
        default: the text that a blank cell stands for, where there is one.
    """

    name: str
    kind: Kind
    doc: str
    unit: str = ""
    blank: str | None = None
    default: str = ""

    @property
    def is_required(self) -> bool:
        return self.blank is None

    @property
    def expected(self) -> str:
        """What a cell should hold, in words."""
        return f"{self.kind.expected}{f' ({self.unit})' if self.unit else ''}"

    def blank_value(self) -> Any:
        return self.kind.parse(self.default) if self.default else self.kind.absent


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file.

    Attributes:
        name: of the file, without ``.csv``.
        doc: what a row is.
        columns: in the sequence of the documentation; a file may have them in another one.
        key: columns that together are different in every row.
        without: what a missing file means, in words; None if it must be there and have a row.
    """

    name: str
    doc: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    without: str | None = None

    @property
    def file(self) -> str:
        return f"{self.name}.csv"

    @property
    def is_required(self) -> bool:
        return self.without is None

    def column(self, name: str) -> Column:
        return next(column for column in self.columns if column.name == name)


def _same(text: str) -> dict[str, str]:
    return {"blank": text, "default": text}


_MONEY = Exact(UNIT_MILLICENTS, 0, MAX_MILLICENTS, "at most 5 decimals")
_CARBON = "at most 3 decimals"
_HOURS = Exact(3600, 0, MAX_SECONDS, "a whole number of seconds")
_PICK = Exact(1, 0, 86_400)
_LATITUDE = Column("latitude_degrees", Real(-90, 90), "position, north is positive", "degrees")
_LONGITUDE = Column("longitude_degrees", Real(-180, 180), "position, east is positive", "degrees")
_WAREHOUSE = Column("warehouse_id", Reference("warehouses"), "which warehouse")
_SERVICE = Column("service_id", Reference("services"), "which carrier service")
_SKU = Column("sku_id", Reference("skus"), "which SKU")
_WEEKDAYS = Column("weekdays", Weekdays(), "days on which it holds")
_MAX_KM = Column(
    "max_km", Exact(1, 1, 25_000), "farthest great-circle distance of the zone; nearer ones are other rows", "km"
)
_OWN_ZONE = "time_zone of settings.csv"


def _clock_zone(doc: str) -> Column:
    return Column("time_zone", TimeZone(), doc, blank=_OWN_ZONE)


def _setting(name: str, kind: Kind, doc: str, unit: str = "") -> Column:
    """A key whose default is the one of ``scenarios.settings.Settings``."""
    value = getattr(Settings(), SETTINGS_FIELDS.get(name, name))
    if isinstance(kind, Exact):
        text = kind.written(value)
    else:
        text = ("no", "yes")[value] if isinstance(kind, YesNo) else f"{value:g}"
    return Column(name, kind, doc, unit, **_same(text))


SETTINGS_FIELDS = {
    "lateness_step": "lateness_step_millicents",
    "lateness_hour": "lateness_hour_millicents",
    "lateness_cap": "lateness_cap_hours",
    "waiting_hour": "waiting_hour_millicents",
    "carbon_kg": "carbon_kg_millicents",
    "packaging_parcel": "packaging_parcel_millicents",
    "packaging_kg": "packaging_kg_millicents",
    "price_level": "price_level_millicents",
}
"""Keys whose field in ``Settings`` is spelled with its unit."""

RULES: tuple[Column, ...] = (
    _setting("max_parcels", Exact(1, 1, 8), "parcels that an order may be split into", "parcels"),
    _setting("is_decline_a_choice", YesNo(), "whether a router may decline an order that it could ship"),
    _setting("is_backorder_allowed", YesNo(), "whether lines may wait for an announced receipt"),
    _setting("lateness_step", _MONEY, "cost of a line that comes late at all", "currency"),
    _setting("lateness_hour", _MONEY, "cost of a late line for each hour, up to the cap", "currency"),
    _setting("lateness_cap", Exact(1, 0, 10_000), "hours of lateness that are charged at most", "hours"),
    _setting("waiting_hour", _MONEY, "cost of a line for each hour that it waits for a receipt", "currency"),
    _setting("carbon_kg", _MONEY, "price of one kilogram CO2e", "currency"),
    _setting("packaging_parcel", _MONEY, "packaging of a parcel", "currency"),
    _setting("packaging_kg", _MONEY, "packaging of each kilogram in a parcel", "currency"),
    _setting("quote_level", Real(0.001, 1), "share of parcels that arrive by the delivery time quoted"),
    _setting("price_level", _MONEY, "level of the closed-form bid prices of stock", "currency"),
)
"""Keys of ``settings.csv`` that become ``scenarios.settings.Settings``."""

SETTINGS: tuple[Column, ...] = (
    Column("name", Word(), "name of the network, part of the scenario's id", blank="the folder's name"),
    Column("time_zone", TimeZone(), "clock of everything that has no time zone of its own", **_same("UTC")),
    Column(
        "start_at",
        Moment(),
        "start of the simulation, on the clock of time_zone unless written with an offset",
        blank="the midnight before the first order",
    ),
    Column(
        "horizon_days", Exact(1, 1, 3660), "days in which orders come", "days", blank="so many that every order is in"
    ),
    Column("warmup_hours", Exact(1, 0, 24 * 3660), "first hours that metrics leave out", "hours", **_same("0")),
    Column("drain_days", Exact(1, 1, 365), "days of calendar after the horizon", "days", **_same("7")),
    *RULES,
)
"""All keys of ``settings.csv``."""

TABLES: tuple[Table, ...] = (
    Table(
        "settings",
        "One rule or price; the keys are listed below.",
        (
            Column("key", Name(), "name of the setting"),
            Column("value", Anything(), "its value"),
            Column("unit", Anything(), "its unit, as listed below; it guards against mix-ups", blank="not checked"),
        ),
        ("key",),
        without="every setting has its default",
    ),
    Table(
        "regions",
        "A place that parcels go to.",
        (
            Column("region_id", Name(), "name of the region"),
            _LATITUDE,
            _LONGITUDE,
            _clock_zone("clock of the customers there"),
            Column(
                "forecast_orders_per_day",
                Exact(1000, 0, 10**10, "at most 3 decimals"),
                "mean demand that routers may know beforehand; in every row or in none",
                "orders/day",
                blank="the mean of orders.csv",
            ),
        ),
        ("region_id",),
    ),
    Table(
        "skus",
        "A thing that is sold.",
        (
            Column("sku_id", Name(), "name of the SKU"),
            Column("weight_grams", Exact(1, 1, MAX_GRAMS), "of one unit", "grams"),
            Column("margin_currency", _MONEY, "of one unit, lost if its order is declined", "currency", **_same("0")),
            Column("requirements", HandlingNames(), "handling that each unit requires", blank="none"),
            Column(
                "forecast_units_per_day",
                Exact(1000, 0, 10**12, "at most 3 decimals"),
                "mean demand that routers may know beforehand; in every row or in none",
                "units/day",
                blank="the mean of order_lines.csv",
            ),
        ),
        ("sku_id",),
    ),
    Table(
        "warehouses",
        "A place that keeps stock and picks parcels. A pick is expected to take parcel + lines × line + units × unit.",
        (
            Column("warehouse_id", Name(), "name of the warehouse"),
            _LATITUDE,
            _LONGITUDE,
            _clock_zone("clock of its shifts, collections and receipts"),
            Column("num_stations", Exact(1, 1, 1000), "pick stations, first in first out", **_same("1")),
            Column("parcel_currency", _MONEY, "handling cost of a parcel", "currency", **_same("0")),
            Column("line_currency", _MONEY, "handling cost of a line", "currency", **_same("0")),
            Column("pick_parcel_seconds", _PICK, "expected pick, for the parcel", "seconds", **_same("60")),
            Column("pick_line_seconds", _PICK, "expected pick, for each line", "seconds", **_same("0")),
            Column("pick_unit_seconds", _PICK, "expected pick, for each unit", "seconds", **_same("0")),
            Column("pick_sigma", Real(0, 2), "lognormal spread of real over expected pick times", **_same("0")),
            Column("capabilities", HandlingNames(), "handling that it can provide", blank="none"),
        ),
        ("warehouse_id",),
    ),
    Table(
        "shifts",
        "Hours in which picks may start. Work past midnight is two rows.",
        (
            _WAREHOUSE,
            _WEEKDAYS,
            Column("opens_local", Clock("23:59"), "on the warehouse's clock"),
            Column("closes_local", Clock(), "on the warehouse's clock, later than opens_local"),
        ),
        without="every warehouse is always open",
    ),
    Table(
        "services",
        "A carrier at a shipping tier.",
        (
            Column("service_id", Name(), "name of the service"),
            Column(
                "carbon_parcel_grams",
                Exact(1000, 0, 10**9, _CARBON),
                "CO2e of handling one parcel",
                "grams",
                **_same("0"),
            ),
            Column(
                "carbon_kg_km_grams",
                Exact(1000, 0, 10**7, _CARBON),
                "CO2e of carrying one kilogram one kilometre",
                "grams",
                **_same("0"),
            ),
            Column("capabilities", HandlingNames(), "handling that it can provide", blank="none"),
        ),
        ("service_id",),
    ),
    Table(
        "rate_cards",
        "The price of a parcel of up to a weight, to a distance zone. Heavier or farther parcels cannot go.",
        (
            _SERVICE,
            _MAX_KM,
            Column("max_weight_grams", Exact(1, 1, MAX_GRAMS), "heaviest parcel at this price", "grams"),
            Column("price_currency", _MONEY, "price of the parcel", "currency"),
        ),
        ("service_id", "max_km", "max_weight_grams"),
    ),
    Table(
        "transit",
        "Time from collection to door in a zone, as quantiles with straight lines in between. Every zone of "
        "rate_cards.csv has one row here.",
        (
            _SERVICE,
            _MAX_KM,
            Column("min_hours", _HOURS, "the fastest parcel", "hours"),
            Column("median_hours", _HOURS, "half of the parcels are faster", "hours"),
            Column("p90_hours", _HOURS, "90 % are faster", "hours"),
            Column("p99_hours", _HOURS, "99 % are faster", "hours"),
            Column("max_hours", _HOURS, "the slowest parcel", "hours"),
        ),
        ("service_id", "max_km"),
    ),
    Table(
        "collections",
        "A repeated visit of a carrier service to a warehouse.",
        (
            _WAREHOUSE,
            _SERVICE,
            _WEEKDAYS,
            Column("collects_at_local", Clock("23:59"), "on the warehouse's clock"),
            Column("capacity_parcels", Exact(1, 0, 10**9), "parcels that fit", "parcels"),
        ),
    ),
    Table(
        "stock",
        "Units on hand at the start. What has no row is not there.",
        (
            _WAREHOUSE,
            _SKU,
            Column("on_hand_units", Exact(1, 0, MAX_UNITS), "units at the start", "units"),
        ),
        ("warehouse_id", "sku_id"),
    ),
    Table(
        "receipts",
        "Units that will arrive.",
        (
            _WAREHOUSE,
            _SKU,
            Column("units", Exact(1, 1, MAX_UNITS), "units that come", "units"),
            Column("announced_at", Moment(), "when routers hear of it, on the warehouse's clock", blank="the start"),
            Column("expected_at", Moment(), "when it comes, on the warehouse's clock; within the calendar"),
        ),
        without="nothing arrives",
    ),
    Table(
        "orders",
        "What one customer asks for at one moment, to one address. Any sequence.",
        (
            Column("order_id", Name(), "name of the order"),
            Column("placed_at", Moment(), "when it comes, on the region's clock"),
            Column("region_id", Reference("regions"), "where it goes"),
            Column("promise_at", Moment(), "when it must be delivered, on the region's clock; after placed_at"),
            Column("customer_id", Name(), "who orders", blank="a customer who orders once"),
            Column("requirements", HandlingNames(), "handling that the whole order requires", blank="none"),
        ),
        ("order_id",),
    ),
    Table(
        "order_lines",
        "So many units of one SKU within an order. Lines are never divided between parcels.",
        (
            Column("order_id", Reference("orders"), "which order"),
            _SKU,
            Column("units", Exact(1, 1, MAX_UNITS), "units ordered", "units"),
            Column(
                "margin_currency",
                _MONEY,
                "margin of the whole line, lost if its order is declined",
                "currency",
                blank="units times the SKU's margin",
            ),
        ),
        ("order_id", "sku_id"),
    ),
)
"""In the sequence in which they are read: what is referred to comes first."""
