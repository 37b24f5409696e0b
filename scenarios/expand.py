"""Public entities to the arrays that rules and endpoint read: pure, no draws."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from scenarios.calendar import expand_collections, expand_shifts
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS, MINUTE_SECONDS, offset_seconds, zone_of
from scenarios.network import (
    LANES,
    NO_LANE,
    NO_TABLE,
    RATES,
    REGIONS,
    SERVICES,
    SETTINGS,
    SKUS,
    STOCK,
    TABLE_SIZE,
    TABLE_WEIGHT,
    TABLES,
    WAREHOUSES,
    Network,
)
from scenarios.quantiles import QuantileTable

if TYPE_CHECKING:
    from scenarios.public import PublicScenario

EARTH_KM = 6371.0088
"""Mean radius (IUGG)."""


def great_circle_km(latitude_a: float, longitude_a: float, latitude_b: float, longitude_b: float) -> float:
    """Distance on the sphere in kilometres (haversine formula)."""
    a, b = math.radians(latitude_a), math.radians(latitude_b)
    across = math.radians(longitude_b - longitude_a)
    chord = math.sin((b - a) / 2) ** 2 + math.cos(a) * math.cos(b) * math.sin(across / 2) ** 2
    return 2 * EARTH_KM * math.asin(min(1.0, math.sqrt(chord)))


class _Tables:
    """Collects distinct quantile tables."""

    def __init__(self) -> None:
        self.rows: dict[QuantileTable, int] = {}

    def index(self, table: QuantileTable) -> int:
        return self.rows.setdefault(table, len(self.rows))

    def array(self) -> np.ndarray:
        array = np.zeros((len(self.rows), TABLE_SIZE), TABLES)
        for table, row in self.rows.items():
            array[row] = table.row()
        return array


def expand(public: PublicScenario, start_seconds: int, num_days: int, drain_days: int) -> Network:
    """The network with its calendars from ``start_seconds`` (UTC) on; see ``PublicScenario.expand``."""
    tables = _Tables()
    horizon, end = num_days * DAY_SECONDS, (num_days + drain_days) * DAY_SECONDS
    warehouses, shifts = _warehouses(public, tables, start_seconds, end)
    collections, pairs = expand_collections(
        public.warehouses,
        tuple(service.name for service in public.services),
        public.collections,
        start_seconds,
        end,
    )
    lanes, rates = _lanes(public, tables, pairs)
    network = Network(
        settings=_settings(public, start_seconds, horizon, end),
        warehouses=warehouses,
        shifts=shifts,
        services=_services(public),
        lanes=lanes,
        rates=rates,
        tables=tables.array(),
        collections=collections,
        pairs=pairs,
        skus=_skus(public),
        regions=_regions(public),
        stock=_stock(public),
    )
    for array in network:
        array.flags.writeable = False
    return network


def _settings(public: PublicScenario, start_seconds: int, horizon: int, end: int) -> np.ndarray:
    settings, array = public.settings, np.zeros(1, SETTINGS)
    row = array[0]
    row["epoch_seconds"] = start_seconds
    # Not the offset at the start: a window that begins on another side of a clock change must have the same features.
    row["local_offset_seconds"] = offset_seconds(zone_of("time_zone", public.time_zone), public.epoch_seconds)
    warmup_until = public.epoch_seconds + public.warmup_hours * HOUR_SECONDS
    row["warmup_seconds"] = min(max(warmup_until - start_seconds, 0), horizon)
    row["horizon_seconds"], row["end_seconds"] = horizon, end
    row["lateness_cap_seconds"] = settings.lateness_cap_hours * HOUR_SECONDS
    row["quote_weight"] = max(1, round(settings.quote_level * TABLE_WEIGHT))
    row["hourly_orders_milli"] = public.published.hourly_orders_milli
    for name in (
        "max_parcels",
        "is_decline_a_choice",
        "is_backorder_allowed",
        "lateness_step_millicents",
        "lateness_hour_millicents",
        "waiting_hour_millicents",
        "carbon_kg_millicents",
        "packaging_parcel_millicents",
        "packaging_kg_millicents",
        "price_level_millicents",
    ):
        row[name] = getattr(settings, name)
    row["hold_short_seconds"] = settings.hold_short_minutes * MINUTE_SECONDS
    row["hold_long_seconds"] = settings.hold_long_minutes * MINUTE_SECONDS
    row["review_seconds"] = settings.review_hours * HOUR_SECONDS
    return array


def _warehouses(public: PublicScenario, tables: _Tables, start_seconds: int, end: int) -> tuple[np.ndarray, np.ndarray]:
    array, shifts = np.zeros(len(public.warehouses), WAREHOUSES), []
    first = 0
    for row, warehouse in zip(array, public.warehouses, strict=True):
        for name in (
            "latitude",
            "longitude",
            "capabilities",
            "num_stations",
            "parcel_millicents",
            "line_millicents",
            "pick_parcel_seconds",
            "pick_line_seconds",
            "pick_unit_seconds",
        ):
            row[name] = getattr(warehouse, name)
        row["pick_table"] = tables.index(warehouse.pick_factor)
        row["short_weight"] = round(warehouse.short_pick_share * TABLE_WEIGHT)
        row["lead_table"] = NO_TABLE if warehouse.lead_time is None else tables.index(warehouse.lead_time)
        shifts.append(expand_shifts(warehouse, start_seconds, end))
        row["first_shift"], row["num_shifts"] = first, len(shifts[-1])
        first += len(shifts[-1])
    return array, np.concatenate(shifts)


def _services(public: PublicScenario) -> np.ndarray:
    array = np.zeros(len(public.services), SERVICES)
    for row, service in zip(array, public.services, strict=True):
        for name in ("capabilities", "carbon_parcel_milligrams", "carbon_kg_km_milligrams"):
            row[name] = getattr(service, name)
    return array


def _lanes(public: PublicScenario, tables: _Tables, pairs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lanes ``(W, S, R)`` and rate rows ``(service zones, bands)``; short rate cards repeat their last band."""
    zones = [(s, zone) for s, service in enumerate(public.services) for zone in service.zones]
    bands = max(len(zone.rates) for _, zone in zones)
    rates = np.zeros((len(zones), bands), RATES)
    first_row: dict[int, int] = {}
    transit = []
    for row, (s, zone) in enumerate(zones):
        first_row.setdefault(s, row)
        transit.append(tables.index(zone.transit))
        padded = zone.rates + zone.rates[-1:] * (bands - len(zone.rates))
        rates["max_grams"][row] = [rate.max_grams for rate in padded]
        rates["price_millicents"][row] = [rate.price_millicents for rate in padded]
    lanes = np.zeros((len(public.warehouses), len(public.services), len(public.regions)), LANES)
    for name in ("zone", "rate_row", "transit_table"):
        lanes[name] = NO_LANE
    for w, warehouse in enumerate(public.warehouses):
        for r, region in enumerate(public.regions):
            km = great_circle_km(warehouse.latitude, warehouse.longitude, region.latitude, region.longitude)
            distance = round(km)
            lanes["distance_km"][w, :, r] = distance
            for s, service in enumerate(public.services):
                zone_index = service.zone_index(distance)
                if pairs["num_collections"][w, s] and zone_index is not None:
                    rate_row = first_row[s] + zone_index
                    lanes[w, s, r] = (zone_index, rate_row, transit[rate_row], distance)
    return lanes, rates


def _skus(public: PublicScenario) -> np.ndarray:
    array = np.zeros(len(public.skus), SKUS)
    array["grams"] = [sku.grams for sku in public.skus]
    array["requirements"] = [int(sku.requirements) for sku in public.skus]
    array["margin_millicents"] = [sku.margin_millicents for sku in public.skus]
    array["daily_units_milli"] = public.published.daily_units_milli
    return array


def _regions(public: PublicScenario) -> np.ndarray:
    array = np.zeros(len(public.regions), REGIONS)
    array["latitude"] = [region.latitude for region in public.regions]
    array["longitude"] = [region.longitude for region in public.regions]
    shares = np.array(public.published.region_shares, np.float64)
    array["demand_share"] = shares / shares.sum()
    return array


def _stock(public: PublicScenario) -> np.ndarray:
    array = np.zeros((len(public.warehouses), len(public.skus)), STOCK)
    warehouse_index = {warehouse.name: position for position, warehouse in enumerate(public.warehouses)}
    sku_index = {sku.name: position for position, sku in enumerate(public.skus)}
    for row in public.stock:
        cell = (warehouse_index[row.warehouse], sku_index[row.sku])
        for name in ("on_hand_units", "reorder_point_units", "order_up_to_units"):
            array[name][cell] = getattr(row, name)
    return array
