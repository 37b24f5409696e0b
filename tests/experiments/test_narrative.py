"""The story of an order names what happened to it, in order."""

from __future__ import annotations

from agents.registry import load_agent
from envs.log import Kind
from envs.simulation import simulate
from experiments.narrative import life_of, telling_order
from scenarios.draw import draw_trace
from scenarios.registry import load_scenario
from tests.worlds import every_trouble, random_trace


def test_life_of_an_order_that_is_split():
    simulation = simulate(draw_trace(load_scenario("metro-small"), 2_000_000), load_agent("myopic"))
    order = telling_order(simulation)
    story = list(life_of(simulation, order))
    assert len(story) == sum(simulation.events["order"].to_numpy() == order)
    assert f"order {order} from" in story[0]
    assert "promised by" in story[0]
    assert "the router takes a plan" in story[1]
    assert sum("collected" in line for line in story) >= 2  # two parcels
    assert "delivered" in story[-2]
    assert story[-1].endswith("the order is complete")


def test_a_declined_order_is_said_to_be():
    simulation = simulate(draw_trace(load_scenario("metro-small"), 2_000_000), load_agent("myopic"))
    declined = int((simulation.world.hidden.orders["status"] == 1).argmax())
    assert any(line.endswith("declined") for line in life_of(simulation, declined))


def test_every_order_of_a_disrupted_world_can_be_told():
    """Every kind of event that an order may meet has its words."""
    told = set()
    for seed in range(12):
        trace = random_trace(seed, num_orders=60, **every_trouble())
        simulation = simulate(trace, load_agent("random"))
        told |= set(simulation.events["kind"].to_pylist())
        for order in range(trace.num_orders):
            assert all(list(life_of(simulation, order)))
    expected = {Kind.HELD, Kind.HOLD_ENDED, Kind.SHORT_PICKED, Kind.REOPENED, Kind.LINE_CANCELLED, Kind.RELEASE_DUE}
    assert expected | {Kind.ASKED_AGAIN} <= told
