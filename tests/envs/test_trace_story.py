"""A property that fails shrinks to a small world and tells it so that a person can read it."""

from __future__ import annotations

import pytest
from hypothesis import Phase, given, settings

from agents import load_agent
from envs.simulation import simulate
from scenarios.trace import Trace
from tests.envs.test_clocks import assert_equal
from tests.trace_story import moment, story
from tests.worlds import every_trouble, random_trace, traces

STORY = """\
random@1, seed 1, calendar until 5+00:00
  at most 3 parcels, may backorder, may hold 10 min, reviews every 80 min
warehouse-0: 2 stations, 10% short, open 0+04:40-1+19:10 2+03:10-2+06:00 3+01:00-3+20:20 4+13:40-4+23:20 5+00:00-
  shelf: 3 sku-0 (at 7 up to 8), 4 sku-1 (at 0 up to 6)
  service-0 (room): 0+08:10 (1) 2+16:50 (1) 3+09:30 (3) 3+18:50 (3) 3+22:10 (3) 4+01:40 (3) 4+08:40 (3) 5+00:00 (all)
1+15:40 order 0 of customer 0 to region-0: 2 sku-1, 1 sku-0 (from 1+20:30); promised 3+23:40, waits until 2+12:20
1+21:30 order 1 of customer 1 to region-0: 1 sku-0; promised 6+07:30, waits until 2+08:00
1+10:40 receipt of 2 sku-1 for warehouse-0 at 1+22:40, comes 2+01:20 with 2
0+00:50 outage of service-0 at warehouse-0 until 0+11:10
0+03:40 outage of service-0 at warehouse-0 until 0+13:40
1+13:30 outage of service-0 everywhere until 2+12:20
1+23:50 outage of service-0 at warehouse-0 until 2+22:00
0+19:20 service-0 takes 3798 permille
1+01:10 service-0 takes 600 permille
1+10:10 service-0 takes 3981 permille
1+11:10 service-0 takes 518 permille
2+22:20 service-0 takes 1338 permille
luck: 4332da7ea27529eb 6bd307b68dec00f5 7cb9be64f9dfb4de
"""


def small_world():
    return random_trace(
        1,
        **every_trouble(num_warehouses=1, num_services=1, num_regions=1, num_skus=2, num_orders=2, num_receipts=1),
    )


def test_the_story_of_a_small_world():
    assert story(small_world()) == STORY.rstrip("\n")


@pytest.mark.parametrize(("seconds", "text"), [(0, "0+00:00"), (93_600, "1+02:00"), (86_399, "0+23:59:59")])
def test_moments(seconds, text):
    assert moment(seconds) == text


@settings(max_examples=40)
@given(traces())
def test_a_story_leaves_nothing_out(trace):
    text, future = story(trace), trace.future
    lines = text.splitlines()
    assert sum(" order " in line and "promised" in line for line in lines) == len(future.orders)
    for noun, rows in (
        (" receipt of ", future.receipts),
        (" outage of ", future.outages),
        (" permille", future.regimes),
    ):
        assert sum(noun in line for line in lines) == len(rows)
    for key in (*future.orders["luck_key"], *future.suppliers["luck_key"]):
        assert f"{int(key):x}" in lines[-1].split()
    for column in (future.orders["arrival_seconds"], future.receipts["actual_at"], future.outages["ends_at"]):
        assert all(moment(seconds) in text for seconds in column)
    assert max(map(len, lines), default=0) < 4000


def test_a_failing_equality_shrinks_to_a_story():
    """Here one clock is given a world in which carriers never stop: that cannot end well."""

    @settings(max_examples=100, database=None, phases=(Phase.generate, Phase.shrink), report_multiple_bugs=False)
    @given(traces())
    def clocks_agree(trace):
        future = trace.future._replace(outages=trace.future.outages[:0])
        quiet = Trace(trace.scenario_id, trace.seed, trace.names, trace.network, future)
        one, other = simulate(trace, load_agent("myopic")), simulate(quiet, load_agent("myopic"), "simpy")
        assert_equal(one, other)

    with pytest.raises(AssertionError, match="events row") as failure:
        clocks_agree()
    told = failure.value.__notes__[0].splitlines()
    assert told[0].startswith("random@1, seed")
    assert sum(" order " in line for line in told) == 1, "one order is enough"
    assert any(" outage of " in line for line in told)
    assert len(told) <= 15
