"""Intervals on streams whose truth is known: however often one looks, they are wrong as rarely as they say."""

from __future__ import annotations

import numpy as np
import pytest

from serve.trials.boundary import boundary
from serve.trials.off_policy import Log, value_of_arm, value_of_log
from serve.trials.results import GUARDRAIL_ALPHA
from serve.trials.sequence import MIN_UNITS, Stream, difference_of, stream_of, terms_of, value_of

PLANNED, ALPHA = 200, 0.05


def units_of(rng: np.random.Generator, kind: str, num: int, share: float, effect: float = 0.0) -> Stream:
    """Units of one kind of demand; the treatment adds ``effect`` to each order."""
    is_treated = rng.random(num) < share
    sizes, sums = np.ones(num), np.zeros(num)
    if kind == "normal":
        sums = rng.normal(10, 1, num)
    elif kind == "heavy":
        sums = rng.lognormal(0, 1.5, num)
    elif kind == "rare":
        sums = (rng.random(num) < 0.05).astype(float)
    else:  # blocks of many orders whose level drifts and swings from day to day
        sizes = rng.poisson(30, num) + 1.0
        level = 10 + 2 * np.sin(np.arange(num) / 7) + np.cumsum(rng.normal(0, 0.1, num))
        sums = sizes * (level + rng.normal(0, 0.5, num))
    return stream_of(is_treated, sizes, sums + effect * is_treated * sizes, share)


def looks(num: int) -> list[int]:
    """Moments at which one looks: often at first, when intervals are worst, and later at every eightieth unit."""
    return sorted({*range(MIN_UNITS, 200, 6), *range(200, num + 1, 80)})


def until(stream: Stream, num: int) -> Stream:
    return stream._replace(counts=stream.counts[:num], sizes=stream.sizes[:num], sums=stream.sums[:num])


def is_ever_wrong(stream: Stream, truth: float) -> bool:
    for num in looks(len(stream.sums)):
        seen = difference_of(until(stream, num), ALPHA, PLANNED)
        if seen.low is not None and seen.high is not None and not seen.low <= truth <= seen.high:
            return True
    return False


@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize("kind", ["normal", "heavy", "rare", "blocks"])
def test_of_two_equal_arms_no_more_are_ever_told_apart_than_stated(kind: str, share: float) -> None:
    rng, runs = np.random.default_rng([7, len(kind), int(10 * share)]), 80
    num_wrong = sum(is_ever_wrong(units_of(rng, kind, 1000, share), 0.0) for _ in range(runs))
    assert num_wrong <= ALPHA * runs + 3 * (ALPHA * (1 - ALPHA) * runs) ** 0.5


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_arms_that_vary_unlike_each_other_are_covered_as_well(share: float) -> None:
    rng, runs, wrong = np.random.default_rng(17), 80, 0
    for _ in range(runs):
        is_treated = rng.random(1000) < share
        sums = np.where(is_treated, rng.exponential(4, 1000), rng.normal(4, 1, 1000))  # the same mean
        wrong += is_ever_wrong(stream_of(is_treated, np.ones(1000), sums, share), 0.0)
    assert wrong <= ALPHA * runs + 3 * (ALPHA * (1 - ALPHA) * runs) ** 0.5


def test_guardrails_hardly_ever_stop_what_is_at_its_limit() -> None:
    rng, runs, num_stopped = np.random.default_rng(19), 150, 0
    for run in range(runs):
        stream = units_of(rng, ("normal", "rare", "blocks")[run % 3], 1000, (0.5, 0.1)[run % 2])
        seen = [difference_of(until(stream, num), 2 * GUARDRAIL_ALPHA, PLANNED).low for num in looks(1000)]
        num_stopped += any(low is not None and low > 0 for low in seen)
    assert num_stopped <= GUARDRAIL_ALPHA * runs + 3 * (GUARDRAIL_ALPHA * runs) ** 0.5


def test_a_plain_interval_looked_at_as_often_is_wrong_far_more_often() -> None:
    """The test above could fail."""
    rng, runs, num_wrong = np.random.default_rng(3), 100, 0
    for _ in range(runs):
        stream = units_of(rng, "normal", 1000, 0.5)
        terms = terms_of(stream)
        values = (terms.guesses + 2 * terms.missed) @ [-1.0, 1.0]
        for num in looks(len(values)):
            error = values[:num].std() / num**0.5
            if abs(values[:num].mean()) > 1.96 * error:
                num_wrong += 1
                break
    assert num_wrong > 4 * ALPHA * runs


@pytest.mark.parametrize("kind", ["normal", "blocks"])
def test_a_true_difference_is_found_and_covered(kind: str) -> None:
    rng, found, wrong = np.random.default_rng(11), 0, 0
    for _ in range(60):
        stream = units_of(rng, kind, 600, 0.5, effect=0.6)
        seen = difference_of(stream, ALPHA, PLANNED)
        assert seen.low is not None
        assert seen.high is not None
        found += seen.low > 0
        wrong += is_ever_wrong(stream, 0.6)
    assert found >= 54
    assert wrong <= 8


def test_what_arms_would_give_is_estimated_without_bias() -> None:
    rng, estimates = np.random.default_rng(5), []
    for _ in range(300):
        stream = units_of(rng, "normal", 200, 0.2, effect=3.0)
        estimates.append([value_of(stream, is_treatment, ALPHA, PLANNED).estimate for is_treatment in (True, False)])
    means, errors = np.mean(estimates, axis=0), np.std(estimates, axis=0) / 300**0.5
    assert np.abs(means - [13.0, 10.0]).max() < 4 * errors.max()


def test_prediction_takes_the_level_of_demand_out() -> None:
    """Weighting alone would let the variance grow with the square of what an order costs."""
    rng = np.random.default_rng(9)
    low = units_of(rng, "normal", 500, 0.5)
    high = Stream(low.counts, low.sizes, low.sums + 1e6 * low.sizes, low.share)
    a, b = difference_of(low, ALPHA, PLANNED), difference_of(high, ALPHA, PLANNED)
    assert (a.estimate, a.low, a.high) == pytest.approx((b.estimate, b.low, b.high), abs=1e-6)


def test_many_units_may_be_taken_together_by_when_they_began() -> None:
    """As many as began in the same moment make one row; the interval is as right and about as tight."""
    rng, runs, wrong, reaches = np.random.default_rng(13), 60, 0, []
    for _ in range(runs):
        one = units_of(rng, "normal", 4000, 0.2, effect=0.2)
        place = np.sort(rng.integers(0, 400, 4000))
        rows = [np.array([np.bincount(place, column[:, arm], 400) for arm in (0, 1)]).T for column in one[:3]]
        together = Stream(rows[0], rows[1], rows[2], 0.2)
        seen = [difference_of(stream, ALPHA, PLANNED) for stream in (one, together)]
        reaches.append([interval.high - interval.low for interval in seen])
        assert seen[1].estimate == pytest.approx(seen[0].estimate, abs=reaches[-1][0] / 4)
        wrong += is_ever_wrong(together, 0.2)
    assert wrong <= ALPHA * runs + 3 * (ALPHA * (1 - ALPHA) * runs) ** 0.5
    assert np.mean(reaches, axis=0)[1] == pytest.approx(np.mean(reaches, axis=0)[0], rel=0.1)


def events(rng: np.random.Generator, rates: tuple[float, float], num: int, share: float, most: float | None) -> Stream:
    """Orders that need a person, say, with another rate in each arm: control, treatment."""
    is_treated = rng.random(num) < share
    came = rng.random(num) < np.where(is_treated, rates[1], rates[0])
    return stream_of(is_treated, np.ones(num), came * (most or 100.0), share, most)


@pytest.mark.parametrize("share", [0.5, 0.1])
@pytest.mark.parametrize("most", [1.0, 24.0, None])
@pytest.mark.parametrize("rates", [(0.01, 0.02), (0.02, 0.01), (0.01, 0.05), (0.2, 0.3)])
def test_rare_events_that_do_differ_are_covered(rates: tuple[float, float], most: float | None, share: float) -> None:
    """Until the first event came, all terms are 0, and a variance that is only seen would be, too."""
    rng, runs, truth = np.random.default_rng([31, int(10 * share)]), 60, (rates[1] - rates[0]) * (most or 100.0)
    wrong = sum(is_ever_wrong(events(rng, rates, 800, share, most), truth) for _ in range(runs))
    assert wrong <= ALPHA * runs + 3 * (ALPHA * (1 - ALPHA) * runs) ** 0.5


def test_nothing_that_came_is_not_taken_for_nothing_that_can_come() -> None:
    is_treated = np.arange(60) % 2 == 0
    bounded = difference_of(stream_of(is_treated, np.ones(60), np.zeros(60), 0.5, 1.0), ALPHA, PLANNED)
    assert bounded.estimate == 0.0
    assert bounded.low == pytest.approx(-bounded.high)
    assert 0.1 < bounded.high < 1.0  # none of thirty is nothing strange at one in ten
    free = difference_of(stream_of(is_treated, np.ones(60), np.zeros(60), 0.5), ALPHA, PLANNED)
    assert (free.estimate, free.low, free.high) == (0.0, None, None)


def test_a_great_difference_of_shares_is_found() -> None:
    rng = np.random.default_rng(37)
    found = [difference_of(events(rng, (0.05, 0.15), 2000, 0.5, 1.0), ALPHA, PLANNED) for _ in range(40)]
    assert sum(seen.low is not None and seen.low > 0 for seen in found) >= 36
    seen = value_of(events(rng, (0.05, 0.15), 2000, 0.5, 1.0), True, ALPHA, PLANNED)
    assert seen.low is not None
    assert seen.high is not None
    assert 0.05 < seen.low < 0.15 < seen.high < 0.25


def together(rng: np.random.Generator, rates: tuple[float, float], mean_size: int, most: float | None) -> Stream:
    """Units of several orders of which either all or none go wrong."""
    sizes, is_treated = rng.poisson(mean_size - 1, 600) + 1.0, rng.random(600) < 0.5
    went_wrong = rng.random(600) < np.where(is_treated, rates[1], rates[0])
    return stream_of(is_treated, sizes, sizes * went_wrong, 0.5, most)


@pytest.mark.parametrize("mean_size", [3, 30])
@pytest.mark.parametrize("most", [1.0, None])
@pytest.mark.parametrize("rates", [(0.02, 0.05), (0.01, 0.05), (0.05, 0.01)])
def test_orders_that_go_wrong_together_are_covered(
    rates: tuple[float, float], most: float | None, mean_size: int
) -> None:
    """What may come is as much as a whole unit, of which there may have been none yet."""
    rng, runs, wrong = np.random.default_rng([41, mean_size]), 60, np.zeros(3)
    for _ in range(runs):
        stream = together(rng, rates, mean_size, most)
        missed = [False, False, False]
        for num in looks(600):
            part = until(stream, num)
            seen = [
                difference_of(part, ALPHA, PLANNED),
                *(value_of(part, arm, ALPHA, PLANNED) for arm in (False, True)),
            ]
            for i, (one, truth) in enumerate(zip(seen, (rates[1] - rates[0], *rates), strict=True)):
                missed[i] |= one.low is not None and one.high is not None and not one.low <= truth <= one.high
        wrong += missed
    assert (wrong <= ALPHA * runs + 3 * (ALPHA * (1 - ALPHA) * runs) ** 0.5).all()


def test_a_bound_on_many_orders_is_as_wide_as_they_are() -> None:
    is_treated = np.arange(60) % 2 == 0
    reaches = []
    for size in (1.0, 30.0, 300.0):  # as little is known of the 61st unit, however many orders it has
        seen = difference_of(stream_of(is_treated, np.full(60, size), np.zeros(60), 0.5, 1.0), ALPHA, PLANNED)
        assert seen.high is not None
        reaches.append(seen.high)
    assert min(reaches) > 0.1
    assert max(reaches) < 0.5


def test_shares_of_blocks_are_told_as_closely_as_money() -> None:
    rng, widths = np.random.default_rng(47), []
    for _ in range(20):
        sizes = rng.poisson(30, 400) + 1.0
        level = rng.beta(2, 18, 400)  # each block has a day of its own
        late = rng.binomial(sizes.astype(int), level).astype(float)
        seen = difference_of(stream_of(rng.random(400) < 0.5, sizes, late, 0.5), ALPHA, PLANNED)
        assert seen.low is not None
        assert seen.high is not None
        widths.append(seen.high - seen.low)
    assert np.mean(widths) < 0.1


def test_bounded_sums_cross_their_boundary_as_rarely_as_stated() -> None:
    """Terms that seldom lie far below their mean, so that their squares look small for long."""
    rng, runs, alpha, plain = np.random.default_rng(43), 200, 0.05, 0
    num_crossed = 0
    for _ in range(runs):
        came = (rng.random(600) < 0.02).astype(float)
        sums, squares = np.cumsum(0.02 - came), np.cumsum(came**2)  # each was guessed to be 0
        looked = range(9, 600, 15)
        num_crossed += any(sums[i] > boundary(float(squares[i]), 1.0, 10.0, alpha) for i in looked)
        plain += any(sums[i] > 1.645 * squares[i] ** 0.5 for i in looked)
    assert num_crossed <= alpha * runs + 3 * (alpha * (1 - alpha) * runs) ** 0.5
    assert plain > 10 * alpha * runs


def test_a_boundary_grows_with_what_was_missed_and_with_what_may_come() -> None:
    reaches = [boundary(square, 1.0, 10.0, 0.05) for square in (0.0, 1.0, 10.0, 1000.0)]
    assert reaches == sorted(reaches)
    assert np.log(1 / 0.05) < reaches[0] < 10  # so much may be owed before anything is seen
    assert boundary(10.0, 2.0, 10.0, 0.05) > reaches[2] > boundary(10.0, 1.0, 10.0, 0.2)
    assert boundary(1e6, 1e-3, 1e6, 0.05) == pytest.approx(1e3 * (3.4), rel=0.2)  # next to no bound: a normal mixture


def test_there_is_no_interval_before_both_arms_have_units_enough() -> None:
    rng = np.random.default_rng(1)
    stream = units_of(rng, "normal", 400, 0.5)
    none = np.zeros(0)
    assert difference_of(stream_of(none > 0, none, none, 0.5), ALPHA, PLANNED) == (None, None, None, 0)
    one_armed = stream_of(np.ones(400, bool), stream.sizes.sum(axis=1), stream.sums.sum(axis=1), 0.5)
    assert difference_of(one_armed, ALPHA, PLANNED).num_units == 0
    for num in (2, 10, 2 * MIN_UNITS - 1):
        seen = difference_of(until(stream, num), ALPHA, PLANNED)
        assert (seen.low, seen.high) == (None, None)
    assert difference_of(stream, ALPHA, PLANNED).low is not None


def test_a_total_over_orders_that_an_arm_leaves_out_is_not_told() -> None:
    """Both arms are late in a fifth, but one declines three in ten: its total would look too small."""
    rng = np.random.default_rng(23)
    is_treated = rng.random(20_000) < 0.5
    has_value = ~is_treated | (rng.random(20_000) < 0.7)
    late = (rng.random(20_000) < 0.2).astype(float)
    whole = stream_of(is_treated[has_value], np.ones(has_value.sum()), late[has_value], 0.5, 1.0)
    assert value_of_arm(whole, 1, 0.5).ips == pytest.approx(0.165, abs=0.01)  # what would be told
    some = whole._replace(num_absent=int((~has_value).sum()))
    assert value_of_arm(some, 1, 0.5).ips is None
    assert [value_of_arm(some, arm, 0.5).snips for arm in (0, 1)] == pytest.approx([0.2, 0.2], abs=0.01)


@pytest.mark.parametrize("most", [1.0, None])
def test_a_rare_event_under_another_policy_is_covered(most: float | None) -> None:
    rng, runs, wrong = np.random.default_rng(29), 60, 0
    for _ in range(runs):
        propensities = rng.choice([0.9, 0.1], 1000)
        is_same = rng.random(1000) < propensities
        values = (rng.random(1000) < 0.03).astype(float)
        for num in looks(1000):
            log = Log(is_same[:num], propensities[:num], values[:num], most)
            _, seen = value_of_log(log, ALPHA, PLANNED)
            if seen.low is not None and seen.high is not None and not seen.low <= 0.03 <= seen.high:
                wrong += 1
                break
    assert wrong <= ALPHA * runs + 3 * (ALPHA * (1 - ALPHA) * runs) ** 0.5
