"""Everything that is fitted to the training days, and the whole stream in its terms."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.olist.bands import distance_bands
from scenarios.olist.carriers import carrier_services
from scenarios.olist.cleaning import Cleaned
from scenarios.olist.clock import TIME_ZONE
from scenarios.olist.freight import fit_freight
from scenarios.olist.observations import freight_observations, transit_observations
from scenarios.olist.orders import order_log, pooled_lines
from scenarios.olist.outcomes import LoadReport
from scenarios.olist.places import Centres, cluster
from scenarios.olist.pools import pool
from scenarios.olist.shares import fit_layout
from scenarios.olist.transit import fit_transit
from scenarios.olist.windows import Stream
from scenarios.region import Region
from scenarios.service import CarrierService
from scenarios.sku import Sku


@dataclass(frozen=True, slots=True, eq=False)
class Fitted:
    """What the data tells; the rest is ``scenarios.olist.facilities``."""

    regions: tuple[Region, ...]
    skus: tuple[Sku, ...]
    services: tuple[CarrierService, ...]
    stream: Stream


def fit(cleaned: Cleaned, num_skus: int, num_regions: int, num_warehouses: int) -> Fitted:
    """Pools, regions, warehouses, rate cards and transit tables from the training days; the stream from all days.

    Raises:
        InputError: too few orders to fit anything to.
    """
    orders, items = cleaned.training_orders(), cleaned.training_items()
    shipped, of_freight = freight_observations(orders, items, cleaned.products)
    carried, of_transit = transit_observations(orders, items)
    ends = distance_bands(shipped["km"].to_numpy(), carried["km"].to_numpy())
    freight = fit_freight(shipped["km"].to_numpy(), shipped["grams"].to_numpy(), shipped["freight"].to_numpy(), ends)
    transit = fit_transit(carried["km"].to_numpy(), carried["seconds"].to_numpy(), ends)

    pools = pool(cleaned.products, items, num_skus)
    regions = cluster(orders, num_regions)
    sellers = items[["seller_latitude", "seller_longitude", "seller_city", "seller_state"]].dropna()
    sites = cluster(sellers.set_axis(["latitude", "longitude", "city", "state"], axis=1), num_warehouses)
    region = regions.nearest(cleaned.orders["latitude"].to_numpy(), cleaned.orders["longitude"].to_numpy())
    lines = pooled_lines(cleaned, pools)
    logs = {
        split: order_log(cleaned.orders, region, lines, period.begin, period.end)
        for split, period in cleaned.periods.items()
    }
    single_share = float((lines.groupby("order").size() == 1).mean())
    facts = {
        "thinning": f"{cleaned.thinning:.2%} of the real orders are in the stream",
        "one pooled SKU": f"{single_share:.2%} of the orders",
        "R2 of the freight fit": f"{freight.r_squared:.3f}",
        "distance bands": ", ".join(f"{end} km" for end in ends),
    }
    for split, period in cleaned.periods.items():
        facts[split] = f"{period.first} to {period.last}, {len(logs[split].orders):,} orders"
    return Fitted(
        regions=_regions(regions),
        skus=pools.skus,
        services=carrier_services(freight, transit),
        stream=Stream(
            logs=logs,
            periods=cleaned.periods,
            layout=fit_layout(cleaned, pools, lines, region, regions, sites),
            thinning=cleaned.thinning,
            single_share=single_share,
            report=LoadReport.of([*cleaned.outcomes, of_freight, of_transit], facts),
        ),
    )


def _regions(centres: Centres) -> tuple[Region, ...]:
    return tuple(
        Region(name, float(latitude), float(longitude), TIME_ZONE)
        for name, latitude, longitude in zip(centres.names, centres.latitudes, centres.longitudes, strict=True)
    )
