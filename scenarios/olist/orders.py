"""Orders and pooled lines as the columns of an order log."""

from __future__ import annotations

import numpy as np
import pandas as pd

from scenarios.money import millicents
from scenarios.olist.cleaning import Cleaned
from scenarios.olist.pools import MARGIN_SHARE, Pools
from scenarios.order_log import LOG_LINES, LOG_ORDERS, OrderLog


def pooled_lines(cleaned: Cleaned, pools: Pools) -> pd.DataFrame:
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


def order_log(orders: pd.DataFrame, region: np.ndarray, lines: pd.DataFrame, begin: int, end: int) -> OrderLog:
    """The orders with ``begin <= placed_at < end``.

    Args:
        orders: of ``Cleaned``.
        region: int64, region of each order.
        lines: of ``pooled_lines``.
        begin: UTC seconds.
        end: UTC seconds.
    """
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
