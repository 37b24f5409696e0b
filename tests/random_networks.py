"""Networks at random, as unpleasant as ``tests.worlds`` says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from scenarios.network import (
    COLLECTIONS,
    FOREVER_SECONDS,
    LANES,
    NO_LANE,
    NO_TABLE,
    PAIRS,
    RATES,
    REGIONS,
    SERVICES,
    SETTINGS,
    SHIFTS,
    SKUS,
    STOCK,
    TABLE_SIZE,
    TABLE_WEIGHT,
    TABLES,
    WAREHOUSES,
    Network,
)

HOUR, DAY = 3600, 86_400
GRID = 600
"""Arrivals, collections, receipts and shifts fall on multiples of this many seconds."""

UNCAPPED = 10**9


@dataclass(frozen=True)
class Sizes:
    """How large and how unpleasant a random world is."""

    num_warehouses: int = 3
    num_services: int = 2
    num_regions: int = 3
    num_skus: int = 6
    num_orders: int = 40
    num_receipts: int = 12
    max_lines: int = 4
    max_parcels: int = 3
    is_decline_a_choice: bool = False
    is_backorder_allowed: bool = True
    days: int = 2
    drain_days: int = 3
    most_units_on_shelf: int = 6
    share_without_lane: float = 0.1
    share_with_requirements: float = 0.2
    has_holds: bool = False
    has_presale: bool = False
    has_short_picks: bool = False
    has_outages: bool = False
    has_regimes: bool = False
    has_surprising_receipts: bool = False
    has_patience: bool = False
    has_reordering: bool = False


def random_network(random: np.random.Generator, world: Sizes) -> Network:
    """Settings, places, calendars, prices and stock."""
    num_w, num_s, num_r = world.num_warehouses, world.num_services, world.num_regions
    horizon, end = world.days * DAY, (world.days + world.drain_days) * DAY
    settings = np.zeros(1, SETTINGS)
    for field, value in {
        "epoch_seconds": 1_740_000_000,
        "horizon_seconds": horizon,
        "end_seconds": end,
        "max_parcels": world.max_parcels,
        "is_decline_a_choice": world.is_decline_a_choice,
        "is_backorder_allowed": world.is_backorder_allowed,
        "lateness_step_millicents": random.integers(0, 600_000),
        "lateness_hour_millicents": random.integers(0, 60_000),
        "lateness_cap_seconds": random.integers(0, 4) * 12 * HOUR,
        "waiting_hour_millicents": random.integers(0, 5_000),
        "carbon_kg_millicents": random.integers(0, 40_000),
        "packaging_parcel_millicents": random.integers(0, 50_000),
        "packaging_kg_millicents": random.integers(0, 20_000),
        "quote_weight": random.integers(1, TABLE_WEIGHT + 1),
        "hourly_orders_milli": 1000 * world.num_orders * HOUR // horizon,
        "price_level_millicents": 400_000,
    }.items():
        settings[field] = value
    bands = 3
    lanes = np.zeros((num_w, num_s, num_r), LANES)
    lanes["distance_km"] = random.integers(0, 1500, (num_w, 1, num_r))
    lanes["zone"] = lanes["distance_km"] // 500
    lanes["rate_row"] = np.arange(num_s)[None, :, None] * 3 + lanes["zone"]
    lanes["transit_table"] = 1 + lanes["rate_row"]
    nowhere = random.random(lanes.shape) < world.share_without_lane
    for field in ("zone", "rate_row", "transit_table"):
        lanes[field][nowhere] = NO_LANE
    rates = np.zeros((3 * num_s, bands), RATES)
    rates["max_grams"] = np.array([1_000, 3_000, 9_000])
    rates["price_millicents"] = np.cumsum(random.integers(50_000, 700_000, rates.shape), axis=1)
    tables = [quantile_table(random.choice([500, 1000, 1000, 2000], 4))]
    tables += [quantile_table(random.integers(1, 16, 8) ** 2 * HOUR // 2) for _ in range(3 * num_s)]
    warehouses, shifts = _random_warehouses(random, world, end)
    services = np.zeros(num_s, SERVICES)
    services["capabilities"] = random_masks(random, num_s, 0.7)
    services["carbon_parcel_milligrams"] = random.integers(0, 500_000, num_s)
    services["carbon_kg_km_milligrams"] = random.integers(0, 700, num_s)
    collections, pairs = _random_collections(random, world, end)
    skus = np.zeros(world.num_skus, SKUS)
    skus["grams"] = random.integers(50, 2_500, world.num_skus)
    skus["requirements"] = random_masks(random, world.num_skus, 0.3) * (
        random.random(world.num_skus) < world.share_with_requirements
    )
    skus["margin_millicents"] = random.integers(0, 3_000_000, world.num_skus)
    skus["daily_units_milli"] = random.integers(0, 5_000, world.num_skus)
    regions = np.zeros(num_r, REGIONS)
    regions["demand_share"] = 1 / num_r
    stock = np.zeros((num_w, world.num_skus), STOCK)
    stock["on_hand_units"] = random.integers(0, world.most_units_on_shelf + 1, stock.shape)
    stock["price_level_millicents"] = random.choice([0, 300_000, 900_000], stock.shape)
    return Network(
        settings, warehouses, shifts, services, lanes, rates, np.array(tables), collections, pairs, skus, regions, stock
    )


def random_masks(random: np.random.Generator, count: int, share: float) -> np.ndarray:
    return ((random.random((count, 6)) < share) << np.arange(6)).sum(axis=1)


def _random_warehouses(random: np.random.Generator, world: Sizes, end: int) -> tuple[np.ndarray, np.ndarray]:
    num_w = world.num_warehouses
    array, shifts = np.zeros(num_w, WAREHOUSES), []
    array["capabilities"] = random_masks(random, num_w, 0.7)
    array["num_stations"] = random.integers(1, 4, num_w)
    array["parcel_millicents"] = random.integers(0, 80_000, num_w)
    array["line_millicents"] = random.integers(0, 40_000, num_w)
    array["pick_parcel_seconds"] = random.integers(0, 8, num_w) * 300
    array["pick_line_seconds"] = random.integers(0, 4, num_w) * 300
    array["pick_unit_seconds"] = random.integers(0, 3, num_w) * 60
    array["lead_table"] = NO_TABLE
    for row in array:
        row["first_shift"], before = len(shifts), 0
        grid = np.sort(random.choice(np.arange(0, end, GRID), 2 * (world.days + 2), replace=False))
        hours = [*grid.reshape(-1, 2).tolist(), [end, FOREVER_SECONDS]]
        for opens, closes in hours:
            shifts.append((opens, closes, before))
            before += closes - opens
        row["num_shifts"] = len(hours)
    return array, np.array(shifts, SHIFTS)


def _random_collections(random: np.random.Generator, world: Sizes, end: int) -> tuple[np.ndarray, np.ndarray]:
    rows: list[tuple[int, int, int, int]] = []
    pairs = np.zeros((world.num_warehouses, world.num_services), PAIRS)
    for w in range(world.num_warehouses):
        for s in range(world.num_services):
            if random.random() < 0.1:
                continue  # never collected there
            times = np.sort(random.choice(np.arange(0, end, GRID), random.integers(0, 10), replace=False))
            pairs[w, s] = (len(rows), len(times) + 1)
            rows += [(w, s, int(time), int(random.integers(1, 4))) for time in times]
            rows.append((w, s, end, UNCAPPED))
    return np.array(rows, COLLECTIONS).reshape(-1), pairs


def quantile_table(values: Any) -> np.ndarray:
    """A table of ``TABLES`` with (nearly) equal weights on up to 64 whole values."""
    ordered = np.sort(np.asarray(values, np.int64).ravel())
    table = np.zeros(TABLE_SIZE, TABLES)
    table["value"] = np.repeat(ordered, -(-TABLE_SIZE // len(ordered)))[:TABLE_SIZE]
    table["weight"] = TABLE_WEIGHT // TABLE_SIZE
    table["weight_up_to"] = np.cumsum(table["weight"])
    table["moment_up_to"] = np.cumsum(table["weight"] * table["value"])
    return table
