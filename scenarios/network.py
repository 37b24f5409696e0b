"""The public network as plain arrays: what every router, clock and endpoint may know.

One structured array per noun, fields carry their unit, no strings and no objects inside, so that
the rules in ``envs`` can be compiled and the same arrays can be hashed, saved and served. Indices
are positions: ``w`` warehouse, ``s`` carrier service, ``r`` region, ``k`` SKU, ``c`` collection.

Money is int64 millicents, time int64 seconds since the trace starts, mass int64 grams, carbon
int64 milligrams CO2e. See ``docs/model.md``.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

FOREVER_SECONDS = 1 << 40
"""A time after every calendar; the last shift of a warehouse closes then."""

TABLE_SIZE = 64
"""Entries of one quantile table."""

TABLE_WEIGHT = 1 << 16
"""Total weight of one quantile table; 16 bits of luck pick an entry."""

NO_LANE = -1
NO_TABLE = -1


def record_dtype(*fields: str, floats: tuple[str, ...] = ()) -> np.dtype:
    return np.dtype([(name, np.float64 if name in floats else np.int64) for name in fields])


SETTINGS = record_dtype(
    "epoch_seconds",  # UTC time of second 0
    "local_offset_seconds",  # added to a time to get the local clock of the features
    "warmup_seconds",  # orders that arrive earlier are left out of metrics, not of rewards
    "horizon_seconds",  # last second at which an order may arrive
    "end_seconds",  # the calendar's end: here every (warehouse, service) has an uncapped collection
    "max_parcels",  # of one plan
    "is_decline_a_choice",  # 0: an order is declined only when nothing else is feasible
    "is_backorder_allowed",
    "lateness_step_millicents",  # per late line
    "lateness_hour_millicents",  # per late line and hour, up to the cap
    "lateness_cap_seconds",
    "waiting_hour_millicents",  # per line and hour until a backordered line is released
    "carbon_kg_millicents",  # price of one kilogram CO2e
    "packaging_parcel_millicents",
    "packaging_kg_millicents",
    "quote_weight",  # quoted_delivery_at is this quantile of transit, in TABLE_WEIGHT-ths
    "hourly_orders_milli",  # published mean demand, thousandths of an order an hour
    "price_level_millicents",  # M of the closed-form bid price, for a SKU with no price of its own
    "hold_short_seconds",  # an order may be held so long before it is decided; 0: no such choice
    "hold_long_seconds",  # the same, a longer one
    "review_seconds",  # stock is reviewed and reordered at multiples of this; 0: receipts come from the trace only
)

WAREHOUSES = record_dtype(
    "latitude",
    "longitude",
    "capabilities",  # bit mask, see scenarios.handling
    "num_stations",
    "parcel_millicents",
    "line_millicents",
    "pick_parcel_seconds",  # expected pick = parcel + lines * line + units * unit
    "pick_line_seconds",
    "pick_unit_seconds",
    "pick_table",  # quantile table of the pick time factor, thousandths
    "short_weight",  # probability that a line is found short when picked, TABLE_WEIGHT-ths
    "lead_table",  # quantile table of the lead time of reordered goods, seconds; NO_TABLE without reordering
    "first_shift",
    "num_shifts",
    floats=("latitude", "longitude"),
)

SHIFTS = record_dtype(
    "open_seconds",
    "close_seconds",
    "open_before_seconds",  # open seconds of earlier shifts of this warehouse (prefix sum)
)

SERVICES = record_dtype(
    "capabilities",
    "carbon_parcel_milligrams",
    "carbon_kg_km_milligrams",
)

LANES = record_dtype(  # (W, S, R)
    "zone",  # NO_LANE where the service does not go
    "rate_row",  # into rates
    "transit_table",  # into tables, values in seconds
    "distance_km",
)

RATES = record_dtype("max_grams", "price_millicents")  # (rows, bands); a heavier parcel cannot go
TABLES = record_dtype(  # (tables, TABLE_SIZE), values ascending
    "value",
    "weight",  # sums to TABLE_WEIGHT
    "weight_up_to",  # inclusive prefix sum of weight
    "moment_up_to",  # inclusive prefix sum of weight * value
)

COLLECTIONS = record_dtype(  # (C,), sorted by (warehouse, service, time)
    "warehouse",
    "service",
    "time_seconds",
    "capacity_parcels",
)

PAIRS = record_dtype("first_collection", "num_collections")  # (W, S); none: never collected there

SKUS = record_dtype("grams", "requirements", "margin_millicents", "daily_units_milli")

REGIONS = record_dtype("latitude", "longitude", "demand_share", floats=("latitude", "longitude", "demand_share"))

STOCK = record_dtype(  # (W, K)
    "on_hand_units",  # at second 0
    "price_level_millicents",  # see settings
    "reorder_point_units",  # at a review, when available and ordered units are at most this ...
    "order_up_to_units",  # ... so many are ordered that they reach this; 0: never reordered
)


class Network(NamedTuple):
    """Public arrays, read-only. Shapes: see the dtypes above."""

    settings: np.ndarray  # (1,)
    warehouses: np.ndarray  # (W,)
    shifts: np.ndarray  # (sum of shifts,), per warehouse contiguous and ascending
    services: np.ndarray  # (S,)
    lanes: np.ndarray  # (W, S, R)
    rates: np.ndarray  # (rows, bands)
    tables: np.ndarray  # (tables, TABLE_SIZE)
    collections: np.ndarray  # (C,)
    pairs: np.ndarray  # (W, S)
    skus: np.ndarray  # (K,)
    regions: np.ndarray  # (R,)
    stock: np.ndarray  # (W, K)


NETWORK_DTYPES: dict[str, np.dtype] = {
    "settings": SETTINGS,
    "warehouses": WAREHOUSES,
    "shifts": SHIFTS,
    "services": SERVICES,
    "lanes": LANES,
    "rates": RATES,
    "tables": TABLES,
    "collections": COLLECTIONS,
    "pairs": PAIRS,
    "skus": SKUS,
    "regions": REGIONS,
    "stock": STOCK,
}
