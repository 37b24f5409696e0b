from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from scenarios.errors import InputError
from scenarios.olist.cleaning import KEPT_SHARE, clean
from scenarios.olist.outcomes import USED, LoadReport
from scenarios.olist.tables import read_tables


@pytest.fixture
def cleaned(tables, written):
    """Cleans spoilt tables as they are after a round through files."""

    def run():
        return clean(read_tables(written(tables)))

    return run


def counts(cleaned, table):
    return next(one.counts() for one in cleaned.outcomes if one.table == table)


def test_unspoilt_tables_are_used_whole(tables, cleaned):
    result = cleaned()
    for one in result.outcomes:
        assert one.counts()[USED] == one.num_rows == len(tables[one.table])
    assert len(result.orders) == len(tables["orders"])
    assert len(result.items) == len(tables["items"])
    assert result.thinning == 1.0


SPOILS = {
    "order_purchase_timestamp is missing or no time": ("order_purchase_timestamp", "soon"),
    "order_estimated_delivery_date is missing or no date": ("order_estimated_delivery_date", ""),
    "promised before it was placed": ("order_estimated_delivery_date", "2016-01-01 00:00:00"),
    "promised for more than 365 days later": ("order_estimated_delivery_date", "2030-01-01 00:00:00"),
    "its customer is unknown or has no position": ("customer_id", "nobody"),
    "order_id is missing": ("order_id", ""),
    "order_id occurred before": ("order_id", "order0001"),
}


@pytest.mark.parametrize("reason", SPOILS)
def test_a_spoilt_order_is_counted_with_its_reason(tables, cleaned, reason):
    column, value = SPOILS[reason]
    tables["orders"].loc[7, column] = value
    result = cleaned()
    assert counts(result, "orders")[reason] == 1
    assert len(result.orders) == len(tables["orders"]) - 1


ITEM_SPOILS = {
    "order_item_id is missing or no number": ("order_item_id", "one"),
    "its product is not in the products table": ("product_id", "nothing"),
    "price is missing, negative or no number": ("price", "-3"),
    "freight_value is missing, negative or no number": ("freight_value", "nan"),
}


@pytest.mark.parametrize("reason", ITEM_SPOILS)
def test_an_order_with_a_spoilt_item_is_not_used(tables, cleaned, reason):
    column, value = ITEM_SPOILS[reason]
    items = tables["items"] = tables["items"].astype({column: object})
    several = items[items["order_item_id"].astype(str) == "2"].index[0]
    order_id = items.loc[several, "order_id"]
    items.loc[several, column] = value
    result = cleaned()
    assert counts(result, "items")[reason] == 1
    assert counts(result, "orders")["an item of it cannot be used"] == 1
    assert counts(result, "items")["its order is not used"] == (items["order_id"] == order_id).sum() - 1
    assert order_id not in set(result.orders["order_id"])


def test_orders_without_items_and_items_without_orders_are_counted(tables, cleaned):
    tables["items"].loc[tables["items"]["order_id"] == "order0003", "order_id"] = "unheard"
    result = cleaned()
    assert counts(result, "orders")["it has no item"] == 1
    assert counts(result, "items")["its order is not in the orders table"] >= 1


def test_every_row_has_exactly_one_outcome_even_if_all_is_spoilt(tables, cleaned):
    random = np.random.default_rng(1)
    for name in ("orders", "items", "customers", "products", "sellers", "geolocation"):
        table = tables[name] = tables[name].astype(object)
        for column in table.columns:
            rows = random.random(len(table)) < (0.02 if name != "geolocation" else 0.1)
            table.loc[rows, column] = random.choice(["", "x", "-1", "1e99"])
        tables[name] = pd.concat([table, table.sample(3, random_state=0)])
    result = cleaned()
    report = LoadReport.of(result.outcomes, {})
    for table, total in report.totals.items():
        assert total == len(tables[table])
        assert sum(report.counts[table].values()) == total
        assert report.counts[table][USED] < total
    assert report.counts["orders"][USED] == len(result.orders) > 0
    assert report.counts["items"][USED] == len(result.items) > 0
    assert set(result.items["order"]) == set(range(len(result.orders)))


def test_nothing_usable_says_why(tables, cleaned):
    tables["customers"]["customer_zip_code_prefix"] = 99_999
    with pytest.raises(InputError, match="its customer is unknown or has no position"):
        cleaned()


def test_each_prefix_has_the_median_of_its_points_in_brazil(tables, cleaned):
    point = tables["geolocation"].iloc[0]
    more = pd.DataFrame([point] * 4).assign(
        geolocation_lat=[point["geolocation_lat"] + 1, point["geolocation_lat"] - 0.5, 48.0, "?"]
    )
    tables["geolocation"] = pd.concat([tables["geolocation"], more])
    result = cleaned()
    at = result.orders[result.orders["prefix"] == point["geolocation_zip_code_prefix"]]
    assert at["latitude"].unique() == pytest.approx([point["geolocation_lat"]])
    assert counts(result, "geolocation")["the point is not in Brazil"] == 1
    assert counts(result, "geolocation")["a field is missing or no number"] == 1


def test_times_are_local_and_promises_end_with_the_local_day(tables, cleaned):
    tables["orders"].loc[0, "order_purchase_timestamp"] = "2017-03-01 12:00:00"
    tables["orders"].loc[0, "order_estimated_delivery_date"] = "2017-03-20 00:00:00"
    order = cleaned().orders.set_index("order_id").loc["order0000"]
    assert order["placed_at"] == pd.Timestamp("2017-03-01T15:00Z").timestamp()
    assert order["promise_at"] == pd.Timestamp("2017-03-21T03:00Z").timestamp()


def test_a_missing_weight_is_the_median_of_its_category(tables, cleaned):
    tables["products"] = tables["products"].astype({"product_weight_g": object})
    tables["products"].loc[0, "product_weight_g"] = ""
    tables["products"].loc[3, "product_weight_g"] = 0
    products = cleaned().products
    others = products[products["category"] == "furniture"].drop([0, 3])
    assert products.loc[[0, 3], "grams"].tolist() == [others["grams"].median()] * 2
    assert set(products["category"]) == {"furniture", "toys", "livros"}  # one without a translation


def test_the_sample_is_thinned_uniformly_and_always_alike(tables, cleaned):
    tables["orders"]["sample_id"] = "E"
    tables["orders"].loc[400:, "order_status"] = "canceled"
    first, second = cleaned(), cleaned()
    pd.testing.assert_frame_equal(first.orders, second.orders)
    asked = (tables["orders"]["order_status"] != "delivered").sum()
    kept = (~first.orders["is_delivered"]).sum()
    deviation = np.sqrt(asked * KEPT_SHARE * (1 - KEPT_SHARE))
    assert abs(kept - asked * KEPT_SHARE) < 4 * deviation
    assert first.orders["is_delivered"].sum() == (tables["orders"]["order_status"] == "delivered").sum()
    assert first.thinning == KEPT_SHARE
    left_out = counts(first, "orders")["not delivered: left out at random, as the sample left out delivered ones"]
    assert left_out == asked - kept


def test_one_person_keeps_one_number(cleaned):
    numbers = cleaned().orders["customer_number"]
    assert numbers.value_counts().max() == 2
