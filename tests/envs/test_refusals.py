"""Traces and slots that no rule could play are refused, on both clocks, and nothing hangs or is lost in silence."""

from __future__ import annotations

import pytest

from agents import load_agent
from envs.log import log_event
from envs.simulation import simulate
from envs.state import MAX_LINES
from envs.world import World
from scenarios.errors import InputError
from scenarios.trace import Trace
from tests.worlds import DAY, every_trouble, random_trace, with_future


class Stubborn:
    """Chooses an empty slot."""

    name, needs_features = "stubborn", False
    pricing = load_agent("myopic").pricing

    def __init__(self, slot: int) -> None:
        self.slot = slot

    def start(self, network):
        pass

    def choose(self, snapshot):
        return self.slot


@pytest.mark.parametrize("slot", [-1, 31, 32])
@pytest.mark.parametrize("clock", ["compiled", "simpy"])
def test_an_empty_slot_is_refused(trace_of, slot, clock):
    with pytest.raises(InputError, match=r"slot of decision 0.*stubborn"):
        simulate(trace_of("toy-nearest"), Stubborn(slot), clock)


def broken(trace: Trace, noun: str, field: str, value: int, row: int = 1) -> Trace:
    """The trace with one wrong value."""
    array = getattr(trace.future, noun).copy()
    array[field][row] = value
    return with_future(trace, **{noun: array})


END = 5 * DAY
"""Of the calendars of a random world."""


@pytest.mark.parametrize(
    ("noun", "field", "value"),
    [
        ("receipts", "actual_at", -1),
        ("receipts", "announced_at", 10 * DAY),
        ("receipts", "actual_units", -1),
        ("orders", "patience_seconds", 0),
        ("orders", "patience_seconds", 1 << 36),
        ("receipts", "actual_at", 1 << 36),
        ("outages", "starts_at", 1 << 36),
        ("outages", "starts_at", -600),
        ("outages", "ends_at", END + 1),
        ("regimes", "starts_at", -600),
        ("regimes", "transit_permille", 0),
    ],
)
def test_a_value_that_no_rule_could_play_is_refused(noun, field, value):
    """A receipt announced after its arrival used to hang the compiled clock."""
    trace = random_trace(2, **every_trouble())
    assert trace.network.settings["end_seconds"] == END
    World(trace)
    named = "announced_at" if (field, value) == ("actual_at", -1) else field
    with pytest.raises(InputError, match=rf"{noun}\[1\]\.{named}"):
        World(broken(trace, noun, field, value))


@pytest.mark.parametrize("noun", ["outages", "regimes"])
def test_rows_out_of_order_are_refused(noun):
    trace = random_trace(2, **every_trouble())
    last = getattr(trace.future, noun)["starts_at"][-1]
    with pytest.raises(InputError, match=rf"{noun}\[1\]\.starts_at.*sorted"):
        World(broken(trace, noun, "starts_at", last + 600, row=0))


def test_a_missing_supplier_is_refused():
    trace = random_trace(2, **every_trouble())
    with pytest.raises(InputError, match="suppliers"):
        World(with_future(trace, suppliers=trace.future.suppliers[:-1]))


def test_too_many_lines_are_refused():
    trace = random_trace(2, num_skus=70, max_lines=70, num_orders=60)
    assert trace.future.orders["num_lines"].max() > MAX_LINES
    with pytest.raises(InputError, match=f"at most {MAX_LINES} lines"):
        World(trace)


def test_a_full_log_is_never_silent():
    """Without room the counter tells; nothing is written beyond the end."""
    world = World(random_trace(1))
    world.hidden = world.hidden._replace(events=world.hidden.events[:5].copy())
    world.rebind()
    log_event(world.hidden, 0, 1, -1, -1, 7)
    for _ in range(5):
        assert not world.hidden.counters["has_overflown"]
        log_event(world.hidden, 0, 1, -1, -1, 8)
    assert world.hidden.counters["has_overflown"]
    assert world.hidden.counters["num_events"] == 5
    assert world.hidden.events[:, 6].tolist() == [7, 8, 8, 8, 8]


def test_journeys_that_no_agenda_could_hold_are_refused():
    """They used to come first on the compiled clock's agenda."""
    trace = random_trace(2, **every_trouble())
    longest = int(trace.network.tables["value"].max())
    with pytest.raises(InputError, match="longest transit"):
        World(broken(trace, "regimes", "transit_permille", 1000 * ((1 << 30) // longest)))
