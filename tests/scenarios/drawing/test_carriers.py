import dataclasses

import numpy as np
import pytest

from scenarios import draw_trace
from scenarios.carrier_outage import CarrierOutage
from scenarios.carrier_regimes import CarrierRegimes
from scenarios.outage_risk import OutageRisk
from scenarios.quantiles import constant, exponential
from scenarios.trace import ALL_WAREHOUSES

HOUR, DAY = 3600, 86_400


@pytest.fixture
def carrier_world(small_world):
    """Two services; a calendar of a year."""

    def build(**changes):
        ground = small_world().services[0]
        services = (ground, dataclasses.replace(ground, name="air"))
        demand = dataclasses.replace(small_world().demand, orders_per_day=0.5)
        return small_world(services=services, demand=demand, **{"drain_days": 363, **changes})

    return build


def test_stated_outages_are_sorted_and_cut_at_the_end(carrier_world):
    outages = (
        CarrierOutage(service="air", from_day=1.5, to_day=2.25, warehouse="west"),
        CarrierOutage(service="ground", from_day=0.0, to_day=0.5),
        CarrierOutage(service="ground", from_day=364.0, to_day=400.0),
        CarrierOutage(service="air", from_day=365.0, to_day=366.0),
    )
    drawn = draw_trace(carrier_world(outages=outages), 1).future.outages
    assert drawn.tolist() == [
        (0, ALL_WAREHOUSES, 0, DAY // 2),
        (1, 1, 3 * DAY // 2, 9 * DAY // 4),
        (0, ALL_WAREHOUSES, 364 * DAY, 365 * DAY),
    ]


def test_outages_by_chance_come_as_often_and_last_as_long_as_expected(carrier_world):
    risk = OutageRisk(service="air", per_28_days=14.0, duration=exponential(5 * HOUR))
    drawn = [draw_trace(carrier_world(outage_risks=(risk,)), seed).future.outages for seed in range(10)]
    counts = [len(outages) for outages in drawn]
    assert np.mean(counts) == pytest.approx(365 / 2, abs=4 * np.sqrt(182 / 10))
    together = np.concatenate(drawn)
    assert set(together["service"].tolist()) == {1}
    assert set(together["warehouse"].tolist()) == {ALL_WAREHOUSES}
    lengths = together["ends_at"] - together["starts_at"]
    assert lengths.mean() == pytest.approx(5 * HOUR, rel=4 / np.sqrt(len(lengths)))
    assert (lengths > 0).all()
    for outages in drawn:
        assert (np.diff(outages["starts_at"]) >= 0).all()
        gaps = np.diff(outages["starts_at"])
        assert gaps.std() == pytest.approx(gaps.mean(), rel=0.35)  # exponential
        assert outages["ends_at"].max() <= 365 * DAY


def test_outages_at_one_of_some_warehouses(carrier_world):
    risk = OutageRisk(service="air", per_28_days=100.0, duration=constant(HOUR), warehouses=("west", "east"))
    outages = draw_trace(carrier_world(outage_risks=(risk,)), 2).future.outages
    assert np.bincount(outages["warehouse"]) == pytest.approx(len(outages) / 2, rel=0.2)


def test_a_service_has_streams_of_its_own(carrier_world):
    """Other services' outages and regimes, and a longer calendar, change nothing for it."""
    risk = OutageRisk(service="air", per_28_days=9.0, duration=exponential(HOUR))
    regimes = CarrierRegimes(service="air")
    alone = draw_trace(carrier_world(outage_risks=(risk,), regimes=(regimes,)), 7).future
    both = draw_trace(
        carrier_world(
            outage_risks=(
                dataclasses.replace(risk, service="ground"),
                risk,
                dataclasses.replace(risk, per_28_days=3.0),
            ),
            regimes=(CarrierRegimes(service="ground"), regimes),
            drain_days=200,
        ),
        7,
    ).future
    end = 202 * DAY
    assert set(alone.outages[alone.outages["ends_at"] < end].tolist()) < set(both.outages.tolist())
    kept = both.regimes[both.regimes["service"] == 1]
    assert kept.tolist() == alone.regimes[alone.regimes["starts_at"] < end].tolist()


def shares_of_time(regimes: np.ndarray, values: tuple[int, ...], end: int) -> np.ndarray:
    """Share of a service's time with each factor on transit; 1000 before the first row."""
    starts = np.concatenate([[0], regimes["starts_at"], [end]])
    factors = np.concatenate([[1000], regimes["transit_permille"]])
    return np.array([np.diff(starts)[factors == value].sum() / end for value in values])


def test_regimes_persist_and_have_their_long_run_shares(carrier_world):
    rule = CarrierRegimes(service="air", mean_days=(2.0, 0.5, 0.25))
    shares, lengths = [], []
    for seed in range(20):
        regimes = draw_trace(carrier_world(regimes=(rule,)), seed).future.regimes
        assert set(regimes["service"].tolist()) == {1}
        assert (np.diff(regimes["starts_at"]) >= 0).all()
        assert (np.diff(regimes["transit_permille"]) != 0).all()
        assert regimes["starts_at"].max() < 365 * DAY
        shares.append(shares_of_time(regimes, rule.transit_permille, 365 * DAY))
        is_congested = regimes["transit_permille"][:-1] == 1300
        lengths.extend(np.diff(regimes["starts_at"])[is_congested])
    assert np.mean(shares, axis=0) == pytest.approx(rule.shares(), abs=0.02)
    assert np.mean(lengths) == pytest.approx(DAY / 2, rel=4 / np.sqrt(len(lengths)))


def test_the_first_regime_is_drawn_by_its_share_of_time(carrier_world):
    rule = CarrierRegimes(service="air", mean_days=(1.0, 1.0, 1.0), transit_permille=(1000, 1300, 1800))
    first = []
    for seed in range(300):
        regimes = draw_trace(carrier_world(regimes=(rule,), drain_days=1), seed).future.regimes
        is_set = len(regimes) and regimes["starts_at"][0] == 0
        first.append(int(regimes["transit_permille"][0]) if is_set else 1000)
    seen = np.array([np.mean(np.array(first) == value) for value in rule.transit_permille])
    assert np.abs(seen - rule.shares()).max() < 4.5 * np.sqrt(0.25 / 300)


def test_regimes_without_effect_leave_no_rows(carrier_world):
    rule = CarrierRegimes(service="air", transit_permille=(1000, 1000, 1000))
    assert not len(draw_trace(carrier_world(regimes=(rule,)), 1).future.regimes)
    steady = dataclasses.replace(rule, transit_permille=(2000, 2000, 2000))
    assert draw_trace(carrier_world(regimes=(steady,)), 1).future.regimes.tolist() == [(1, 0, 2000)]
