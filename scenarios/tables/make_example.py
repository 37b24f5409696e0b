"""Makes the shipped example: a small network of the project's own invention, written as CSV tables.

Three warehouses on the Iberian peninsula, eight regions, fifteen SKUs, three services, 200 orders in a working
week. What makes it a routing problem: much of the demand is where the smallest warehouse is, some SKUs lie in one
warehouse only or run short until a receipt comes on Wednesday, yoghurt needs a cold chain all the way, the desk
needs a bulky area, and the cheap service is slow. Everything in it is invented.

``python -m scenarios.tables.make_example [DIR]`` writes it again; the same files every time.
"""

from __future__ import annotations

import csv
import random
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from scenarios.tables.read import EXAMPLE
from scenarios.tables.schema import TABLES

SEED = 20250310
NUM_ORDERS = 200
MONDAY = datetime(2025, 3, 10)
MADRID, LISBON = "Europe/Madrid", "Europe/Lisbon"
Row = tuple[object, ...]

SETTINGS: list[Row] = [
    ("name", "example", ""),
    ("time_zone", MADRID, ""),
    ("start_at", "2025-03-10T00:00", ""),
    ("horizon_days", 5, "days"),
    ("warmup_hours", 12, "hours"),
    ("drain_days", 9, "days"),
    ("max_parcels", 3, "parcels"),
    ("is_backorder_allowed", "yes", ""),
    ("lateness_step", "4.00", "currency"),
    ("lateness_hour", "0.15", "currency"),
    ("carbon_kg", "0.12", "currency"),
]
# id, latitude, longitude, clock, share of orders
REGIONS: list[tuple[str, float, float, str, float]] = [
    ("madrid", 40.42, -3.70, MADRID, 0.22),
    ("barcelona", 41.39, 2.17, MADRID, 0.20),
    ("valencia", 39.47, -0.38, MADRID, 0.12),
    ("sevilla", 37.39, -5.98, MADRID, 0.11),
    ("bilbao", 43.26, -2.93, MADRID, 0.08),
    ("lisboa", 38.72, -9.14, LISBON, 0.14),
    ("porto", 41.15, -8.61, LISBON, 0.09),
    ("faro", 37.02, -7.93, LISBON, 0.04),
]
# id, grams of a unit, margin, requirements, weight in baskets
SKUS: list[tuple[str, int, str, str, float]] = [
    ("coffee-beans", 1050, "6.40", "", 12),
    ("olive-oil", 980, "5.10", "", 11),
    ("tea-green", 260, "3.25", "", 9),
    ("mug", 420, "4.80", "", 8),
    ("teapot", 1350, "11.90", "", 5),
    ("kettle", 1900, "14.50", "", 5),
    ("blender", 3600, "19.00", "", 4),
    ("toaster", 2400, "12.75", "", 4),
    ("frying-pan", 1700, "10.20", "", 5),
    ("knife-set", 1250, "16.00", "", 3),
    ("yoghurt-box", 2200, "4.10", "cold", 6),
    ("cheese-box", 1600, "9.60", "cold", 5),
    ("lamp", 2900, "13.30", "", 4),
    ("chair", 7800, "22.50", "", 3),
    ("desk", 24500, "48.00", "bulky", 2),
]
WAREHOUSES: list[Row] = [
    ("zaragoza", 41.65, -0.89, MADRID, 2, "0.55", "0.25", 420, 180, 30, 0.35, "cold bulky gift"),
    ("toledo", 39.86, -4.03, MADRID, 1, "0.50", "0.22", 420, 180, 30, 0.35, "cold"),
    ("setubal", 38.52, -8.89, LISBON, 1, "0.40", "0.20", 480, 210, 30, 0.4, "bulky gift"),
]
SHIFTS: list[Row] = [
    ("zaragoza", "mon-fri", "07:00", "19:00"),
    ("zaragoza", "sat", "08:00", "13:00"),
    ("toledo", "mon-fri", "08:00", "13:00"),
    ("toledo", "mon-fri", "14:00", "18:30"),
    ("setubal", "mon-fri", "08:00", "17:00"),
]
SERVICES: list[Row] = [
    ("economy", "240", "0.11", ""),
    ("parcel", "300", "0.16", "signature"),
    ("express-cold", "450", "0.55", "cold signature"),
]
# service: max_km: (prices by weight, quantiles of transit in hours)
WEIGHTS = (2000, 10000, 30000)
ZONES: dict[str, dict[int, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "economy": {
        350: (("3.10", "4.40", "7.90"), ("20", "34", "58", "96", "168")),
        1200: (("3.90", "5.60", "9.80"), ("28", "50", "80", "130", "220")),
    },
    "parcel": {
        350: (("4.30", "5.90", "9.60"), ("12", "20", "30.5", "54", "96")),
        700: (("5.10", "7.20", "11.90"), ("16", "27", "42", "70", "120")),
        1200: (("6.00", "8.60", "14.20"), ("20", "36", "55", "90", "150")),
    },
    "express-cold": {
        400: (("8.20", "10.40", "15.80"), ("9", "13", "17.5", "28", "48")),
        1200: (("10.60", "13.90", "21.50"), ("11", "18", "25", "40", "72")),
    },
}
COLLECTIONS: list[Row] = [
    ("zaragoza", "economy", "mon-fri", "17:30", 14),
    ("zaragoza", "parcel", "mon-sat", "12:30", 8),
    ("zaragoza", "parcel", "mon-fri", "18:30", 12),
    ("zaragoza", "express-cold", "mon-fri", "18:45", 8),
    ("toledo", "economy", "mon-fri", "16:00", 7),
    ("toledo", "parcel", "mon-fri", "18:00", 9),
    ("toledo", "express-cold", "mon-fri", "18:15", 6),
    ("setubal", "economy", "mon-fri", "16:00", 8),
    ("setubal", "parcel", "mon-fri", "17:00", 8),
]
# SKU: on hand in zaragoza, toledo, setubal
STOCK = {
    "coffee-beans": (26, 16, 14),
    "olive-oil": (26, 20, 18),
    "tea-green": (26, 8, 16),
    "mug": (10, 6, 5),
    "teapot": (15, 6, 8),
    "kettle": (22, 0, 11),
    "blender": (9, 5, 0),
    "toaster": (0, 11, 8),
    "frying-pan": (14, 9, 5),
    "knife-set": (0, 0, 28),
    "yoghurt-box": (22, 14, 0),
    "cheese-box": (12, 7, 0),
    "lamp": (15, 9, 5),
    "chair": (8, 5, 4),
    "desk": (5, 0, 2),
}
RECEIPTS: list[Row] = [
    ("zaragoza", "mug", 20, "2025-03-10T08:00", "2025-03-12T10:00"),
    ("setubal", "blender", 16, "2025-03-11T09:00", "2025-03-13T09:30"),
    ("toledo", "coffee-beans", 12, "", "2025-03-12T15:00"),
]
HOUR_WEIGHTS = (1, 1, 0, 0, 0, 1, 2, 4, 7, 9, 10, 10, 9, 8, 7, 7, 8, 9, 11, 13, 14, 12, 8, 4)
BASKET_SHARES = (0.58, 0.27, 0.11, 0.04)  # of orders with 1, 2, 3, 4 lines
UNITS_SHARES = (0.82, 0.14, 0.04)
PROMISE_SHARES = (0.25, 0.5, 0.25)  # of orders promised for the end of the next day, in 3, in 5 days


def tables() -> dict[str, list[Row]]:
    """Rows of all tables, without headers, in the schema's sequence of columns; blank at the end where short."""
    orders, lines = _orders()
    sites = [row[0] for row in WAREHOUSES]
    return {
        "settings": SETTINGS,
        "regions": [(name, *place, zone, f"{share * NUM_ORDERS / 5:.1f}") for name, *place, zone, share in REGIONS],
        "skus": [(name, grams, margin, needs, "") for name, grams, margin, needs, _ in SKUS],
        "warehouses": WAREHOUSES,
        "shifts": SHIFTS,
        "services": SERVICES,
        "rate_cards": [
            (service, max_km, grams, price)
            for service, zones in ZONES.items()
            for max_km, (prices, _) in zones.items()
            for grams, price in zip(WEIGHTS, prices, strict=True)
        ],
        "transit": [
            (service, max_km, *hours) for service, zones in ZONES.items() for max_km, (_, hours) in zones.items()
        ],
        "collections": COLLECTIONS,
        "stock": [
            (site, sku, units)
            for sku, on_hand in STOCK.items()
            for site, units in zip(sites, on_hand, strict=True)
            if units
        ],
        "receipts": RECEIPTS,
        "orders": orders,
        "order_lines": lines,
    }


def _orders() -> tuple[list[Row], list[Row]]:
    # Only random(), whose sequence for a seed is the same in every version of Python.
    uniform = random.Random(SEED).random
    placed = sorted(
        MONDAY + timedelta(days=int(uniform() * 5), hours=_pick(HOUR_WEIGHTS, uniform()), seconds=int(uniform() * 3600))
        for _ in range(NUM_ORDERS)
    )
    orders: list[Row] = []
    lines: list[Row] = []
    for number, moment in enumerate(placed, 1):
        order_id = f"A{number:04d}"
        region = REGIONS[_pick([row[4] for row in REGIONS], uniform())][0]
        days = (1, 3, 5)[_pick(PROMISE_SHARES, uniform())]
        promise = moment.replace(hour=23, minute=59, second=0) + timedelta(days=days)
        customer = f"C{int(uniform() * 150):03d}"
        requirements = "gift" if uniform() < 0.05 else ""
        weights = [row[4] for row in SKUS]
        for _ in range(1 + _pick(BASKET_SHARES, uniform())):
            sku = _pick(weights, uniform())
            weights[sku] = 0.0
            if requirements and SKUS[sku][3]:
                requirements = ""  # no gift wrapping of cold or bulky things
            units = 1 if SKUS[sku][0] == "desk" else 1 + _pick(UNITS_SHARES, uniform())
            lines.append((order_id, SKUS[sku][0], units, ""))
        orders.append(
            (order_id, f"{moment:%Y-%m-%dT%H:%M:%S}", region, f"{promise:%Y-%m-%dT%H:%M}", customer, requirements)
        )
    return orders, lines


def _pick(weights: Sequence[float], uniform: float) -> int:
    level = uniform * sum(weights)
    for position, weight in enumerate(weights):
        level -= weight
        if level < 0:
            return position
    return max(position for position, weight in enumerate(weights) if weight)


def write(folder: Path) -> None:
    """Writes all tables; columns that are blank in every row are left out."""
    folder.mkdir(parents=True, exist_ok=True)
    content = tables()
    for table in TABLES:
        rows = [(*row, *[""] * (len(table.columns) - len(row))) for row in content[table.name]]
        used = [
            position
            for position, column in enumerate(table.columns)
            if column.is_required or any(row[position] != "" for row in rows)
        ]
        with (folder / table.file).open("w", encoding="utf-8", newline="") as stream:
            writer = csv.writer(stream, lineterminator="\n")
            writer.writerow([table.columns[position].name for position in used])
            writer.writerows([row[position] for position in used] for row in rows)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else EXAMPLE)
