"""``metro`` and ``metro-small``: the lab's everyday world. Every number of it stands in this module.

Six warehouses around one big city, 40 regions in six clusters, 200 SKUs, four carrier services, seven days.
What makes routing hard here: the cluster of the big city orders more than its own warehouse can pick, so
"nearest" queues and misses collections; cheap services fill up; each SKU lies in some warehouses only, in
proportions that do not follow demand, and receipts come during the week, so a unit given away early is missed
later; cold and bulky goods can go from some warehouses with some services only.

Values are assumptions of a plausible size (see ``docs/assumptions.md``), spread by low-discrepancy sequences
instead of random numbers, so that the scenario is the same on every machine.
"""

from __future__ import annotations

import math
from dataclasses import replace

from scenarios.collection import Collection
from scenarios.demand import Demand, OrderRequirement, Promise
from scenarios.handling import Handling
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.money import millicents
from scenarios.quantiles import lognormal, unit_lognormal
from scenarios.region import Region
from scenarios.scenario import Scenario
from scenarios.service import CarrierService, Rate, Zone
from scenarios.settings import Settings
from scenarios.sku import Sku
from scenarios.stock import Receipt, StockRow
from scenarios.warehouse import WORKDAYS, Shift, Warehouse

TIME_ZONE = "Europe/Berlin"
EPOCH = "2025-03-02T23:00:00Z"  # Monday 00:00 in TIME_ZONE
MONDAY_TO_SATURDAY = (0, 1, 2, 3, 4, 5)

ORDERS_PER_DAY = 19_000 / 7  # and the initial backlog: about 20,000 orders in seven days
SMALL = 0.1  # metro-small: a tenth of the orders, stock and collection capacity

COLD, BULKY, GIFT = Handling.COLD, Handling.BULKY, Handling.GIFT
SIGNATURE, TWO_PERSON = Handling.SIGNATURE, Handling.TWO_PERSON

# name: latitude, longitude, share of demand around it, number of regions, stations (metro, metro-small), capabilities
SITES = {
    "capital": (52.5, 13.4, 0.30, 10, (5, 3), BULKY | GIFT),
    "harbour": (53.5, 10.0, 0.19, 8, (4, 2), COLD | BULKY | GIFT),
    "river": (50.9, 7.0, 0.18, 8, (4, 2), COLD | BULKY | GIFT),
    "hills": (48.1, 11.6, 0.14, 6, (3, 2), BULKY | GIFT),
    "lakes": (51.3, 12.4, 0.11, 5, (2, 1), COLD | GIFT),
    "valley": (49.0, 8.4, 0.08, 3, (2, 1), COLD | GIFT),
}
STATIONS = tuple(sum(site[4][size] for site in SITES.values()) for size in (0, 1))

SHIFTS = (Shift(WORKDAYS, "06:00", "22:00"), Shift((5,), "07:00", "19:00"), Shift((6,), "10:00", "18:00"))
PICK_SECONDS = (138, 74, 20)  # a parcel, a line, a unit; metro-small picks slower on fewer stations
PICK_SIGMA = 0.4
PARCEL_COST, LINE_COST = 0.45, 0.25

PARCEL_GRAMS = (1_000, 5_000, 15_000, 31_500)
FREIGHT_GRAMS = (15_000, 30_000, 60_000, 100_000)
MAX_KM = (150, 400, 1_000)
# name: weight bands, prices by zone and band, transit (least hours, median hours on top, sigma) by zone,
# carbon (g a parcel, mg a kg and km), capabilities
SERVICES = {
    "eco": (
        PARCEL_GRAMS,
        ((3.20, 4.10, 5.90, 8.40), (3.70, 4.80, 6.90, 9.70), (4.30, 5.70, 8.30, 11.50)),
        ((22, 13, 0.50), (28, 18, 0.50), (34, 24, 0.55)),
        (250, 110),
        Handling.NONE,
    ),
    "ground": (
        PARCEL_GRAMS,
        ((4.10, 5.20, 7.20, 9.90), (4.80, 6.20, 8.50, 11.40), (5.60, 7.30, 10.20, 13.50)),
        ((13, 6, 0.45), (17, 9, 0.50), (22, 13, 0.55)),
        (300, 160),
        SIGNATURE,
    ),
    "express": (
        PARCEL_GRAMS,
        ((6.90, 8.30, 10.90, 14.20), (8.20, 9.90, 12.80, 16.50), (9.60, 11.70, 15.40, 19.80)),
        ((9, 4, 0.35), (10, 5, 0.40), (12, 6, 0.45)),
        (450, 650),
        COLD | SIGNATURE,
    ),
    "freight": (
        FREIGHT_GRAMS,
        ((8.80, 9.90, 11.80, 15.50), (10.20, 11.60, 13.90, 18.40), (11.80, 13.60, 16.50, 22.00)),
        ((18, 10, 0.45), (22, 14, 0.50), (28, 18, 0.55)),
        (900, 120),
        SIGNATURE | TWO_PERSON,
    ),
}
# service, weekdays, local time, capacity as a share of the parcels that a warehouse of that size ships a day
COLLECTIONS = (
    ("eco", MONDAY_TO_SATURDAY, "17:00", 0.45),
    ("ground", MONDAY_TO_SATURDAY, "13:00", 0.27),
    ("ground", WORKDAYS, "18:30", 0.30),
    ("express", MONDAY_TO_SATURDAY, "20:00", 0.30),
    ("freight", WORKDAYS, "15:00", 0.22),
)
PARCELS_PER_ORDER = 1.25

NUM_SKUS = 200
BASKET_SHARES = (0.55, 0.27, 0.12, 0.06)
UNITS_SHARES = (0.85, 0.12, 0.03)
COVER_START = 0.70  # stock at the start, in weeks of mean demand
COVER_TOTAL = (0.94, 1.20)  # with the week's receipts: least and most, over SKUs
SAFETY = 2.0  # and at the start that many standard deviations of a week's demand
ANNOUNCED_HOURS = 30  # before a receipt comes

HOUR_WEIGHTS = (
    *(0.30, 0.18, 0.12, 0.10, 0.12, 0.25, 0.50, 0.85, 1.15, 1.30, 1.40, 1.40),
    *(1.35, 1.30, 1.25, 1.25, 1.30, 1.40, 1.55, 1.75, 1.85, 1.60, 1.15, 0.60),
)
WEEKDAY_WEIGHTS = (1.15, 1.05, 1.00, 1.00, 0.95, 0.85, 1.00)
PROMISES = (
    Promise("express", 0.25, 1, cutoff="14:00", skip_weekdays=(6,)),
    Promise("standard", 0.50, 2, cutoff="14:00", skip_weekdays=(6,)),
    Promise("saver", 0.25, 4, skip_weekdays=(6,)),
)
ORDER_REQUIREMENTS = (OrderRequirement(GIFT, 0.04), OrderRequirement(SIGNATURE, 0.05))
BACKLOG_DAYS = 0.4  # initial backlog, in days of mean demand

SETTINGS = Settings(
    max_parcels=3,
    lateness_step_millicents=millicents(5.00),
    lateness_hour_millicents=millicents(0.20),
    lateness_cap_hours=72,
    waiting_hour_millicents=millicents(0.03),
    carbon_kg_millicents=millicents(0.10),
    packaging_parcel_millicents=millicents(0.35),
    packaging_kg_millicents=millicents(0.04),
    quote_level=0.9,
    price_level_millicents=millicents(3.00),
)
SMALL_PRICE_LEVEL = 1.00  # of metro-small; both tuned on validation traces


def metro(horizon_days: int = 7) -> Scenario:
    """About 20,000 orders in seven days; see the module."""
    return _metro("metro@1", 1.0, 0, horizon_days)


def metro_small(horizon_days: int = 7) -> Scenario:
    """The same structure with a tenth of the orders: fewer stations that pick slower, less stock and room."""
    return _metro("metro-small@1", SMALL, 1, horizon_days)


def _metro(scenario_id: str, scale: float, size: int, horizon_days: int) -> Scenario:
    regions, region_shares = _regions()
    skus = _skus()
    demand = Demand(
        orders_per_day=ORDERS_PER_DAY * scale,
        region_shares=region_shares,
        sku_shares=tuple((rank + 5.0) ** -0.8 for rank in range(NUM_SKUS)),
        basket_shares=BASKET_SHARES,
        units_shares=UNITS_SHARES,
        promises=PROMISES,
        order_requirements=ORDER_REQUIREMENTS,
        hour_weights=HOUR_WEIGHTS,
        weekday_weights=WEEKDAY_WEIGHTS,
        time_zone=TIME_ZONE,
        repeat_share=0.03,
        repeat_minutes=90.0,
        num_initial_orders=round(BACKLOG_DAYS * ORDERS_PER_DAY * scale),
    )
    stock, receipts = _supply(skus, demand.published().daily_units_milli, horizon_days)
    return Scenario(
        id=scenario_id,
        epoch=EPOCH,
        time_zone=TIME_ZONE,
        horizon_days=horizon_days,
        warmup_hours=24,
        drain_days=10,
        warehouses=_warehouses(scale, size),
        services=_services(),
        collections=_collections(scale, size),
        regions=regions,
        skus=skus,
        settings=replace(SETTINGS, price_level_millicents=millicents(SMALL_PRICE_LEVEL)) if size else SETTINGS,
        stock=stock,
        receipts=receipts,
        demand=demand,
    )


def _spread(index: int, base: int) -> float:
    """Van der Corput sequence in 0..1: evenly spread, deterministic (Source: van der Corput 1935)."""
    value, step = 0.0, 1.0 / base
    index += 1
    while index:
        index, digit = divmod(index, base)
        value, step = value + digit * step, step / base
    return value


def _warehouses(scale: float, size: int) -> tuple[Warehouse, ...]:
    slower = STATIONS[size] / STATIONS[0] / scale
    parcel, line, unit = (round(seconds * slower) for seconds in PICK_SECONDS)
    return tuple(
        Warehouse(
            name=name,
            latitude=latitude,
            longitude=longitude,
            time_zone=TIME_ZONE,
            num_stations=stations[size],
            shifts=SHIFTS,
            parcel_millicents=millicents(PARCEL_COST),
            line_millicents=millicents(LINE_COST),
            pick_parcel_seconds=parcel,
            pick_line_seconds=line,
            pick_unit_seconds=unit,
            pick_factor=unit_lognormal(PICK_SIGMA),
            capabilities=capabilities,
        )
        for name, (latitude, longitude, _, _, stations, capabilities) in SITES.items()
    )


def _services() -> tuple[CarrierService, ...]:
    return tuple(
        CarrierService(
            name=name,
            zones=tuple(
                Zone(
                    max_km,
                    tuple(Rate(grams, millicents(price)) for grams, price in zip(bands, row, strict=True)),
                    lognormal(median * HOUR_SECONDS, sigma, least * HOUR_SECONDS),
                )
                for max_km, row, (least, median, sigma) in zip(MAX_KM, prices, transit, strict=True)
            ),
            carbon_parcel_milligrams=carbon_grams * 1000,
            carbon_kg_km_milligrams=carbon_kg_km,
            capabilities=capabilities,
        )
        for name, (bands, prices, transit, (carbon_grams, carbon_kg_km), capabilities) in SERVICES.items()
    )


def _collections(scale: float, size: int) -> tuple[Collection, ...]:
    parcels = ORDERS_PER_DAY * scale * PARCELS_PER_ORDER
    return tuple(
        Collection(name, service, weekdays, at, max(1, round(parcels * share * site[4][size] / STATIONS[size])))
        for name, site in SITES.items()
        for service, weekdays, at, share in COLLECTIONS
    )


def _regions() -> tuple[tuple[Region, ...], tuple[float, ...]]:
    """Regions in a sunflower around their site, the nearer the more populous."""
    regions, shares = [], []
    for name, (latitude, longitude, share, count, _, _) in SITES.items():
        weights = [1.0 / (2.0 + position) for position in range(count)]
        for position, weight in enumerate(weights):
            km, angle = 8.0 + 38.0 * math.sqrt(position), 2.399963 * position
            north = km * math.cos(angle) / 111.2
            east = km * math.sin(angle) / (111.2 * math.cos(math.radians(latitude)))
            place = (round(latitude + north, 4), round(longitude + east, 4))
            regions.append(Region(f"{name}-{position + 1:02d}", *place, TIME_ZONE))
            shares.append(share * weight / sum(weights))
    return tuple(regions), tuple(shares)


def _skus() -> tuple[Sku, ...]:
    skus = []
    for rank in range(NUM_SKUS):
        weight, margin = _spread(rank, 2), _spread(rank, 3)
        requirements, grams = Handling.NONE, 150.0 * 30.0**weight
        if rank % 12 == 5:
            requirements, grams = COLD, 400.0 * 6.0**weight
        elif rank % 10 == 3:
            requirements, grams = BULKY | TWO_PERSON, 9_000.0 + 18_000.0 * weight
        name = {COLD: "cold", BULKY | TWO_PERSON: "bulky"}.get(requirements, "item")
        skus.append(Sku(f"{name}-{rank + 1:03d}", round(grams), millicents(5.0 + 35.0 * margin**2), requirements))
    return tuple(skus)


def _supply(
    skus: tuple[Sku, ...], daily_units_milli: tuple[int, ...], horizon_days: int
) -> tuple[tuple[StockRow, ...], tuple[Receipt, ...]]:
    """Stock in three to six warehouses a SKU, by weights that do not follow demand, and receipts each week."""
    stock, receipts = [], []
    for rank, sku in enumerate(skus):
        weekly = daily_units_milli[rank] * 7 / 1000
        needed = sku.requirements & (COLD | BULKY)
        able = [name for name, site in SITES.items() if needed & ~site[5] == 0]
        able.sort(key=lambda name: _spread(rank * len(SITES) + list(SITES).index(name), 7))
        holders = able[: 3 + rank % 4]
        weights = [SITES[name][4][0] * (0.4 + _spread(rank + 17 * place, 5)) for place, name in enumerate(holders)]
        start = weekly * COVER_START + SAFETY * math.sqrt(weekly)
        for name, weight in zip(holders, weights, strict=True):
            stock.append(StockRow(name, sku.name, round(start * weight / sum(weights))))
        total = COVER_TOTAL[0] + (COVER_TOTAL[1] - COVER_TOTAL[0]) * _spread(rank, 11)
        for week in range(math.ceil(horizon_days / 7)):
            share = (total - COVER_START if week == 0 else 1.0) / 2
            for turn in range(2):
                day = 7 * week + (1 + turn * 2 + (rank + turn) % 3 if week == 0 else turn * 3 + rank % 3)
                hour = 8 + (rank * 5 + turn * 3) % 8
                expected = day * DAY_SECONDS + hour * HOUR_SECONDS
                units = max(1, round(weekly * share))
                place = holders[(rank + turn) % len(holders)]
                announced = max(0, expected - ANNOUNCED_HOURS * HOUR_SECONDS)
                receipts.append(Receipt(place, sku.name, units, announced, expected))
    return tuple(stock), tuple(receipts)
