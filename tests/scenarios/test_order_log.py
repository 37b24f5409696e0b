import pytest

from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.local_time import parse_utc
from scenarios.order_log import LogLine, LogOrder, OrderLog

EPOCH = parse_utc("epoch", "2025-03-03T00:00:00Z")


def order(second: int, *lines: LogLine, promise: int = 200_000, region: int = 0) -> LogOrder:
    return LogOrder(EPOCH + second, EPOCH + promise, region, lines or (LogLine(0, 1, 500),), customer_id=second)


def test_a_log_is_played_as_it_is(small_world):
    log = OrderLog.of(
        [
            order(90_000, LogLine(1, 2, 900), LogLine(0, 1, 300)),
            order(-1),  # before the window
            order(5, region=1),
            order(2 * 86_400, promise=900_000),  # at its end
        ]
    )
    trace = draw_trace(small_world(demand=log), 4)
    orders, lines = trace.future.orders, trace.future.lines
    assert orders["arrival_seconds"].tolist() == [5, 90_000]
    assert orders["customer_id"].tolist() == [5, 90_000]
    assert orders["region"].tolist() == [1, 0]
    assert orders["promise_at"].tolist() == [200_000, 200_000]
    assert orders["num_lines"].tolist() == [1, 2]
    assert orders["first_line"].tolist() == [0, 1]
    assert lines["order"].tolist() == [0, 1, 1]
    assert lines["sku"].tolist() == [0, 1, 0]
    assert lines["units"].tolist() == [1, 2, 1]
    assert lines["margin_millicents"].tolist() == [500, 900, 300]


def test_the_seed_draws_the_luck_of_a_log_and_nothing_else(small_world):
    scenario = small_world(demand=OrderLog.of([order(5), order(6)]))
    one, two = draw_trace(scenario, 1), draw_trace(scenario, 2)
    assert (one.future.orders["luck_key"] != two.future.orders["luck_key"]).all()
    assert (
        one.future.orders[["arrival_seconds", "promise_at"]] == two.future.orders[["arrival_seconds", "promise_at"]]
    ).all()


def test_a_log_without_orders_in_the_window_gives_an_empty_trace(small_world):
    assert draw_trace(small_world(demand=OrderLog.of([])), 1).num_orders == 0


@pytest.mark.parametrize(
    ("key", "orders"),
    [
        ("promise_at", [order(10, promise=10)]),
        ("placed_at", [LogOrder(-5, 10, 0, (LogLine(0, 1),))]),
        ("units", [order(10, LogLine(0, 0))]),
        ("units", [order(10, LogLine(0, -3))]),
        ("margin_millicents", [order(10, LogLine(0, 1, -1))]),
        ("sku", [order(5), order(10, LogLine(0, 1), LogLine(1, 1), LogLine(0, 2))]),
    ],
)
def test_illegal_orders(key, orders):
    with pytest.raises(InputError, match=key):
        OrderLog.of(orders)


def test_an_order_without_lines_is_refused():
    with pytest.raises(InputError, match="order lines"):
        LogOrder(5, 10, 0, ())


def test_columns_out_of_order_are_refused():
    log = OrderLog.of([order(5), order(6)])
    with pytest.raises(InputError, match="sorted"):
        OrderLog(log.orders[::-1].copy(), log.lines)
    with pytest.raises(InputError, match="log lines"):
        OrderLog(log.orders, log.lines[:1])


@pytest.mark.parametrize("bad", [order(5, region=2), order(5, region=-1), order(5, LogLine(7, 1))])
def test_unknown_regions_and_skus_are_refused(small_world, bad):
    with pytest.raises(InputError, match="row 0"):
        small_world(demand=OrderLog.of([bad]))
