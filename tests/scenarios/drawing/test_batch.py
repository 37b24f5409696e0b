import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from scenarios.drawing.batch import Batch, joined, regrouped, taken, without_lines
from scenarios.trace import LINES, ORDERS


def batch_of(*orders: tuple[int, list[int]]) -> Batch:
    """Orders by arrival and SKUs; an order's luck key tells them apart."""
    rows = np.zeros(len(orders), ORDERS)
    rows["arrival_seconds"] = [arrival for arrival, _ in orders]
    rows["num_lines"] = [len(skus) for _, skus in orders]
    lines = np.zeros(int(rows["num_lines"].sum()), LINES)
    lines["sku"] = [sku for _, skus in orders for sku in skus]
    return regrouped(Batch(rows, lines))


def content(batch: Batch) -> list[tuple[int, list[int]]]:
    found = []
    for position, order in enumerate(batch.orders):
        lines = batch.lines[order["first_line"] :][: order["num_lines"]]
        assert (lines["order"] == position).all()
        found.append((int(order["arrival_seconds"]), lines["sku"].tolist()))
    assert sum(len(skus) for _, skus in found) == len(batch.lines)
    return found


ORDERS_DRAWN = st.lists(st.tuples(st.integers(0, 9), st.lists(st.integers(0, 9), min_size=1, max_size=4)), max_size=8)


@given(ORDERS_DRAWN, st.lists(st.integers(0, 7), max_size=10))
def test_taken_orders_keep_their_lines(orders, positions):
    positions = [position for position in positions if position < len(orders)]
    chosen = taken(batch_of(*orders), np.array(positions, np.int64))
    assert content(chosen) == [orders[position] for position in positions]


@given(ORDERS_DRAWN, st.sets(st.integers(0, 9)))
def test_orders_without_lines_are_gone(orders, gone):
    batch = batch_of(*orders)
    left = without_lines(batch, np.isin(batch.lines["sku"], list(gone)))
    kept = [(arrival, [sku for sku in skus if sku not in gone]) for arrival, skus in orders]
    assert content(left) == [order for order in kept if order[1]]
    assert content(batch) == orders  # unchanged


@given(ORDERS_DRAWN, ORDERS_DRAWN, st.one_of(st.none(), st.integers(0, 9)))
def test_joined_orders_are_sorted_and_the_first_stay_before_equals(one, two, most):
    expected = sorted([*one, *two], key=lambda order: order[0])[:most]
    assert content(joined([batch_of(*one), batch_of(*two)], most)) == expected
