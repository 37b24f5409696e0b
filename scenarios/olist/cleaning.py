"""From texts to usable orders and items; every row that is not used gets its reason."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd

from scenarios.olist.clock import local_to_utc, naive_seconds
from scenarios.olist.outcomes import Outcomes
from scenarios.olist.periods import Period, assign
from scenarios.olist.tables import Tables

KEPT_SHARE = 27_092 / 96_478
"""Share of delivered orders that the sample holds; it holds all others, so these are thinned to the same share."""

LATITUDES, LONGITUDES = (-34.0, 6.0), (-74.5, -28.0)
"""Brazil with its islands; points outside are typing errors."""

YEARS = (pd.Timestamp("1970-01-02"), pd.Timestamp("2100-01-01"))
"""Times outside are typing errors."""

MAX_DAYS = 365
"""A promise or a transit of more days is taken for a typing error."""


@dataclass(frozen=True, slots=True, eq=False)
class Cleaned:
    """What can be used.

    Attributes:
        orders: one row an order, sorted by ``placed_at``: ``customer_number``, ``placed_at``, ``promise_at`` (UTC
            seconds), ``latitude``, ``longitude``, ``prefix``, ``city``, ``state``, ``handed_at``, ``delivered_at``
            (local seconds, NaN if it did not happen), ``is_delivered``.
        items: one row an item of these orders: ``order`` (row of ``orders``), ``product`` (row of ``products``),
            ``price``, ``freight`` (BRL), ``seller_prefix``, ``seller_latitude``, ``seller_longitude`` (NaN if the
            seller's place is not known), ``seller_city``, ``seller_state``.
        products: ``category`` (English where a translation is published), ``grams``.
        thinning: share of the real orders in the stream, 1 for the full data.
        periods: the unbroken stream's training, validation and test days.
        outcomes: of every table.
    """

    orders: pd.DataFrame
    items: pd.DataFrame
    products: pd.DataFrame
    thinning: float
    periods: dict[str, Period]
    outcomes: list[Outcomes]

    @property
    def is_training(self) -> np.ndarray:
        """bool, whether each order was placed in the training days."""
        return (self.orders["placed_at"] < self.periods["training"].end).to_numpy()

    def training_orders(self) -> pd.DataFrame:
        """The orders that anything may be fitted to."""
        return self.orders[self.is_training]

    def training_items(self) -> pd.DataFrame:
        """Their items."""
        return self.items[self.is_training[self.items["order"]]]


def clean(tables: Tables) -> Cleaned:
    """Usable orders, items and products.

    An order is usable if its purchase and promise are known, its customer's place is known, and every item of it
    is usable. Its status does not matter: whoever cancelled later ordered all the same.
    """
    positions, of_positions = _positions(tables["geolocation"])
    customers, of_customers = _customers(tables["customers"], positions)
    products, of_products = _products(tables["products"], tables["translation"])
    sellers, of_sellers = _sellers(tables["sellers"], positions)
    items, of_items = _items(tables["items"], tables["orders"], products, sellers)
    orders, of_orders, thinning = _orders(tables["orders"], customers, items, of_items)

    periods = assign(orders["placed_at"].to_numpy(), of_orders, of_orders.is_used)

    used = of_orders.is_used
    orders = orders[used].astype({"placed_at": np.int64, "promise_at": np.int64, "customer_number": np.int64})
    orders = orders.sort_values(["placed_at", "order_id"], kind="stable").reset_index(drop=True)
    row_of_order = pd.Series(orders.index, index=orders["order_id"])
    items["order"] = items["order_id"].map(row_of_order)
    of_items.refuse(items["order"].isna(), "its order is not used")
    items = items[of_items.is_used].copy()
    items["order"] = items["order"].astype(np.int64)
    items["product"] = items["product"].astype(np.int64)
    items = items.sort_values(["order", "order_item_id"], kind="stable").reset_index(drop=True)
    return Cleaned(
        orders=orders,
        items=items,
        products=products,
        thinning=thinning,
        periods=periods,
        outcomes=[of_orders, of_items, of_customers, of_products, of_sellers, of_positions],
    )


def _seconds(texts: pd.Series) -> pd.Series:
    """Naive local times as float seconds since 1970 on the same clock; NaN where missing or unreadable."""
    return naive_seconds(_times(texts))


def _times(texts: pd.Series) -> pd.Series:
    times = pd.to_datetime(texts, format="ISO8601", errors="coerce").astype("datetime64[s]")
    return times.where(times.between(*YEARS))


def _numbers(texts: pd.Series) -> pd.Series:
    numbers = pd.to_numeric(texts, errors="coerce").astype(float)
    return numbers.where(np.isfinite(numbers))


def _positions(table: pd.DataFrame) -> tuple[pd.DataFrame, Outcomes]:
    """Median latitude and longitude of each zip prefix."""
    outcomes = Outcomes("geolocation", len(table))
    prefix = _numbers(table["geolocation_zip_code_prefix"])
    latitude, longitude = _numbers(table["geolocation_lat"]), _numbers(table["geolocation_lng"])
    outcomes.refuse(prefix.isna() | latitude.isna() | longitude.isna(), "a field is missing or no number")
    outcomes.refuse(~latitude.between(*LATITUDES) | ~longitude.between(*LONGITUDES), "the point is not in Brazil")
    points = pd.DataFrame({"prefix": prefix, "latitude": latitude, "longitude": longitude})[outcomes.is_used]
    return points.groupby("prefix", sort=True).median(), outcomes


def _customers(table: pd.DataFrame, positions: pd.DataFrame) -> tuple[pd.DataFrame, Outcomes]:
    outcomes = Outcomes("customers", len(table))
    outcomes.refuse(table["customer_id"].isna(), "customer_id is missing")
    outcomes.refuse(table["customer_id"].duplicated(), "customer_id occurred before")
    prefix = _numbers(table["customer_zip_code_prefix"])
    outcomes.refuse(~prefix.isin(positions.index), "its zip prefix has no position")
    person = table["customer_unique_id"].fillna(table["customer_id"])
    frame = pd.DataFrame(
        {
            "customer_number": person.rank(method="dense").fillna(0).astype(np.int64),
            "prefix": prefix,
            "city": table["customer_city"].fillna("unknown"),
            "state": table["customer_state"].fillna("unknown"),
        }
    ).join(positions, on="prefix")
    return frame[outcomes.is_used].set_axis(table["customer_id"][outcomes.is_used]), outcomes


def _products(table: pd.DataFrame, translation: pd.DataFrame) -> tuple[pd.DataFrame, Outcomes]:
    """Products in the sequence of the table; a missing weight is the median of its category."""
    outcomes = Outcomes("products", len(table))
    outcomes.refuse(table["product_id"].isna(), "product_id is missing")
    outcomes.refuse(table["product_id"].duplicated(), "product_id occurred before")
    english = translation.drop_duplicates("product_category_name").set_index("product_category_name").iloc[:, 0]
    category = table["product_category_name"].map(english).fillna(table["product_category_name"]).fillna("unknown")
    grams = _numbers(table["product_weight_g"])
    grams = grams.where(grams > 0)
    medians = grams.groupby(category).transform("median").fillna(grams.median()).fillna(500.0)
    frame = pd.DataFrame({"product_id": table["product_id"], "category": category, "grams": grams.fillna(medians)})
    return frame[outcomes.is_used].reset_index(drop=True), outcomes


def _sellers(table: pd.DataFrame, positions: pd.DataFrame) -> tuple[pd.DataFrame, Outcomes]:
    """Sellers by id; one whose place is not known still sells, but tells nothing about distances."""
    outcomes = Outcomes("sellers", len(table))
    outcomes.refuse(table["seller_id"].isna(), "seller_id is missing")
    outcomes.refuse(table["seller_id"].duplicated(), "seller_id occurred before")
    frame = pd.DataFrame(
        {
            "seller_id": table["seller_id"],
            "seller_prefix": _numbers(table["seller_zip_code_prefix"]),
            "seller_city": table["seller_city"].fillna("unknown"),
            "seller_state": table["seller_state"].fillna("unknown"),
        }
    ).join(positions.add_prefix("seller_"), on="seller_prefix")
    frame = frame[outcomes.is_used].set_index("seller_id")
    outcomes.refuse(
        ~_numbers(table["seller_zip_code_prefix"]).isin(positions.index),
        "its zip prefix has no position (its items are used, but not for warehouses, rates and transit)",
    )
    return frame, outcomes


def _items(
    table: pd.DataFrame, orders: pd.DataFrame, products: pd.DataFrame, sellers: pd.DataFrame
) -> tuple[pd.DataFrame, Outcomes]:
    outcomes = Outcomes("items", len(table))
    row_of_product = pd.Series(products.index, index=products["product_id"])
    frame = pd.DataFrame(
        {
            "order_id": table["order_id"],
            "order_item_id": _numbers(table["order_item_id"]),
            "product": table["product_id"].map(row_of_product),
            "price": _numbers(table["price"]),
            "freight": _numbers(table["freight_value"]),
        }
    ).join(sellers.reindex(table["seller_id"]).set_axis(table.index))
    outcomes.refuse(~table["order_id"].isin(orders["order_id"]), "its order is not in the orders table")
    outcomes.refuse(frame["order_item_id"].isna(), "order_item_id is missing or no number")
    outcomes.refuse(frame.duplicated(["order_id", "order_item_id"]), "(order_id, order_item_id) occurred before")
    outcomes.refuse(frame["product"].isna(), "its product is not in the products table")
    outcomes.refuse(~(frame["price"] >= 0), "price is missing, negative or no number")
    outcomes.refuse(~(frame["freight"] >= 0), "freight_value is missing, negative or no number")
    return frame, outcomes


def _orders(
    table: pd.DataFrame, customers: pd.DataFrame, items: pd.DataFrame, of_items: Outcomes
) -> tuple[pd.DataFrame, Outcomes, float]:
    outcomes = Outcomes("orders", len(table))
    purchase, estimate = _times(table["order_purchase_timestamp"]), _times(table["order_estimated_delivery_date"])
    outcomes.refuse(table["order_id"].isna(), "order_id is missing")
    outcomes.refuse(table["order_id"].duplicated(), "order_id occurred before")
    outcomes.refuse(purchase.isna(), "order_purchase_timestamp is missing or no time")
    outcomes.refuse(estimate.isna(), "order_estimated_delivery_date is missing or no date")
    placed_at = local_to_utc(purchase)
    promise_at = local_to_utc(estimate.dt.normalize() + pd.Timedelta(days=1))
    outcomes.refuse(~(promise_at > placed_at), "promised before it was placed")
    outcomes.refuse(promise_at - placed_at > MAX_DAYS * 86_400, f"promised for more than {MAX_DAYS} days later")
    outcomes.refuse(~table["order_id"].isin(items["order_id"]), "it has no item")
    bad = items["order_id"][~of_items.is_used]
    outcomes.refuse(table["order_id"].isin(bad), "an item of it cannot be used")
    outcomes.refuse(~table["customer_id"].isin(customers.index), "its customer is unknown or has no position")
    is_delivered = table["order_status"] == "delivered"
    thinning = 1.0
    if "sample_id" in table:
        thinning = KEPT_SHARE
        is_out = np.zeros(len(table), bool)
        asked = np.flatnonzero(outcomes.is_used & ~is_delivered.to_numpy(bool))
        is_out[asked] = [_uniform(order_id) >= KEPT_SHARE for order_id in table["order_id"].iloc[asked]]
        outcomes.refuse(is_out, "not delivered: left out at random, as the sample left out delivered ones")
    frame = pd.DataFrame(
        {
            "order_id": table["order_id"],
            "placed_at": placed_at,
            "promise_at": promise_at,
            "handed_at": _seconds(table["order_delivered_carrier_date"]),
            "delivered_at": _seconds(table["order_delivered_customer_date"]),
            "is_delivered": is_delivered,
        }
    ).join(customers.reindex(table["customer_id"]).set_axis(table.index))
    return frame, outcomes, thinning


def _uniform(text: str) -> float:
    """A number in [0, 1) that depends on the text alone."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=7).digest(), "big") / (1 << 56)
