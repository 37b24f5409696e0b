"""The sample-ratio test, and a million draws that pass it and stay as they are."""

from __future__ import annotations

import hashlib
import math

import numpy as np
import pytest

from serve.trials.assignment import Assignment, Subject, draw
from serve.trials.sample_ratio import ALARM, sample_ratio_p_value

_DRAW_ALL = """
import hashlib
from serve.trials.assignment import Assignment
assignment = Assignment("salt of march", 0.3)
drawn = bytes(assignment.is_treated(f"order {i}") for i in range(1_000_000))
print(sum(drawn), hashlib.sha256(drawn).hexdigest())
"""


def test_a_million_assignments_pass_and_stay_over_a_restart(fresh_process) -> None:
    assignment = Assignment("salt of march", 0.3)
    drawn = bytes(assignment.is_treated(f"order {i}") for i in range(1_000_000))
    num_treated = sum(drawn)
    assert sample_ratio_p_value(num_treated, 1_000_000 - num_treated, 0.3) > ALARM
    assert abs(num_treated - 300_000) < 4 * math.sqrt(1_000_000 * 0.3 * 0.7)  # and a plain test passes, too
    told = fresh_process(_DRAW_ALL).split()
    assert told == [str(num_treated), hashlib.sha256(drawn).hexdigest()]


def test_draws_are_uniform_and_another_salt_draws_anew() -> None:
    first, other = (np.array([draw(salt, f"unit {i}") for i in range(20_000)]) for salt in ("a", "b"))
    for draws in (first, other):
        counts = np.histogram(draws, 20, (0, 1))[0]
        assert ((counts - 1000) ** 2 / 1000).sum() < 60  # chi-square of 19 degrees of freedom: p is about 4e-6
    assert abs(np.corrcoef(first, other)[0, 1]) < 4 / math.sqrt(20_000)
    assert draw("a", "unit 1") == pytest.approx(
        int(hashlib.sha256(b"a:unit 1").hexdigest()[:16], 16) / 2**64, abs=0, rel=0
    )


def test_units_are_orders_customers_and_stretches_of_time() -> None:
    def unit(kind, **changes) -> str | None:
        subject = Subject(**{"order_id": "o1", "region": "north", "customer": "c1", "at": 7200, **changes})
        return Assignment("salt", 0.5, kind, 3600).unit_of(subject)

    assert unit("order") == "o1"
    assert unit("block") == unit("block", at=10_799, region="south") == "2" != unit("block", at=10_800)
    assert unit("region_block") == "2 north" != unit("region_block", region="south")
    assert unit("customer") == unit("customer", order_id="o2", at=1) != unit("customer", customer="c2")
    assert unit("customer", customer=None) is None
    assert "c1" not in str(unit("customer"))  # a hash: of customers nothing else is kept


def test_sound_experiments_hardly_ever_alarm_however_often_one_looks() -> None:
    rng, num_alarms, runs = np.random.default_rng(2), 0, 900
    for run in range(runs):
        share = (0.5, 0.1, 0.01)[run % 3]
        treated = np.cumsum(rng.random(20_000) < share)
        looks = np.unique(np.geomspace(1, 20_000, 120).astype(int))
        num_alarms += any(
            sample_ratio_p_value(int(treated[n - 1]), int(n - treated[n - 1]), share) < ALARM for n in looks
        )
    assert num_alarms <= 5  # at most 0.9 are expected


@pytest.mark.parametrize(
    ("share", "broken", "least"), [(0.5, 0.48, 60_000), (0.1, 0.09, 60_000), (0.5, 0.4, 3_000), (0.5, 0.2, 150)]
)
def test_a_broken_ratio_alarms(share: float, broken: float, least: int) -> None:
    rng, found = np.random.default_rng(4), 0
    for _ in range(20):
        treated = int(rng.binomial(least, broken))
        found += sample_ratio_p_value(treated, least - treated, share) < ALARM
    assert found == 20


def test_nothing_seen_is_no_alarm() -> None:
    assert sample_ratio_p_value(0, 0, 0.5) == 1.0
    assert 0 < sample_ratio_p_value(10**7, 0, 0.5) < 1e-200
