"""Windows of real orders are played to their end."""

from __future__ import annotations

import numpy as np
import pytest

from agents import load_agent
from envs import simulate
from envs.hidden import DECLINED, DELIVERED
from scenarios import draw_trace

AGENTS = ("nearest", "cheapest", "myopic", "primal-dual")


@pytest.mark.parametrize("agent", AGENTS)
def test_every_made_up_order_ends(small_olist, agent):
    trace = draw_trace(small_olist.at(2_000_001), 2_000_001)
    simulation = simulate(trace, load_agent(agent), level="ledger")
    status = simulation.world.hidden.orders["status"][: trace.num_orders]
    assert np.isin(status, (DELIVERED, DECLINED)).all()
    assert (status == DELIVERED).mean() > 0.8
    assert len(simulation.ledger) > trace.num_orders


def test_both_clocks_agree(small_olist):
    trace = draw_trace(small_olist.at(1_000_001), 1_000_001)
    first, second = (simulate(trace, load_agent("myopic"), clock) for clock in ("simpy", "compiled"))
    assert first.events.equals(second.events)


def test_real_orders_are_counted_completely(real_olist):
    report = real_olist.stream.report
    for table, total in report.totals.items():
        assert sum(report.counts[table].values()) == total
    assert report.totals["orders"] == 22_536
    assert report.totals["items"] == 25_129
    assert report.counts["orders"]["used"] > 20_000
    assert sum(len(log.orders) for log in real_olist.stream.logs.values()) == report.counts["orders"]["used"]


def test_the_real_network_looks_like_brazil(real_olist):
    assert len(real_olist.skus) == 200
    assert len(real_olist.regions) == 50
    assert real_olist.warehouses[0].name == "sp-sao-paulo"
    assert real_olist.stream.single_share == pytest.approx(0.985, abs=0.003)
    shares = real_olist.published.region_shares
    in_sao_paulo = sum(
        share for share, region in zip(shares, real_olist.regions, strict=True) if region.name.startswith("sp-")
    )
    assert in_sao_paulo == pytest.approx(0.42, abs=0.06)
    medians = [zone.transit.values[29] / 86_400 for zone in real_olist.services[0].zones]
    assert medians[0] == pytest.approx(2.8, abs=1.0)
    assert medians[-1] == pytest.approx(14.5, abs=2.0)


def test_real_windows_are_a_fair_problem(real_olist):
    """Late shares near the training data's, few declined, stations busy but not swamped, rules apart."""
    traces = [draw_trace(real_olist.at(seed), seed) for seed in range(2_000_001, 2_000_013)]
    means = {}
    for agent in AGENTS:
        metrics = [simulate(trace, load_agent(agent), level="none").metrics for trace in traces]
        means[agent] = {name: np.mean([one[name] for one in metrics]) for name in metrics[0]}
    myopic = means["myopic"]
    assert 0.015 < myopic["late_line_rate"] < 0.08
    assert myopic["decline_rate"] < 0.03
    assert 0.85 < myopic["fill_rate"] < 0.99
    assert 0.55 < myopic["utilisation"] < 0.85
    assert myopic["split_rate"] < 0.01
    assert myopic["cost_per_order"] < means["nearest"]["cost_per_order"]
    assert max(one["cost_per_order"] for one in means.values()) > 1.005 * myopic["cost_per_order"]
