"""``load_olist``: the published tables to the scenario ``olist-pooled``. See ``docs/olist.md``."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import pandas as pd

from scenarios.checks import check_int
from scenarios.draw import stream
from scenarios.local_time import format_utc
from scenarios.money import millicents
from scenarios.olist.bands import distance_bands
from scenarios.olist.cleaning import Cleaned, clean
from scenarios.olist.clock import TIME_ZONE
from scenarios.olist.facilities import Layout
from scenarios.olist.freight import FreightFit, fit_freight
from scenarios.olist.observations import freight_observations, transit_observations
from scenarios.olist.outcomes import LoadReport
from scenarios.olist.places import Centres, cluster
from scenarios.olist.pools import MARGIN_SHARE, BAND_NAMES, Pools, pool
from scenarios.olist.periods import window_starts
from scenarios.olist.tables import data_folder, read_tables
from scenarios.olist.transit import fit_transit, stretched
from scenarios.olist.windows import Stream, WindowScenario, window
from scenarios.order_log import LOG_LINES, LOG_ORDERS, OrderLog
from scenarios.quantiles import QuantileTable
from scenarios.region import Region
from scenarios.service import CarrierService, Zone
from scenarios.settings import Settings

ID = "olist-pooled@1"

CATCHMENT_SHARE = 0.5
"""Stock lies half where the demand around a warehouse wants it, half where the sellers of the SKU are."""

SELLER_PRIOR_ITEMS = 20.0
"""Sellers' shares of a SKU are drawn towards those of all SKUs with the weight of so many items."""

EXPRESS_PRICE, EXPRESS_TRANSIT, EXPRESS_GRAMS = 1.7, 0.45, 30_000
"""Express costs and lasts so many times standard (assumption), takes at most so much, and lasts a day at least."""

CARBON = {"standard": (300_000, 120), "express": (350_000, 700)}  # mg a parcel, mg a kg and km (assumption: road, air)

SETTINGS = Settings(
    max_parcels=3,
    lateness_step_millicents=millicents(10.00),
    lateness_hour_millicents=millicents(0.10),
    lateness_cap_hours=240,
    waiting_hour_millicents=millicents(0.02),
    carbon_kg_millicents=millicents(0.30),
    packaging_parcel_millicents=millicents(1.00),
    packaging_kg_millicents=millicents(0.10),
    quote_level=0.9,
    price_level_millicents=millicents(10.00),
)


def load_olist(
    data: str | os.PathLike[str] | None = None,
    num_skus: int = 200,
    num_regions: int = 50,
    num_warehouses: int = 7,
    **overrides: Any,
) -> WindowScenario:
    """Real orders, pooled products, warehouses where the sellers are; everything fitted to the training days.

    Args:
        data: folder with the published tables, plain or gzipped; default ``olist_sample`` in ``ROUTELAB_DATA``.
        num_skus: pooled SKUs at most.
        num_regions: clusters of customers.
        num_warehouses: clusters of sellers.
        **overrides: scalar fields of the scenario (``horizon_days``) or its settings (``max_parcels``).

    Raises:
        InputError: no data, unusable files, or a value out of range.
    """
    from scenarios.registry import with_overrides

    check_int("num_skus", num_skus, len(BAND_NAMES) + 1, 10_000)
    check_int("num_regions", num_regions, 1, 1_000)
    check_int("num_warehouses", num_warehouses, 1, 50)
    cleaned = clean(read_tables(data_folder(data)))
    scenario = _build(cleaned, num_skus, num_regions, num_warehouses)
    return _rewound(with_overrides(scenario, overrides) if overrides else scenario)


def load_report(data: str | os.PathLike[str] | None = None) -> LoadReport:
    """What became of every row of every table."""
    return load_olist(data).stream.report


def caveat(single_share: float, thinning: float) -> str:
    """What has to be said on every result of this scenario."""
    text = f"{single_share:.1%} of the orders hold one pooled SKU, so splits hardly occur"
    if thinning < 1.0:
        text += f"; the stream is thinned to {thinning:.2%} of the real orders"
    return text + "; windows of one split overlap, so traces are not independent; facilities and stock are assumptions"


def _build(cleaned: Cleaned, num_skus: int, num_regions: int, num_warehouses: int) -> WindowScenario:
    training = cleaned.periods["training"]
    is_training = (cleaned.orders["placed_at"] < training.end).to_numpy()
    known_orders = cleaned.orders[is_training]
    known_items = cleaned.items[is_training[cleaned.items["order"]]]
    pools = pool(cleaned.products, known_items, num_skus)
    regions = cluster(known_orders, num_regions)
    placed = known_items.dropna(subset=["seller_latitude"])
    sellers = placed[["seller_latitude", "seller_longitude", "seller_city", "seller_state"]]
    sites = cluster(sellers.set_axis(["latitude", "longitude", "city", "state"], axis=1), num_warehouses)

    shipped, of_freight = freight_observations(known_orders, known_items, cleaned.products)
    carried, of_transit = transit_observations(known_orders, known_items)
    ends = distance_bands(shipped["km"].to_numpy(), carried["km"].to_numpy())
    freight = fit_freight(*(shipped[name].to_numpy() for name in ("km", "grams", "freight")), ends)
    transit = fit_transit(carried["km"].to_numpy(), carried["seconds"].to_numpy(), ends)

    region = regions.nearest(cleaned.orders["latitude"].to_numpy(), cleaned.orders["longitude"].to_numpy())
    lines = _lines(cleaned, pools)
    layout = _layout(cleaned, pools, lines, regions, sites, region, is_training)
    logs = {
        split: _log(cleaned.orders, region, lines, period.begin, period.end)
        for split, period in cleaned.periods.items()
    }
    single_share = float((lines.groupby("order").size() == 1).mean())
    facts = {
        "thinning": f"{cleaned.thinning:.4f} of the real orders",
        "one pooled SKU": f"{single_share:.2%} of the orders",
        "freight fit R2": f"{freight.r_squared:.3f}",
        "distance bands": ", ".join(f"{end} km" for end in ends),
    }
    for split, period in cleaned.periods.items():
        facts[split] = f"{period.first} to {period.last}, {len(logs[split].orders):,} orders"
    report = LoadReport.of([*cleaned.outcomes, of_freight, of_transit], facts)
    source = Stream(logs, cleaned.periods, layout, cleaned.thinning, single_share, report)
    daily = max(1.0, len(logs["training"].orders) / ((training.last - training.first).days + 1))
    return WindowScenario(
        id=ID,
        warehouses=layout.warehouses(daily),
        services=_services(freight, transit),
        collections=layout.collections(daily),
        regions=tuple(
            Region(name, float(latitude), float(longitude), TIME_ZONE)
            for name, latitude, longitude in zip(regions.names, regions.latitudes, regions.longitudes, strict=True)
        ),
        skus=pools.skus,
        demand=logs["training"],
        published=layout.published(daily),
        settings=SETTINGS,
        epoch=format_utc(training.begin),
        time_zone=TIME_ZONE,
        horizon_days=14,
        warmup_hours=48,
        drain_days=21,
        stream=source,
        caveat=caveat(single_share, cleaned.thinning),
    )


def _rewound(scenario: WindowScenario) -> WindowScenario:
    """The scenario placed in its first training window, so that it can be published and expanded as it is."""
    from dataclasses import replace

    source = scenario.stream
    start = int(window_starts(source.periods["training"], source.first, scenario.horizon_days)[0])
    first = window(scenario, start, stream(0, "supply"))
    names = ("warehouses", "collections", "published", "demand", "stock", "receipts", "epoch")
    return replace(scenario, **{name: getattr(first, name) for name in names})


def _lines(cleaned: Cleaned, pools: Pools) -> pd.DataFrame:
    """``order``, ``sku``, ``units``, ``margin_millicents``; equal SKUs of an order are added up."""
    items = cleaned.items
    frame = pd.DataFrame(
        {
            "order": items["order"],
            "sku": pools.sku_of_product[items["product"]],
            "units": 1,
            "margin_millicents": np.rint(items["price"] * millicents(MARGIN_SHARE)).astype(np.int64),
        }
    )
    return frame.groupby(["order", "sku"], sort=True, as_index=False).sum()


def _log(orders: pd.DataFrame, region: np.ndarray, lines: pd.DataFrame, begin: int, end: int) -> OrderLog:
    first, last = np.searchsorted(orders["placed_at"], (begin, end))
    chosen = orders.iloc[first:last]
    inside = lines[(lines["order"] >= first) & (lines["order"] < last)]
    table = np.zeros(len(chosen), LOG_ORDERS)
    table["placed_at"], table["promise_at"] = chosen["placed_at"], chosen["promise_at"]
    table["customer_id"] = chosen["customer_number"]
    table["region"] = region[first:last]
    table["num_lines"] = np.bincount(inside["order"] - first, minlength=len(chosen))
    table["first_line"] = np.cumsum(table["num_lines"]) - table["num_lines"]
    rows = np.zeros(len(inside), LOG_LINES)
    for name in ("sku", "units", "margin_millicents"):
        rows[name] = inside[name]
    return OrderLog(table, rows)


def _layout(
    cleaned: Cleaned,
    pools: Pools,
    lines: pd.DataFrame,
    regions: Centres,
    sites: Centres,
    region: np.ndarray,
    is_training: np.ndarray,
) -> Layout:
    """Shares by warehouse, SKU and region, counted in the training days."""
    num_skus, num_sites = len(pools.skus), len(sites)
    known = lines[is_training[lines["order"]]]
    units = np.bincount(known["sku"], known["units"], num_skus)
    region_orders = np.bincount(region[is_training], minlength=len(regions)).astype(float)
    catchment = np.bincount(sites.nearest(regions.latitudes, regions.longitudes), region_orders, num_sites)
    catchment /= catchment.sum()

    items = cleaned.items[is_training[cleaned.items["order"]]].dropna(subset=["seller_latitude"])
    site = sites.nearest(items["seller_latitude"].to_numpy(), items["seller_longitude"].to_numpy())
    sku = pools.sku_of_product[items["product"]]
    sold = np.bincount(site * num_skus + sku, minlength=num_sites * num_skus).reshape(num_sites, num_skus)
    prior = sold.sum(axis=1) / sold.sum()
    from_sellers = (sold + SELLER_PRIOR_ITEMS * prior[:, None]) / (sold.sum(axis=0) + SELLER_PRIOR_ITEMS)
    holding = CATCHMENT_SHARE * catchment[:, None] + (1.0 - CATCHMENT_SHARE) * from_sellers
    return Layout(
        sites=sites,
        holding=holding,
        work=(holding * units).sum(axis=1) / units.sum(),
        units_per_order=units / int(is_training.sum()),
        region_shares=tuple((region_orders / region_orders.sum()).tolist()),
    )


def _services(freight: FreightFit, transit: tuple[QuantileTable, ...]) -> tuple[CarrierService, ...]:
    """``standard`` as fitted, and an assumed ``express``."""
    day = 86_400
    zones = {
        "standard": tuple(
            Zone(end, freight.rates(band), transit[band]) for band, end in enumerate(freight.ends_km)
        ),
        "express": tuple(
            Zone(end, freight.rates(band, EXPRESS_PRICE, EXPRESS_GRAMS), stretched(transit[band], EXPRESS_TRANSIT, day))
            for band, end in enumerate(freight.ends_km)
        ),
    }
    return tuple(
        CarrierService(
            name=name, zones=zones[name], carbon_parcel_milligrams=parcel, carbon_kg_km_milligrams=kg_km
        )
        for name, (parcel, kg_km) in CARBON.items()
    )
