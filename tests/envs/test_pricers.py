"""Pricers that fail or give no prices, and schedules that cannot be kept: refused by name, and nothing is lost."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from agents import load_agent
from envs import World, simulate
from envs.batch import Batch, choose_for_all
from envs.compiled_clock import CONTINUE, CompiledClock
from envs.loop import SKIP
from envs.prices import Pricing
from envs.routing_env import OrderRoutingEnv
from envs.simulation import CLOCKS
from envs.vector_env import OrderRoutingVectorEnv
from scenarios.checks import MAX_MILLICENTS
from scenarios.errors import InputError
from tests.envs.test_batch import TRACES
from tests.priced import Noting, Priced, ToyPricer


class Failing(Noting):
    """Raises at the job of one second, once."""

    second = 60_000

    def prices(self, network, seen):
        if seen.clock["now_seconds"][0] == self.second and not any(job[0] == -1 for job in self.jobs):
            self.jobs.append((-1, np.zeros(0), None))
            raise ArithmeticError("no basis found")
        return super().prices(network, seen)


@pytest.mark.parametrize("clock", CLOCKS)
def test_a_pricer_that_raises_is_named(clock):
    with pytest.raises(InputError, match=r"bid prices by Failing at second 60000.*ArithmeticError: no basis") as caught:
        simulate(TRACES[1], Priced(load_agent("random"), Failing()), clock)
    causes = [caught.value.__cause__, getattr(caught.value.__cause__, "__cause__", None)]
    assert any(isinstance(cause, ArithmeticError) for cause in causes)


def test_nothing_is_lost_when_a_job_fails():
    """The failed job is begun again, and all goes on as if it had not failed."""
    wanted = simulate(TRACES[1], Priced(load_agent("myopic"), ToyPricer()))
    world = World(TRACES[1], pricing=Pricing.SCHEDULED, pricer=Failing())
    clock, num_failed = CompiledClock(world), 0
    is_due = clock.start()
    while is_due:
        try:
            is_due = clock.answer(0)
        except InputError:
            num_failed += 1
            clock = CompiledClock(pickle.loads(pickle.dumps(world)))
            world = clock.world
            is_due = clock.answer(CONTINUE)
    assert num_failed == 1
    count = int(world.hidden.counters["num_events"][0])
    assert world.hidden.events[:count].tolist() == wanted.events.to_pandas().to_numpy().tolist()
    assert world.totals.tolist() == wanted.world.totals.tolist()


def test_nothing_is_lost_in_a_batch_when_a_job_fails():
    agent = Priced(load_agent("myopic"), ToyPricer())
    wanted = [simulate(trace, agent).world.totals.tolist() for trace in TRACES]
    pricers = [Failing() if row in (1, 3) else ToyPricer() for row in range(len(TRACES))]
    batch, num_failed = (
        Batch([World(trace, pricing=Pricing.SCHEDULED, pricer=p) for trace, p in zip(TRACES, pricers, strict=True)], 2),
        0,
    )
    while batch.is_due().any():
        slots = choose_for_all(agent, batch.snapshot())
        while True:
            try:
                batch.step(slots)
                break
            except InputError:
                num_failed += 1
                slots = np.full(len(TRACES), SKIP)
    assert num_failed == 2
    assert batch.totals.tolist() == wanted
    batch.close()


def bad_table(**changes: Any) -> Any:
    """A pricer that gives something else."""

    class Bad(ToyPricer):
        def prices(self, network, seen):
            good = super().prices(network, seen)
            return changes["make"](good)

    return Bad()


def with_cell(value: int):
    def change(good):
        good[0, 0] = value
        return good

    return change


@pytest.mark.parametrize(
    "make",
    [
        lambda good: good[:, :-1],
        lambda good: good.T.copy(),
        lambda good: good.astype(float),
        lambda good: good.astype(np.int32),
        lambda good: good.tolist(),
        lambda good: None,
        with_cell(-1),
        with_cell(MAX_MILLICENTS + 1),
    ],
    ids=["narrow", "turned", "float", "int32", "list", "none", "negative", "absurd"],
)
@pytest.mark.parametrize("clock", CLOCKS)
def test_what_is_no_table_of_prices_is_refused(make, clock):
    with pytest.raises(InputError, match="bid prices by Bad at second 0"):
        simulate(TRACES[1], Priced(load_agent("random"), bad_table(make=make)), clock)


@pytest.mark.parametrize(
    ("pricer", "named"),
    [
        (ToyPricer(0), "interval_seconds"),
        (ToyPricer(True), "interval_seconds"),
        (ToyPricer(3600.0), "interval_seconds"),
        (ToyPricer(3600, -1), "delay_seconds"),
        (ToyPricer(3600, 3600), "delay_seconds"),
        (ToyPricer(3600, 900, 899), "stale_seconds"),
        (ToyPricer(3600, 0, 0), "stale_seconds"),
        (None, "pricer"),
        ("a table", "pricer"),
    ],
    ids=str,
)
def test_a_schedule_that_cannot_be_kept_is_refused(pricer, named):
    for make in (
        lambda: World(TRACES[1], pricing=Pricing.SCHEDULED, pricer=pricer),
        lambda: simulate(TRACES[1], Priced(load_agent("myopic"), pricer)),
        lambda: OrderRoutingEnv("tiny", pricing="SCHEDULED", pricer=pricer),
        lambda: OrderRoutingVectorEnv(2, "tiny", pricing="SCHEDULED", pricer=pricer),
    ):
        with pytest.raises(InputError, match=named):
            make()


@pytest.mark.parametrize("pricing", [Pricing.NONE, Pricing.CLOSED_FORM])
def test_a_pricer_that_nobody_would_ask_is_refused(pricing):
    with pytest.raises(InputError, match="pricer"):
        World(TRACES[1], pricing=pricing, pricer=ToyPricer())


def test_prices_are_not_stale_before_three_intervals_unless_told():
    class Plain:
        interval_seconds, delay_seconds = 700, 10
        prices = ToyPricer().prices

    world = World(TRACES[1], pricing=Pricing.SCHEDULED, pricer=Plain())
    assert world.seen.clock["price_stale_seconds"] == 2100
