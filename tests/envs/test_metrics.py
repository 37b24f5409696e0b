"""Metrics are what the event log says."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import load_agent
from envs.costs import COST_PARTS, MILLICENTS
from envs.hidden import CANCELLED, DECLINED, DELIVERED
from envs.log import Kind
from envs.simulation import simulate
from tests.every_agent import EVERY_AGENT, agent_of
from tests.retold import Retold
from tests.retold_goods import DEPARTED
from tests.worlds import traces


def test_metrics_leave_the_warmup_out_and_rewards_do_not(trace_of):
    trace = trace_of("metro-small")
    simulation = simulate(trace, load_agent("myopic"))
    warmup = int(trace.network.settings["warmup_seconds"][0])
    is_measured = trace.future.orders["arrival_seconds"] >= warmup
    assert 0 < is_measured.sum() < trace.num_orders
    assert simulation.metrics["num_orders"] == is_measured.sum()
    cost = simulation.world.hidden.order_costs[is_measured].sum() / MILLICENTS / is_measured.sum()
    assert simulation.metrics["cost_per_order"] == pytest.approx(cost)


@settings(max_examples=60)
@given(traces(), st.sampled_from(EVERY_AGENT))
def test_metrics_recomputed_from_the_event_log(trace, agent):
    simulation = simulate(trace, agent_of(agent))
    metrics, retold = simulation.metrics, Retold(trace, simulation.world.pricer)
    retold.tell(simulation.events.to_pandas().to_numpy())
    lines = pd.DataFrame({"order": trace.future.lines["order"], "end": retold.ended, "parcel": retold.parcel_of})
    lines["promise"] = retold.tariffs.promise_at
    sent = lines[lines["end"] == DELIVERED].copy()
    lives = [retold.parcels[parcel] for parcel in sent["parcel"]]
    sent["at"] = [life.delivered_at for life in lives]
    is_late = sent["at"] > sent["promise"]
    is_at_once = np.array([life.released_at == life.planned_at for life in lives], bool)
    ends, kinds = lines.groupby("order")["end"], retold.num_kinds
    delivered = ends.agg(lambda end: (end == DELIVERED).all())
    cancelled, declined = (
        ends.agg(lambda end, status=status: (end == status).any()) for status in (CANCELLED, DECLINED)
    )
    late_orders = set(sent["order"][is_late])
    num_parcels = sent.groupby("order")["parcel"].nunique()
    rates = {
        "decline_rate": (declined & ~cancelled).sum(),
        "cancel_rate": cancelled.sum(),
        "hold_rate": kinds[Kind.HELD],
        "reroute_rate": kinds[Kind.ASKED_AGAIN],
        "otif_rate": sum(is_whole and order not in late_orders for order, is_whole in delivered.items()),
        "parcels_per_order": sum(life.stage == DEPARTED for life in retold.parcels),
        "cost_per_order": simulation.world.totals.sum() / MILLICENTS,
        "num_orders": trace.num_orders**2,
    }
    for name, count in rates.items():
        assert metrics[name] * trace.num_orders == pytest.approx(count), name
    assert metrics["fill_rate"] * len(lines) == pytest.approx(is_at_once.sum())
    assert metrics["late_line_rate"] * len(lines) == pytest.approx(is_late.sum())
    is_split = num_parcels[delivered[num_parcels.index]] > 1
    assert metrics["split_rate"] * max(1, delivered.sum()) == pytest.approx(is_split.sum())
    assert metrics["num_decisions"] == retold.num_decisions
    parts = sum(metrics[f"{part.name}_per_order"] for part in COST_PARTS)
    assert metrics["cost_per_order"] == pytest.approx(parts)
    hours = (sent["at"] - trace.future.orders["arrival_seconds"][sent["order"]]) / 3600
    if len(sent):
        assert metrics["hours_to_door"] == pytest.approx(hours.mean())


def test_utilisation_is_a_share(trace_of):
    metrics = simulate(trace_of("metro-small"), load_agent("nearest")).metrics
    shares = [value for name, value in metrics.items() if name.startswith("utilisation")]
    assert len(shares) == 7
    assert all(
        0 <= share <= 1.05 for share in shares
    )  # a pick under way at a shift's end is finished, so a bit above 1
