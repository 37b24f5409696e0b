"""Pooled SKUs: products of one category and weight band are taken for one another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from scenarios.money import millicents
from scenarios.sku import Sku

BAND_GRAMS = (300, 1_000, 3_000, 10_000)
"""Upper ends of the weight bands; the last band is open."""

BAND_NAMES = ("300g", "1kg", "3kg", "10kg", "heavy")
REST = "other"

MARGIN_SHARE = 0.25
"""Margin as a share of the price (assumption: a marketplace of mixed goods)."""


@dataclass(frozen=True, slots=True, eq=False)
class Pools:
    """Pooled SKUs and which product belongs to which.

    Attributes:
        skus: sorted by training volume, the most sold first.
        sku_of_product: int64 (number of products,), position in ``skus``.
        num_products: int64 (number of SKUs,), products with a training sale in each pool.
    """

    skus: tuple[Sku, ...]
    sku_of_product: np.ndarray
    num_products: np.ndarray


def pool(products: pd.DataFrame, items: pd.DataFrame, num_skus: int) -> Pools:
    """Category by weight band; the least sold pools are joined by weight band alone.

    Args:
        products: ``category``, ``grams``.
        items: ``product``, ``price`` of the training period.
        num_skus: at most so many pools, at least one for each weight band.
    """
    band = np.searchsorted(BAND_GRAMS, products["grams"].to_numpy(), side="left")
    names = np.array(BAND_NAMES)[band]
    key = products["category"].str.cat(pd.Series(names, products.index), sep="-")
    sold = key.iloc[items["product"]]
    ranked = (
        sold.value_counts()
        .rename_axis("key")
        .reset_index(name="count")
        .sort_values(["count", "key"], ascending=[False, True])
    )
    own = ranked["key"].head(num_skus - len(BAND_NAMES))
    pooled = key.where(key.isin(own), REST + "-" + pd.Series(names, products.index))

    lines = pd.DataFrame(
        {
            "pool": pooled.iloc[items["product"]].to_numpy(),
            "product": items["product"].to_numpy(),
            "grams": products["grams"].iloc[items["product"]].to_numpy(),
            "price": items["price"].to_numpy(),
        }
    )
    sales = lines.groupby("pool").agg(
        count=("grams", "size"), grams=("grams", "mean"), price=("price", "mean"), num_products=("product", "nunique")
    )
    unsold = products.groupby(pooled)["grams"].mean()  # a pool may first be sold after the training period
    unsold = unsold[~unsold.index.isin(sales.index)]
    late = pd.DataFrame({"count": 0, "grams": unsold, "price": lines["price"].mean(), "num_products": 0})
    table = pd.concat([sales, late]) if len(late) else sales
    table = table.rename_axis("pool").reset_index().sort_values(["count", "pool"], ascending=[False, True])
    skus = tuple(
        Sku(row.pool, max(1, round(row.grams)), millicents(MARGIN_SHARE * row.price))
        for row in table.itertuples(index=False)
    )
    position = pd.Series(np.arange(len(table)), index=table["pool"])
    return Pools(skus, pooled.map(position).to_numpy(np.int64), table["num_products"].to_numpy(np.int64))
