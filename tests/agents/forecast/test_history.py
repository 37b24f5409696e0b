"""History: what has been on record of past traces, as a router would have seen it."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from agents import load_agent
from agents.forecast.history import History, history_of
from envs.protocol import pricer_of
from envs.simulation import simulate
from scenarios import draw_trace, load_scenario
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.scenario import Scenario
from scenarios.seeds import HISTORY, TRAINING, VALIDATION

SCENARIO: Scenario = load_scenario("metro-disrupted", horizon_days=3, orders_per_day=600.0)


@pytest.fixture(scope="module")
def history() -> History:
    return History(SCENARIO, 6)


class Watcher:
    """Notes recent demand as it is shown at the first decision of each hour."""

    needs_features = False

    def __init__(self) -> None:
        self.agent = load_agent("myopic")
        self.name, self.pricing, self.pricer = self.agent.name, self.agent.pricing, pricer_of(self.agent)
        self.recent: dict[int, np.ndarray] = {}

    def start(self, network) -> None:
        self.agent.start(network)

    def choose(self, snapshot) -> int:
        hour = int(snapshot.seen.clock["now_seconds"][0]) // HOUR_SECONDS
        self.recent.setdefault(hour, snapshot.seen.demand["recent_milli"] / 1000.0)
        return self.agent.choose(snapshot)


def test_recent_demand_is_what_a_router_would_have_been_shown(history):
    watcher = Watcher()
    simulate(draw_trace(SCENARIO, HISTORY[4]), watcher, level="none")
    hours = [hour for hour in watcher.recent if hour < history.recent.shape[1] // 2]
    assert len(hours) > 50
    shown = np.array([watcher.recent[hour] for hour in hours])
    assert np.abs(shown - history.recent[4, hours]).max() < 0.02  # the rules round down every hour
    assert shown.max() > 1.0


def test_regimes_are_on_record(history):
    regimes = draw_trace(SCENARIO, HISTORY[2]).future.regimes
    assert len(regimes) > 0
    for hour in range(history.stretch.shape[1]):
        for service in range(history.stretch.shape[2]):
            begun = regimes[(regimes["service"] == service) & (regimes["starts_at"] <= hour * HOUR_SECONDS)]
            expected = begun["transit_permille"][-1] / 1000 if len(begun) else 1.0
            assert history.stretch[2, hour, service] == expected


@pytest.mark.parametrize(("days", "period"), [(1, 1), (3, 3), (7, 7), (9, 7), (16, 14)])
def test_the_past_goes_on_in_whole_weeks_or_whole_days(days, period):
    history = History(load_scenario("tiny", horizon_days=days), 2)
    assert history.period_seconds == period * DAY_SECONDS
    assert history.hour_of(period * DAY_SECONDS + 5 * HOUR_SECONDS + 1) == 5


def test_only_training_traces_are_past():
    with pytest.raises(InputError, match="training"):
        History(load_scenario("tiny"), 2, VALIDATION.start - 1)


def test_a_history_travels_as_its_recipe(history):
    sent = pickle.dumps(history)
    assert len(sent) < sum(future.orders.nbytes for future in history.futures) / 4
    again = pickle.loads(sent)
    assert again.recent.tobytes() == history.recent.tobytes()
    assert history_of(SCENARIO, 2) is history_of(SCENARIO, 2)


def test_a_process_makes_a_history_that_is_sent_to_it_once():
    sent = pickle.dumps(history_of(SCENARIO, 2))
    assert pickle.loads(sent) is pickle.loads(sent)
    assert pickle.loads(sent) is history_of(SCENARIO, 2)


def test_the_past_has_seeds_of_its_own():
    assert set(HISTORY) <= set(TRAINING)
    assert [trace.seed for trace in History(SCENARIO, 2).traces] == list(HISTORY[:2])


def test_an_order_log_that_every_seed_plays_is_no_past():
    """Its past would be its future."""
    with pytest.raises(InputError, match="past"):
        History(load_scenario("tables"), 2)
    with pytest.raises(InputError, match="past"):
        load_agent("dual", load_scenario("tables"))
    own = History(load_scenario("jasin-sinha", horizon_days=1), 2)  # its orders differ by seed
    assert own.futures[0].orders.tobytes() != own.futures[1].orders.tobytes()


def test_the_second_lap_goes_on_where_the_first_one_ends(history):
    num_hours = history.period_seconds // HOUR_SECONDS
    assert history.recent.shape[1] == 2 * num_hours
    assert history.demand_hour_of(history.period_seconds - 1) == num_hours - 1
    assert history.demand_hour_of(history.period_seconds) == num_hours
    assert history.demand_hour_of(4 * history.period_seconds + HOUR_SECONDS) == num_hours + 1
    last = (history.recent[:, num_hours] + 1e-9) / (history.recent[:, num_hours - 1] + 1e-9) > 56 / 64
    assert last.all()  # an hour forgets no more than its share
    kept = (57 / 64) ** num_hours
    difference = history.recent[:, num_hours:] - history.recent[:, :num_hours]
    assert np.allclose(difference[:, -1], history.recent[:, num_hours] * kept / (57 / 64))
