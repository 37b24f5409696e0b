"""Looking ahead: what a slot leads to in a named future, and nothing of the true one."""

from __future__ import annotations

import numpy as np
import pytest

from agents import load_agent
from envs.compiled_clock import CompiledClock
from envs.inner import Code, Inner
from envs.lookahead import Lookahead
from envs.plan_table import Rule
from envs.simulation import simulate
from envs.tail import tail_of
from envs.world import World
from scenarios.errors import InputError
from tests.forked import at_decision, now_of, state_of
from tests.worlds import every_trouble, random_trace

BASE = Inner(Code.RULE, int(Rule.MYOPIC), is_own_best=True)


def asked_world(seed: int, number: int = 12) -> World:
    return at_decision(random_trace(seed, num_orders=40, **every_trouble(has_reordering=False)), number).world


def tail_for(world: World, seed: int, salt: int | None = None):
    other = random_trace(seed, num_orders=40, **every_trouble(has_reordering=False))
    return tail_of(other, now_of(world), salt=salt)


def test_an_outlook_is_what_a_fork_would_book():
    """Played by hand, decision by decision, as the router inside decides."""
    from envs.fork import fork_on

    world = asked_world(3)
    ahead, rule = Lookahead(world, BASE), load_agent("myopic")
    before, weights = state_of(world), np.ones(7)
    slots, tails = range(min(3, int(world.plans.counts[0]))), [tail_for(world, 3, salt) for salt in (1, 2)]
    outlooks = ahead.outlooks(slots, tails)
    for row, slot in enumerate(slots):
        for column, tail in enumerate(tails):
            fork = fork_on(world, tail)
            clock, booked = CompiledClock(fork), fork.totals.copy()
            is_due = clock.answer(slot)
            while is_due:
                count = int(fork.plans.counts[0])
                rules = fork.plans.rules[:count]
                is_due = clock.answer(int(np.lexsort((rules[:, Rule.MYOPIC], rules[:, BASE.parameter]))[0]))
            assert outlooks.millicents[row, column] == weights @ (fork.totals - booked) != 0
            left = fork.seen.stock["on_hand_units"] - fork.seen.stock["allocated_units"]
            assert (outlooks.units[row, column] == left).all()
    assert (outlooks.millicents[:, 0] != outlooks.millicents[:, 1]).all()
    assert state_of(world) == before
    assert rule.inner.is_own_best


def test_the_true_luck_and_empty_slots_are_refused():
    world = asked_world(3)
    ahead = Lookahead(world, BASE)
    with pytest.raises(InputError, match="salt"):
        ahead.outlooks([0], [tail_for(world, 3), tail_for(world, 3, salt=0)])
    with pytest.raises(InputError, match="slot"):
        ahead.outlooks([0, int(world.plans.counts[0])], [tail_for(world, 3)])


class Gambler:
    """Looks ahead at slot 0 before it takes it."""

    name, needs_features, base = "gambler", False, BASE

    def __init__(self) -> None:
        self.agent = load_agent("myopic")
        self.pricing = self.agent.pricing

    def start(self, network) -> None:
        self.ahead = None

    def look_ahead(self, lookahead) -> None:
        self.ahead = lookahead

    def choose(self, snapshot) -> int:
        tail = tail_of(self.trace, int(snapshot.seen.clock["now_seconds"][0]), salt=5)
        self.ahead.outlooks([0], [tail])
        return self.agent.choose(snapshot)


def test_looking_ahead_changes_nothing_by_itself_and_needs_the_compiled_clock():
    trace, gambler = random_trace(5, num_orders=30, **every_trouble(has_reordering=False)), Gambler()
    gambler.trace = trace
    assert simulate(trace, gambler).events.equals(simulate(trace, load_agent("myopic")).events)
    with pytest.raises(InputError, match=r"clock.*compiled"):
        simulate(trace, gambler, "simpy")
