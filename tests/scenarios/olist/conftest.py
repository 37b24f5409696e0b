"""A made-up data set in the published format: a few hundred orders, so that every path runs without a download."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from scenarios.olist.read import load_olist
from scenarios.olist.windows import WindowScenario

Tables = dict[str, pd.DataFrame]

FILES = {
    "orders": "olist_orders_dataset",
    "items": "olist_order_items_dataset",
    "customers": "olist_customers_dataset",
    "products": "olist_products_dataset",
    "sellers": "olist_sellers_dataset",
    "geolocation": "olist_geolocation_zip_prefix",
    "translation": "product_category_name_translation",
}

# prefix: latitude, longitude, city, state
CITIES = {
    1001: (-23.55, -46.63, "sao paulo", "SP"),
    13010: (-22.91, -47.06, "campinas", "SP"),
    20010: (-22.91, -43.17, "rio de janeiro", "RJ"),
    30110: (-19.92, -43.94, "belo horizonte", "MG"),
    40010: (-12.97, -38.50, "salvador", "BA"),
    80010: (-25.43, -49.27, "curitiba", "PR"),
    90010: (-30.03, -51.23, "porto alegre", "RS"),
    69005: (-3.12, -60.02, "manaus", "AM"),
}
NUM_DAYS, ORDERS_A_DAY = 200, 4
NUM_PRODUCTS = 60
NUM_SELLERS = 12


def made_up_tables() -> Tables:
    """800 orders of 200 days from 2017-03-01 on; freight is 8 + 0.01 km + 2 kg, transit a day and 500 km a day."""
    random = np.random.default_rng(7)
    prefixes = np.array(list(CITIES))
    places = pd.DataFrame.from_dict(CITIES, orient="index", columns=["latitude", "longitude", "city", "state"])
    n = NUM_DAYS * ORDERS_A_DAY
    order_id = [f"order{number:04d}" for number in range(n)]
    home = random.choice(prefixes, n, p=[0.3, 0.1, 0.15, 0.1, 0.1, 0.1, 0.1, 0.05])
    seconds = np.sort(random.integers(0, NUM_DAYS * 86_400, n))
    purchase = pd.Timestamp("2017-03-01") + pd.to_timedelta(seconds, unit="s")
    seller_home = prefixes[:6][np.arange(NUM_SELLERS) % 6]
    num_items = random.choice([1, 2, 3], n, p=[0.85, 0.1, 0.05])
    owner = np.repeat(np.arange(n), num_items)
    product = random.integers(0, NUM_PRODUCTS, len(owner))
    seller = product % NUM_SELLERS
    grams = np.array([200, 700, 2_500, 8_000, 14_000])[np.arange(NUM_PRODUCTS) % 5]
    km = kilometres(places.loc[seller_home[seller]], places.loc[home[owner]])
    first_km = km[np.searchsorted(owner, np.arange(n))]
    handed = purchase + pd.to_timedelta(random.uniform(0.5, 3.0, n), unit="D")
    delivered = handed + pd.to_timedelta(1.0 + first_km / 500 * random.uniform(0.8, 1.2, n), unit="D")
    status = np.where(random.random(n) < 0.95, "delivered", "canceled")
    is_delivered = status == "delivered"
    return {
        "orders": pd.DataFrame(
            {
                "order_id": order_id,
                "customer_id": [f"customer{number}" for number in range(n)],
                "order_status": status,
                "order_purchase_timestamp": purchase.floor("s").astype(str),
                "order_approved_at": "",
                "order_delivered_carrier_date": np.where(is_delivered, handed.floor("s").astype(str), ""),
                "order_delivered_customer_date": np.where(is_delivered, delivered.floor("s").astype(str), ""),
                "order_estimated_delivery_date": (purchase.normalize() + pd.Timedelta(days=12)).astype(str),
            }
        ),
        "items": pd.DataFrame(
            {
                "order_id": np.array(order_id)[owner],
                "order_item_id": np.arange(len(owner)) - np.searchsorted(owner, owner) + 1,
                "product_id": [f"product{number}" for number in product],
                "seller_id": [f"seller{number}" for number in seller],
                "shipping_limit_date": "",
                "price": np.round(20.0 + product, 2),
                "freight_value": np.round(8.0 + 0.01 * km + 2.0 * grams[product] / 1000, 2),
            }
        ),
        "customers": pd.DataFrame(
            {
                "customer_id": [f"customer{number}" for number in range(n)],
                "customer_unique_id": [f"person{number // 2}" for number in range(n)],
                "customer_zip_code_prefix": home,
                "customer_city": places.loc[home, "city"].to_numpy(),
                "customer_state": places.loc[home, "state"].to_numpy(),
            }
        ),
        "products": pd.DataFrame(
            {
                "product_id": [f"product{number}" for number in range(NUM_PRODUCTS)],
                "product_category_name": [("moveis", "brinquedos", "livros")[n % 3] for n in range(NUM_PRODUCTS)],
                "product_weight_g": grams,
            }
        ),
        "sellers": pd.DataFrame(
            {
                "seller_id": [f"seller{number}" for number in range(NUM_SELLERS)],
                "seller_zip_code_prefix": seller_home,
                "seller_city": places.loc[seller_home, "city"].to_numpy(),
                "seller_state": places.loc[seller_home, "state"].to_numpy(),
            }
        ),
        "geolocation": pd.DataFrame(
            {
                "geolocation_zip_code_prefix": prefixes,
                "geolocation_lat": places["latitude"].to_numpy(),
                "geolocation_lng": places["longitude"].to_numpy(),
            }
        ),
        "translation": pd.DataFrame(
            {
                "product_category_name": ["moveis", "brinquedos"],
                "product_category_name_english": ["furniture", "toys"],
            }
        ),
    }


def kilometres(a: pd.DataFrame, b: pd.DataFrame) -> np.ndarray:
    """Great circles from unit vectors: another formula than the one under test."""

    def vectors(places: pd.DataFrame) -> np.ndarray:
        latitude, longitude = np.radians(places["latitude"].to_numpy()), np.radians(places["longitude"].to_numpy())
        return np.stack(
            [np.cos(latitude) * np.cos(longitude), np.cos(latitude) * np.sin(longitude), np.sin(latitude)], axis=1
        )

    return 6371.0088 * np.arccos(np.clip((vectors(a) * vectors(b)).sum(axis=1), -1.0, 1.0))


def write_tables(folder: Path, tables: Tables, is_gzipped: bool = False) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, table in tables.items():
        content = table.to_csv(index=False).encode()
        stem = FILES.get(name, name)
        if is_gzipped:
            (folder / f"{stem}.csv.gz").write_bytes(gzip.compress(content))
        else:
            (folder / f"{stem}.csv").write_bytes(content)
    return folder


@pytest.fixture
def tables() -> Tables:
    """Fresh tables to spoil."""
    return made_up_tables()


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Writes tables into a folder of the test."""
    return lambda tables, is_gzipped=False: write_tables(tmp_path / "olist", tables, is_gzipped)


@pytest.fixture(scope="session")
def made_up_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the unspoilt tables, plain."""
    return write_tables(tmp_path_factory.mktemp("data") / "olist", made_up_tables())


@pytest.fixture(scope="session")
def small_olist(made_up_data: Path) -> WindowScenario:
    """The scenario of the made-up data: 8 regions, 3 warehouses, 7 days."""
    return load_olist(made_up_data, num_skus=12, num_regions=8, num_warehouses=3, horizon_days=7)


@pytest.fixture(scope="session")
def olist_sample(real_data: Path) -> Path:
    folder = real_data / "olist_sample"
    if not folder.is_dir():
        pytest.skip(f"{folder.name} is not in the folder of real data")
    return folder


@pytest.fixture(scope="session")
def real_olist(olist_sample: Path) -> WindowScenario:
    return load_olist(olist_sample)
