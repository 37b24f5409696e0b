from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scenarios.money import millicents
from scenarios.olist.pools import BAND_NAMES, MARGIN_SHARE, pool

PRODUCTS = pd.DataFrame(
    {
        "category": ["toys", "toys", "toys", "books", "books", "rare", "new"],
        "grams": [200.0, 300.0, 301.0, 900.0, 12_000.0, 250.0, 5_000.0],
    }
)
ITEMS = pd.DataFrame({"product": [0, 0, 1, 0, 2, 2, 3, 4, 4, 5], "price": [10.0] * 4 + [30.0] * 6})


def test_products_of_one_category_and_band_are_one_sku():
    pools = pool(PRODUCTS, ITEMS, num_skus=4 + len(BAND_NAMES))
    names = [pools.skus[position].name for position in pools.sku_of_product]
    assert names == [*("toys-300g", "toys-300g", "toys-1kg", "books-1kg", "books-heavy", "other-300g", "other-10kg")]
    assert len({sku.name for sku in pools.skus}) == len(pools.skus) <= 4 + len(BAND_NAMES)


def test_mass_and_margin_are_means_of_what_was_sold():
    sku = pool(PRODUCTS, ITEMS, 100).skus[0]
    assert sku.name == "toys-300g"
    assert sku.grams == (3 * 200 + 300) / 4
    assert sku.margin_millicents == millicents(10.0 * MARGIN_SHARE)


def test_the_most_sold_come_first_and_unsold_ones_last():
    pools = pool(PRODUCTS, ITEMS, 100)
    assert [sku.name for sku in pools.skus] == [
        "toys-300g",
        "books-heavy",
        "toys-1kg",
        "books-1kg",
        "rare-300g",
        "other-10kg",
    ]
    assert pools.num_products.tolist() == [2, 1, 1, 1, 1, 0]


@pytest.mark.parametrize("num_skus", [6, 8, 50])
def test_there_are_never_more_skus_than_asked_for(num_skus):
    random = np.random.default_rng(0)
    products = pd.DataFrame(
        {"category": random.choice(list("abcdefghij"), 300), "grams": random.lognormal(7, 1.5, 300)}
    )
    items = pd.DataFrame({"product": random.integers(0, 300, 2_000), "price": 10.0})
    pools = pool(products, items, num_skus)
    assert len(pools.skus) <= num_skus
    assert pools.sku_of_product.min() >= 0
    assert pools.sku_of_product.max() == len(pools.skus) - 1
