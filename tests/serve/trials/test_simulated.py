"""Estimates of experiments against the simulator, which knows the truth."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from agents.heuristics import RuleAgent
from benchmarks.interference import DESIGNS, Mixed, costs_of, study
from envs.costs import MILLICENTS
from envs.plan_table import Rule
from envs.prices import Pricing
from envs.snapshot import Snapshot
from scenarios.draw import draw_trace
from scenarios.network import Network
from scenarios.registry import load_scenario
from serve.trials.assignment import Assignment
from serve.trials.exploring import Exploration, explore, near_slots, plan_propensity
from serve.trials.off_policy import Log, value_of_arm, value_of_log
from serve.trials.sequence import difference_of, stream_of, value_of

SEED = 1_000_200
MARGIN = 20 * MILLICENTS
MYOPIC_ROUTER = RuleAgent("myopic", Rule.MYOPIC, needs_features=True)
FASTEST_ROUTER = RuleAgent("fastest", Rule.FASTEST, needs_features=True)


@cache
def ample(number: int):
    """A trace in which nothing is scarce, so that orders do not touch each other."""
    return draw_trace(load_scenario("ample-stock"), SEED + number)


@cache
def alone(number: int, router: RuleAgent) -> np.ndarray:
    return costs_of(ample(number), router)


class Drawn:
    """A router whose plans are drawn among near ones; notes what another router would have chosen there."""

    name, pricing, needs_features = "drawn", Pricing.NONE, True

    def __init__(self, router: RuleAgent, other: RuleAgent, exploration: Exploration) -> None:
        self._router, self._other, self._exploration = router, other, exploration
        self.seen: dict[int, tuple[bool, float]] = {}  # of covered orders: whether the other's plan, with what chance

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        best, order = self._router.choose(snapshot), int(snapshot.seen.order["order"][0])
        slot, propensity = explore(snapshot, best, self._exploration, f"order {order}")
        wanted = self._other.choose(snapshot)
        near = near_slots(snapshot, best, self._exploration.margin_millicents)
        if wanted in near and len(near) > 1:
            chance = plan_propensity(wanted == best, self._exploration.share, len(near))
            assert slot != wanted or chance == propensity
            self.seen[order] = (slot == wanted, chance)
        return slot


def test_another_policy_is_judged_from_drawn_plans() -> None:
    """The log of a router that draws tells what another one costs on orders it covers; that one's run is the truth."""
    covered, traces = [], 3
    for number in range(traces):
        drawn = Drawn(MYOPIC_ROUTER, FASTEST_ROUTER, Exploration(f"salt {number}", 0.8, MARGIN))
        costs, truth = costs_of(ample(number), drawn), alone(number, FASTEST_ROUTER)
        own = alone(number, MYOPIC_ROUTER)
        covered += [(*drawn.seen[order], costs[order], truth[order], own[order]) for order in sorted(drawn.seen)]
    is_same, chances, costs, truth, own = (np.array(column) for column in zip(*covered, strict=True))
    assert len(costs) > 1000
    value, interval = value_of_log(Log(is_same > 0, chances, costs), 0.05, 2000)
    assert interval.low is not None
    assert interval.high is not None
    assert value.snips is not None
    assert interval.low <= truth.mean() <= interval.high
    assert abs(value.snips - truth.mean()) < interval.high - interval.low
    assert not interval.low <= own.mean() <= interval.high  # it is the other policy's value, and not the router's own
    assert 100 < value.effective < len(costs)


def test_the_interval_of_a_log_is_right_at_all_times() -> None:
    rng, wrong, runs = np.random.default_rng(8), 0, 60
    for _ in range(runs):
        chances = rng.choice([0.1, 0.3, 0.7], 1500)
        means = rng.normal(10, 1, 1500)
        is_same = rng.random(1500) < chances
        values = np.where(is_same, means, means + 5) + rng.exponential(1, 1500)  # truth: means + 1
        for num in range(50, 1501, 50):
            _, seen = value_of_log(Log(is_same[:num], chances[:num], values[:num]), 0.05, 500)
            if seen.low is not None and seen.high is not None and not seen.low <= (means[:num] + 1).mean() <= seen.high:
                wrong += 1
                break
    assert wrong <= 8  # at most 3 are expected


def test_arms_tell_what_each_policy_would_give_for_all_orders() -> None:
    """Order by order is right where orders do not touch each other."""
    costs, treated = [], []
    for number in range(3):
        mixed = Mixed(MYOPIC_ROUTER, FASTEST_ROUTER, Assignment(f"salt {number}", 0.3))
        found = costs_of(ample(number), mixed)
        orders = sorted(mixed.units)
        costs.append(found[orders])
        treated.append(np.array([mixed.assignment.is_treated(mixed.units[order][0]) for order in orders]))
    stream = stream_of(np.concatenate(treated), np.ones(sum(map(len, costs))), np.concatenate(costs), 0.3)
    truths = [np.concatenate([alone(n, router) for n in range(3)]).mean() for router in (FASTEST_ROUTER, MYOPIC_ROUTER)]
    for is_treatment, truth in ((True, truths[0]), (False, truths[1])):
        seen = value_of(stream, is_treatment, 0.05, 2000)
        assert seen.low is not None
        assert seen.high is not None
        assert seen.low <= truth <= seen.high
        value = value_of_arm(stream, int(is_treatment), 0.3 if is_treatment else 0.7)
        assert value.effective == stream.counts[:, int(is_treatment)].sum()
        assert value.snips == pytest.approx(truth, rel=0.03)
        assert value.ips == pytest.approx(truth, rel=0.1)
    difference = difference_of(stream, 0.05, 2000)
    assert difference.low is not None
    assert difference.high is not None
    assert difference.low <= truths[0] - truths[1] <= difference.high
    assert difference.low > 0  # and it is found


def test_of_two_equal_routers_none_is_found_better_in_any_design() -> None:
    """A/A on simulated orders, with all that they share; looked at after every trace."""
    for design in DESIGNS[:2]:
        costs, treated, sizes = [], [], []
        for number in range(4):
            assignment = Assignment(f"{design.name} {number}", 0.5, design.unit, 3600 * design.block_hours)
            trace = draw_trace(load_scenario("cutoff-congestion"), SEED + number)
            mixed = Mixed(MYOPIC_ROUTER, MYOPIC_ROUTER, assignment)
            found = costs_of(trace, mixed)
            by_unit: dict[str, list[float]] = {}
            for order, (unit, _) in sorted(mixed.units.items()):
                by_unit.setdefault(unit, []).append(float(found[order]))
            treated += [assignment.is_treated(unit) for unit in by_unit]
            sizes += [len(orders) for orders in by_unit.values()]
            costs += [sum(orders) for orders in by_unit.values()]
            seen = difference_of(stream_of(np.array(treated), np.array(sizes, float), np.array(costs), 0.5), 0.05, 200)
            assert seen.low is None or seen.high is None or seen.low <= 0 <= seen.high


@pytest.mark.slow
def test_arms_that_share_queues_are_compared_wrongly_order_by_order_and_less_so_in_blocks() -> None:
    designs = [design for design in DESIGNS if design.name in ("order by order", "blocks of a day", "blocks of 2 days")]
    truths, findings = study(16, designs)
    truth = truths.mean()
    assert (truths < 0).mean() > 0.9  # the treatment is better on nearly every trace
    by_name = {finding.design: finding.interval for finding in findings}
    naive = by_name["order by order"]
    assert naive.low is not None
    assert naive.low > 0  # and is found worse, beyond doubt
    away = [abs(finding.interval.estimate - truth) for finding in findings]
    assert away[0] > away[1] > away[2]
