"""Where demand and goods are: shares by region, warehouse and SKU, counted in the training days."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scenarios.olist.cleaning import Cleaned
from scenarios.olist.facilities import Layout
from scenarios.olist.places import Centres
from scenarios.olist.pools import Pools

CATCHMENT_SHARE = 0.5
"""Stock lies half where the demand around a warehouse wants it, half where the sellers of the SKU are."""

SELLER_PRIOR_ITEMS = 20.0
"""Sellers' shares of a SKU are drawn towards those of all SKUs with the weight of so many items."""


def fit_layout(
    cleaned: Cleaned, pools: Pools, lines: pd.DataFrame, region: np.ndarray, regions: Centres, sites: Centres
) -> Layout:
    """Shares by warehouse, SKU and region.

    Args:
        cleaned: orders and items.
        pools: which product is which SKU.
        lines: pooled lines of all orders.
        region: int64, region of each order.
        regions: clusters of customers.
        sites: clusters of sellers.
    """
    is_training = cleaned.is_training
    num_skus, num_sites = len(pools.skus), len(sites)
    known = lines[is_training[lines["order"]]]
    units = np.bincount(known["sku"], known["units"], num_skus)
    region_orders = np.bincount(region[is_training], minlength=len(regions)).astype(float)
    catchment = np.bincount(sites.nearest(regions.latitudes, regions.longitudes), region_orders, num_sites)
    catchment = catchment / catchment.sum()

    items = cleaned.training_items().dropna(subset=["seller_latitude"])
    site = sites.nearest(items["seller_latitude"].to_numpy(), items["seller_longitude"].to_numpy())
    sku = pools.sku_of_product[items["product"]]
    sold = np.bincount(site * num_skus + sku, minlength=num_sites * num_skus).reshape(num_sites, num_skus)
    prior = sold.sum(axis=1) / sold.sum()
    from_sellers = (sold + SELLER_PRIOR_ITEMS * prior[:, None]) / (sold.sum(axis=0) + SELLER_PRIOR_ITEMS)
    holding = CATCHMENT_SHARE * catchment[:, None] + (1.0 - CATCHMENT_SHARE) * from_sellers
    return Layout(
        sites=sites,
        holding=holding,
        work=((holding * units).sum(axis=1) / units.sum() + catchment) / 2.0,
        units_per_order=units / int(is_training.sum()),
        region_shares=tuple((region_orders / region_orders.sum()).tolist()),
    )
