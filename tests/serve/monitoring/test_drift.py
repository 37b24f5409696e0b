"""Drift: a shift is an alarm within one window, and weeks without one are not, whatever their luck and their cycles."""

from __future__ import annotations

import numpy as np
import pytest

from envs.feature_schema import CONTEXT_FEATURES, SLOT_FEATURES
from serve.monitoring.reference import LEAST_PSI, Reference
from tests.serve.monitoring.weeks import counts_of, later_weeks, reference_document, reference_weeks, shifted

BIG = 0.26
"""Just above what is to be an alarm."""


@pytest.fixture(scope="module")
def reference() -> Reference:
    return Reference(reference_document())


def alarms(reference: Reference, counts: list[np.ndarray]) -> list[str]:
    return [f"{row.measure.group}.{row.measure.name}" for row in reference.compare(counts) if row.is_alarm]


def test_every_feature_is_compared(reference: Reference) -> None:
    assert len(reference.measures) == len(SLOT_FEATURES) + len(CONTEXT_FEATURES) + 1
    assert reference.window_seconds == 7 * 86_400
    unsteady = {row.name for row in reference.measures if row.psi_limit > LEAST_PSI}
    # Queues and punctuality remember what happened: weeks of the same world differ by more than a big shift.
    assert {"mean_pick_start", "max_pick_start"} <= unsteady
    assert len(unsteady) < 12


def test_windows_drawn_from_the_reference_do_not_alarm(reference: Reference) -> None:
    """Decisions in any order: with as few as are judged, chance alone must not look like a shift."""
    dice, pool = np.random.default_rng(1), [row for week in reference_weeks() for row in week]
    num_alarms = 0
    for _ in range(40):
        drawn = dice.choice(len(pool), reference.least_decisions)
        num_alarms += bool(alarms(reference, counts_of(reference, [pool[i] for i in drawn])))
    assert num_alarms == 0


@pytest.mark.slow
def test_at_most_one_simulated_week_in_a_hundred_alarms(reference: Reference) -> None:
    found = [alarms(reference, counts_of(reference, decisions)) for decisions in later_weeks(180, first=100)]
    assert sum(map(bool, found)) <= 1, found


def test_a_big_shift_of_any_steady_feature_alarms_in_one_window(reference: Reference) -> None:
    """Every measure in turn, shifted by a PSI just above 0.25, in windows with as few decisions as are judged."""
    dice, missed, num_shifted = np.random.default_rng(2), [], 0
    for decisions in later_weeks(2, first=50):
        counts = counts_of(reference, decisions)
        for i, measure in enumerate(reference.measures):
            if measure.psi_limit > LEAST_PSI:
                continue
            shares, name = shifted(counts[i], measure.counts, BIG), f"{measure.group}.{measure.name}"
            size = reference.least_decisions * (counts[i].sum() // len(decisions))  # plans count in features
            for _ in range(5):
                window = [*counts[:i], dice.multinomial(size, shares), *counts[i + 1 :]]
                found, num_shifted = alarms(reference, window), num_shifted + 1
                assert set(found) <= {name}
                missed += [] if found else [name]
    assert num_shifted > 400
    assert len(missed) <= num_shifted // 100, missed


@pytest.mark.parametrize(("feature", "factor"), [("shipping_cost", 1.5), ("distance", 1.6), ("shelf_left", 0.5)])
def test_a_shop_that_changes_alarms(reference: Reference, feature: str, factor: float) -> None:
    column = [row.name for row in SLOT_FEATURES].index(feature)
    for decisions in later_weeks(1, first=70):
        for row in decisions:
            row.features[:, column] *= factor
        assert f"features.{feature}" in alarms(reference, counts_of(reference, decisions))


def test_a_choice_that_becomes_another_alarms(reference: Reference) -> None:
    for decisions in later_weeks(1, first=80):
        features = [row.features[: row.num_plans] for row in decisions]
        slots = [min(1, row.num_plans - 1) for row in decisions]  # never the best plan where there is another
        found = reference.count(features, [row.context for row in decisions], slots)
        assert alarms(reference, found) == ["choices.slot"]


def test_what_an_older_bundle_does_not_tell_is_not_compared() -> None:
    assert not Reference({"features": {}, "num_decisions": 500}).is_known
    assert not Reference({**reference_document(), "num_decisions": [500]}).is_known
