"""What a linear program takes a line to cost is what the plan table says, where nothing queues."""

from __future__ import annotations

import numpy as np
import pytest

from agents.dual.line_costs import line_costs
from agents.forecast.analogues import Window
from envs.compiled_clock import CompiledClock
from envs.plan_table import Rule
from envs.state import NONE
from envs.world import World
from scenarios import draw_trace, load_scenario


def window_of(world: World, order: int) -> Window:
    """A window that holds one order of the world alone."""
    orders = world.future.orders[order : order + 1].copy()
    first, count = int(orders["first_line"][0]), int(orders["num_lines"][0])
    lines = world.future.lines[first : first + count].copy()
    orders["first_line"], lines["order"] = 0, 0
    return Window(orders, lines, np.ones(len(world.network.services)), world.future.receipts[:0])


@pytest.mark.parametrize("weights", [(1.0, 1.0, 1.0), (0.5, 3.0, 7.0)])
@pytest.mark.parametrize("scenario", ["tiny", "metro-small", "presale-split"])
def test_costs_are_those_of_the_plan_table(scenario, weights):
    """Of single lines, of every warehouse that has the goods, while its stations are open and none of them waits.

    A presale line waits for its date, and its promise with it.
    """
    world = World(draw_trace(load_scenario(scenario), 3), "none", weights)
    clock, compared, presales = CompiledClock(world), 0, 0
    is_due = clock.start()
    while is_due and (compared < 60 or (scenario == "presale-split" and presales < 60)):
        now, order = int(world.seen.clock["now_seconds"][0]), int(world.seen.order["order"][0])
        plans, count = world.plans, int(world.plans.counts[0])
        whole, fixed = line_costs(world.network, world.seen, window_of(world, order))
        assert (fixed <= whole).all()
        if world.future.orders["num_lines"][order] == 1 and now > 0:
            rows = plans.options[plans.chosen[:count, 0]]
            ship_from = int(world.future.lines["ship_from_seconds"][world.future.orders["first_line"][order]])
            for warehouse in range(world.network.pairs.shape[0]):
                is_here = (rows["warehouse"] == warehouse) & (rows["receipt"] == NONE)
                if is_here.any() and (plans.slots["num_parcels"][:count] == 1).all():
                    scores = plans.rules[:count, Rule.SCORE][is_here] / 1000
                    collections = world.network.collections
                    is_full = world.seen.bookings["booked_parcels"] >= collections["capacity_parcels"]
                    is_full &= (collections["time_seconds"] >= now) & (collections["warehouse"] == warehouse)
                    is_presale = plans.start_at[warehouse] < ship_from
                    if (plans.start_at[warehouse] == now or is_presale) and not is_full.any():
                        assert whole[0, warehouse] == pytest.approx(scores.min(), rel=1e-4, abs=20)
                        compared, presales = compared + 1, presales + is_presale
        is_due = clock.answer(0)
    assert compared >= (15 if scenario == "tiny" else 60)


def test_what_no_service_can_carry_is_unreachable():
    world = World(draw_trace(load_scenario("metro-small"), 3), "none")
    CompiledClock(world).start()
    heavy = window_of(world, 0)
    heavy.lines["units"] = 100_000
    whole, _ = line_costs(world.network, world.seen, heavy)
    assert np.isinf(whole).all()
