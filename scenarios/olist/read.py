"""``load_olist``: the published tables to the scenario ``olist-pooled``. See ``docs/olist.md``."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import Any, cast

from scenarios.checks import check_int
from scenarios.drawing.streams import stream
from scenarios.errors import InputError
from scenarios.local_time import format_utc
from scenarios.money import millicents
from scenarios.olist.cleaning import clean
from scenarios.olist.clock import TIME_ZONE
from scenarios.olist.fit import fit
from scenarios.olist.outcomes import LoadReport
from scenarios.olist.periods import window_starts
from scenarios.olist.pools import BAND_NAMES
from scenarios.olist.tables import data_folder, read_tables
from scenarios.olist.windows import WindowScenario, window
from scenarios.settings import Settings

ID = "olist-pooled@1"

SETTINGS = Settings(
    max_parcels=3,
    lateness_step_millicents=millicents(10.00),
    lateness_hour_millicents=millicents(0.10),
    lateness_cap_hours=240,
    waiting_hour_millicents=millicents(0.06),
    carbon_kg_millicents=millicents(0.30),
    packaging_parcel_millicents=millicents(1.00),
    packaging_kg_millicents=millicents(0.10),
    quote_level=0.9,
    price_level_millicents=millicents(5.00),
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
    if "epoch" in overrides:
        raise InputError("epoch", overrides["epoch"], "no epoch: the seed chooses the window", "leave it out")
    world = fit(clean(read_tables(data_folder(data))), num_skus, num_regions, num_warehouses)
    source = world.stream
    training = source.periods["training"]
    forecast = source.forecast(training.end)
    scenario = WindowScenario(
        id=ID,
        warehouses=source.layout.warehouses(forecast.daily_orders),
        services=world.services,
        collections=source.layout.collections(forecast.daily_orders),
        regions=world.regions,
        skus=world.skus,
        demand=source.logs["training"],
        published=source.layout.published(forecast),
        settings=SETTINGS,
        epoch=format_utc(training.begin),
        time_zone=TIME_ZONE,
        horizon_days=14,
        warmup_hours=48,
        drain_days=21,
        stream=source,
        caveat=caveat(source.single_share, source.thinning),
    )
    own = ("data", "num_skus", "num_regions", "num_warehouses")
    return _placed(cast(WindowScenario, with_overrides(scenario, overrides, also_known=own)))


def load_report(data: str | os.PathLike[str] | None = None) -> LoadReport:
    """What became of every row of every table."""
    return load_olist(data).stream.report


def caveat(single_share: float, thinning: float) -> str:
    """What has to be said on every result of this scenario."""
    text = f"{single_share:.1%} of the orders hold one pooled SKU, so splits hardly occur"
    if thinning < 1.0:
        text += f"; the stream is thinned to {thinning:.2%} of the real orders"
    return text + "; windows of one split overlap, so traces are not independent; facilities and stock are assumptions"


def _placed(scenario: WindowScenario) -> WindowScenario:
    """The scenario placed in its first training window, so that it can be published and expanded as it is."""
    source = scenario.stream
    start = int(window_starts(source.periods["training"], source.first, scenario.horizon_days)[0])
    first = window(scenario, start, stream(0, "supply"))
    names = ("warehouses", "collections", "published", "demand", "stock", "receipts", "epoch")
    return replace(scenario, **{name: getattr(first, name) for name in names})
