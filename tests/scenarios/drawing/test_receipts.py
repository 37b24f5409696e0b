import numpy as np
import pytest

from scenarios import draw_trace
from scenarios.quantiles import constant, exponential, from_quantiles
from scenarios.receipt_reliability import ReceiptReliability
from scenarios.stock import Receipt

HOUR, DAY = 3600, 86_400


def many(number: int) -> tuple[Receipt, ...]:
    """Announced at second 0, expected one after the other in the second day."""
    return tuple(Receipt("east", "cup", 1000, 0, DAY + second) for second in range(number))


def test_what_is_stated_comes(small_world):
    receipts = (
        Receipt("east", "cup", 5, 100, 900, actual_units=3),
        Receipt("east", "bowl", 4, 200, 900, delay_seconds=-700),
        Receipt("west", "cup", 2, 300, 900, actual_units=9, delay_seconds=50),
        Receipt("west", "bowl", 2, 400, 900, delay_seconds=10**8),
    )
    world = small_world(
        receipts=receipts, reliability=ReceiptReliability(short_share=1.0, fill=constant(0), delay=constant(60))
    )
    drawn = draw_trace(world, 1).future.receipts
    end = 9 * DAY
    assert drawn[["actual_at", "actual_units"]].tolist() == [(960, 3), (200, 0), (950, 9), (end - 1, 0)]
    assert drawn["expected_at"].tolist() == [900] * 4
    assert drawn["expected_units"].tolist() == [5, 4, 2, 2]


def test_without_reliability_all_comes_as_expected(small_world):
    drawn = draw_trace(small_world(receipts=many(50)), 1).future.receipts
    assert (drawn["actual_at"] == drawn["expected_at"]).all()
    assert (drawn["actual_units"] == drawn["expected_units"]).all()


def test_delays_and_fills_follow_their_tables(small_world):
    rule = ReceiptReliability(
        delay=exponential(4 * HOUR),
        early_seconds=HOUR,
        short_share=0.3,
        fill=from_quantiles((0.0, 1.0), (200.0, 600.0)),
    )
    drawn = draw_trace(small_world(receipts=many(4000), reliability=rule), 1).future.receipts
    delay = drawn["actual_at"] - drawn["expected_at"]
    assert delay.min() >= -HOUR
    assert delay.mean() == pytest.approx(3 * HOUR, abs=4 * 4 * HOUR / np.sqrt(4000))
    is_short = drawn["actual_units"] < 1000
    assert is_short.mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.21 / 4000))
    assert drawn["actual_units"][is_short].mean() == pytest.approx(400, abs=4 * 116 / np.sqrt(1200))
    assert (drawn["actual_at"] >= drawn["announced_at"]).all()


def test_no_receipt_comes_before_its_announcement(small_world):
    receipts = tuple(Receipt("east", "cup", 5, 500, 600 + second) for second in range(50))
    rule = ReceiptReliability(early_seconds=DAY)
    assert set(draw_trace(small_world(receipts=receipts, reliability=rule), 1).future.receipts["actual_at"]) == {500}


def test_a_further_receipt_changes_nothing_for_the_others(small_world):
    rule = ReceiptReliability(delay=exponential(HOUR), short_share=0.5)
    some = draw_trace(small_world(receipts=many(20), reliability=rule), 1).future.receipts
    more = draw_trace(small_world(receipts=(*many(20), Receipt("west", "bowl", 7, 0, 50)), reliability=rule), 1)
    assert [row for row in more.future.receipts.tolist() if row[0] == 0] == some.tolist()
