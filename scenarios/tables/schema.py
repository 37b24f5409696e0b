"""The tables and their columns: reader, messages and ``docs/tables.md`` all derive from this one list."""

from __future__ import annotations

from scenarios.checks import MAX_GRAMS, MAX_SECONDS, MAX_UNITS
from scenarios.tables.cells import (
    MONEY,
    Anything,
    Clock,
    Day,
    Exact,
    HandlingNames,
    Moment,
    Name,
    Real,
    Reference,
    TimeZone,
    Weekdays,
)
from scenarios.tables.column import Column, Table, same

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
            Column("margin_currency", MONEY, "of one unit, lost if its order is declined", "currency", **same("0")),
            Column("requirements", HandlingNames(), "handling that each unit requires", blank="none"),
            Column(
                "forecast_units_per_day",
                Exact(1000, 0, 10**12, "at most 3 decimals"),
                "mean demand that routers may know beforehand; in every row or in none",
                "units/day",
                blank="the mean of order_lines.csv",
            ),
            Column(
                "ship_from_date",
                Day(),
                "presale: it ships from the start of that day on, on the clock of time_zone",
                blank="it ships at once",
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
            Column("num_stations", Exact(1, 1, 1000), "pick stations, first in first out", **same("1")),
            Column("parcel_currency", MONEY, "handling cost of a parcel", "currency", **same("0")),
            Column("line_currency", MONEY, "handling cost of a line", "currency", **same("0")),
            Column("pick_parcel_seconds", _PICK, "expected pick, for the parcel", "seconds", **same("60")),
            Column("pick_line_seconds", _PICK, "expected pick, for each line", "seconds", **same("0")),
            Column("pick_unit_seconds", _PICK, "expected pick, for each unit", "seconds", **same("0")),
            Column("pick_sigma", Real(0, 2), "lognormal spread of real over expected pick times", **same("0")),
            Column("capabilities", HandlingNames(), "handling that it can provide", blank="none"),
            Column("short_pick_share", Real(0, 1), "probability that a line is found short when picked", **same("0")),
            Column(
                "lead_median_hours",
                _HOURS,
                "lead time of goods that it reorders: half of them come earlier",
                "hours",
                blank="it reorders nothing",
            ),
            Column("lead_sigma", Real(0, 2), "lognormal spread of lead times", **same("0")),
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
                **same("0"),
            ),
            Column(
                "carbon_kg_km_grams",
                Exact(1000, 0, 10**7, _CARBON),
                "CO2e of carrying one kilogram one kilometre",
                "grams",
                **same("0"),
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
            Column("price_currency", MONEY, "price of the parcel", "currency"),
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
            Column(
                "reorder_point_units",
                Exact(1, 0, MAX_UNITS),
                "at a review, goods are ordered when available and ordered units are at most this",
                "units",
                **same("0"),
            ),
            Column(
                "order_up_to_units",
                Exact(1, 0, MAX_UNITS),
                "so many are ordered that they reach this; 0 for never",
                "units",
                **same("0"),
            ),
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
                MONEY,
                "margin of the whole line, lost if its order is declined",
                "currency",
                blank="units times the SKU's margin",
            ),
        ),
        ("order_id", "sku_id"),
    ),
)
"""In the sequence in which they are read: what is referred to comes first."""
