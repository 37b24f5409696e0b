"""What rates and transit are fitted to, and why some orders tell nothing about them."""

from __future__ import annotations

import pandas as pd

from scenarios.olist.cleaning import MAX_DAYS
from scenarios.olist.outcomes import Outcomes
from scenarios.olist.places import great_circles_km


def freight_observations(
    orders: pd.DataFrame, items: pd.DataFrame, products: pd.DataFrame
) -> tuple[pd.DataFrame, Outcomes]:
    """``km``, ``grams``, ``freight`` of every item whose seller's place is known."""
    outcomes = Outcomes("freight fit (training items)", len(items))
    km = _seller_km(orders, items)
    outcomes.refuse(km.isna(), "the seller's place is not known")
    frame = pd.DataFrame(
        {"km": km, "grams": products["grams"].loc[items["product"]].to_numpy(), "freight": items["freight"]}
    )
    return frame[outcomes.is_used], outcomes


def transit_observations(orders: pd.DataFrame, items: pd.DataFrame) -> tuple[pd.DataFrame, Outcomes]:
    """``km``, ``seconds`` of delivered orders of one seller: the data has one hand-over time an order."""
    outcomes = Outcomes("transit fit (training orders)", len(orders))
    by_order = items.assign(km=_seller_km(orders, items)).groupby("order")
    km = by_order["km"].first().reindex(orders.index)
    places = by_order["seller_prefix"].nunique().reindex(orders.index)
    seconds = orders["delivered_at"] - orders["handed_at"]
    outcomes.refuse(~orders["is_delivered"], "not delivered")
    outcomes.refuse(seconds.isna(), "hand-over or delivery time is missing")
    outcomes.refuse(seconds < 0, "delivered before it was handed over")
    outcomes.refuse(seconds > MAX_DAYS * 86_400, f"delivered more than {MAX_DAYS} days after the hand-over")
    outcomes.refuse(km.isna(), "the seller's place is not known")
    outcomes.refuse(places > 1, "sellers in several places")
    return pd.DataFrame({"km": km, "seconds": seconds})[outcomes.is_used], outcomes


def _seller_km(orders: pd.DataFrame, items: pd.DataFrame) -> pd.Series:
    home = orders[["latitude", "longitude"]].loc[items["order"]]
    km = great_circles_km(items["seller_latitude"].to_numpy(), items["seller_longitude"].to_numpy(), *home.to_numpy().T)
    return pd.Series(km, items.index)
