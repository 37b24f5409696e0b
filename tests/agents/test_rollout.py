"""The rollout router: it sees the crowding that it causes and the company that may come, and nothing not revealed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from agents import load_agent
from agents.forecast.analogues import Forecast
from agents.forecast.history import History
from agents.rollout import RolloutRouter
from envs.protocol import Onlooker
from envs.simulation import simulate
from envs.snapshot import Snapshot
from scenarios import draw_trace, load_scenario
from scenarios.seeds import VALIDATION
from scenarios.trace import Trace

CROWDED = load_scenario("cutoff-congestion", horizon_days=1)
SOCIABLE = load_scenario("hold-consolidate", horizon_days=1)


def router(scenario, num_futures: int = 4, horizon_hours: int = 4, base: str = "myopic") -> RolloutRouter:
    forecast = Forecast(History(scenario, 8), num_nearest=4)
    return RolloutRouter(load_agent(base), forecast, 3, num_futures, horizon_hours * 3600)


def cost(trace, agent) -> int:
    return int(simulate(trace, agent, level="none").world.totals.sum())


def test_it_is_repeatable_and_forgets_the_episode_before():
    agent, traces = router(CROWDED), [draw_trace(CROWDED, VALIDATION.start + i) for i in range(2)]
    first = [cost(trace, agent) for trace in traces]
    assert [cost(trace, router(CROWDED)) for trace in traces] == first


def test_with_no_other_plan_it_is_its_base_router():
    scenario = load_scenario("single-warehouse", horizon_days=1)
    trace = draw_trace(scenario, VALIDATION.start)
    agent = router(scenario)
    agent.num_plans = 1
    assert cost(trace, agent) == cost(trace, load_agent("myopic"))


def test_it_waits_for_company_though_its_base_router_never_does():
    trace, agent = draw_trace(SOCIABLE, VALIDATION.start), router(SOCIABLE, horizon_hours=2)
    rollout, myopic = (simulate(trace, one, level="none").world for one in (agent, load_agent("myopic")))
    assert rollout.hidden.orders["num_holds"].sum() > 0
    assert rollout.totals.sum() < 0.97 * myopic.totals.sum()


class Noting(Onlooker):
    """Notes the slots that an agent chose, with the second."""

    needs_features = False

    def __init__(self, agent: RolloutRouter) -> None:
        self.agent = agent
        self.chosen: list[tuple[int, int]] = []

    def choose(self, snapshot: Snapshot) -> int:
        slot = self.agent.choose(snapshot)
        self.chosen.append((int(snapshot.seen.clock["now_seconds"][0]), slot))
        return slot


def changed_after(trace: Trace, other: Trace, second: int) -> Trace:
    """The trace until a second, then the orders of another one, among them some by customers known by then."""
    past, future = trace.future, other.future
    count, skipped = (int((one.orders["arrival_seconds"] <= second).sum()) for one in (past, future))
    orders = np.concatenate([past.orders[:count], future.orders[skipped:]])
    lines = np.concatenate(
        [past.lines[past.lines["order"] < count], future.lines[future.lines["order"] >= skipped]],
    )
    orders["first_line"] = np.cumsum(orders["num_lines"]) - orders["num_lines"]
    lines["order"] = np.repeat(np.arange(len(orders)), orders["num_lines"])
    orders["customer_id"][count : count + 40] = past.orders["customer_id"][count - 40 : count]
    orders["region"][count : count + 40] = past.orders["region"][count - 40 : count]
    return replace(trace, future=past._replace(orders=orders, lines=lines))


def test_nothing_of_the_true_future_is_in_its_choices():
    """Who orders again, above all: until they do, its choices are those of a world in which they do not."""
    trace, other = (draw_trace(SOCIABLE, VALIDATION.start + i) for i in range(2))
    second, found = 15 * 3600, []
    for one in (trace, changed_after(trace, other, second)):
        agent = Noting(router(SOCIABLE, horizon_hours=2))
        simulate(one, agent, level="none")
        found.append([chosen for chosen in agent.chosen if chosen[0] <= second])
    assert found[0] == found[1]
    assert len(found[0]) > 100
    assert len({slot for _, slot in found[0]}) > 1


@pytest.mark.slow
@pytest.mark.parametrize(("name", "hours", "least"), [("cutoff-congestion", 8, 0.01), ("hold-consolidate", 4, 0.08)])
def test_it_sees_the_crowding_that_a_myopic_router_causes_and_the_company_that_it_does_not_wait_for(name, hours, least):
    scenario, saved = load_scenario(name), []
    agent, myopic = router(scenario, 8, hours, base="hold-once"), load_agent("myopic")
    for i in range(2):
        trace = draw_trace(scenario, VALIDATION.start + i)
        before = cost(trace, myopic)
        saved.append((before - cost(trace, agent)) / before)
    assert np.mean(saved) > least
