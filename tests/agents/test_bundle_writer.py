"""Bundles are written at once or not at all."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from agents.bundle import BundleAgent, read_bundle
from agents.recording import Decision, count, golden_cases, reference_histograms, windows_of
from agents.registry import MANIFEST
from agents.shift import largest_gap, stability_index
from envs.feature_schema import CONTEXT_FEATURES, IS_REAL, NUM_CONTEXT, NUM_FEATURES, SCORE_GAP, SLOT_FEATURES
from envs.plan_table import MAX_PLANS
from envs.prices import Pricing
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS
from tests.policy_bundles import make_bundle, plain_scores, plan_settings, record, score_model


def test_the_same_content_gives_the_same_bundle(sound_bundle: Path, tmp_path: Path) -> None:
    again = make_bundle(tmp_path / "again")
    assert (again / MANIFEST).read_bytes() == (sound_bundle / MANIFEST).read_bytes()


def test_small_worlds_have_bundles_too(tmp_path: Path) -> None:
    assert BundleAgent(make_bundle(tmp_path / "tiny", "tiny", every=1)).bundle.public.id == "tiny@1"


@pytest.mark.parametrize(
    "changes",
    [
        {"model": b"broken"},
        {"model": score_model(multiplier=2.0)},
        {"golden": []},
        {"plan": plan_settings(fallback=())},
        {"plan": plan_settings(fallback=("nearest", "clairvoyant"))},
        {"plan": plan_settings(fallback=("myopic",))},  # means another score with bid prices
        {"plan": plan_settings(pricing=Pricing.NONE, fallback=("nearest",))},
        {"plan": plan_settings(temperature=0.0)},
    ],
)
def test_an_unsound_bundle_leaves_nothing_behind(tmp_path: Path, changes: dict[str, object]) -> None:
    with pytest.raises(InputError):
        make_bundle(tmp_path / "policy", "tiny", every=1, **changes)
    assert list(tmp_path.iterdir()) == []


def test_what_is_there_is_kept_unless_it_is_a_bundle_to_be_replaced(tmp_path: Path) -> None:
    folder = make_bundle(tmp_path / "policy", "tiny", every=1)
    with pytest.raises(InputError, match="new folder"):
        make_bundle(folder, "tiny", every=1)
    with pytest.raises(InputError):
        make_bundle(folder, "tiny", every=1, replace=True, model=b"broken")
    assert BundleAgent(folder).name == "hand-made"
    make_bundle(folder, "tiny", every=1, replace=True, provenance={"run": "second"})
    assert read_bundle(folder).provenance == {"run": "second"}
    assert list(tmp_path.iterdir()) == [folder]
    (tmp_path / "other").mkdir()
    with pytest.raises(InputError, match="new folder"):
        make_bundle(tmp_path / "other", "tiny", every=1, replace=True)


def _decision(scores: list[float]) -> Decision:
    """A decision whose plans have these scores under ``plain_scores``."""
    features = np.zeros((MAX_PLANS, NUM_FEATURES), np.float32)
    features[: len(scores), IS_REAL] = 1
    features[: len(scores), SCORE_GAP] = [-score / 2 for score in scores]
    return Decision({}, features, np.zeros(NUM_CONTEXT, np.float32), len(scores), 0)


def test_near_ties_are_no_golden_cases() -> None:
    decisions = [_decision([0.0, -1e-6]), _decision([0.0]), _decision([-3.0, 0.0, -1.0])]
    cases = golden_cases(decisions, plain_scores)
    assert [case.slot for case in cases] == [0, 1]
    assert [len(case.scores) for case in cases] == [1, 3]


def test_reference_histograms_count_every_plan_once() -> None:
    decisions = record("metro-small", every=20)
    half = len(decisions) // 2
    reference = reference_histograms([decisions[:half], decisions[half:]], DAY_SECONDS)
    num_plans = sum(decision.num_plans for decision in decisions)
    assert set(reference["features"]) == {feature.name for feature in SLOT_FEATURES}
    assert set(reference["context"]) == {feature.name for feature in CONTEXT_FEATURES}
    for histogram in reference["features"].values():
        assert sum(histogram["counts"]) == num_plans
        assert len(histogram["counts"]) == len(histogram["edges"]) + 1
        assert len(histogram["psi"]) == len(histogram["gap"]) == 2
    for histogram in reference["context"].values():
        assert sum(histogram["counts"]) == len(decisions)
    assert sum(reference["choices"]["counts"]) == sum(reference["num_decisions"]) == len(decisions)
    counts = reference["features"]["shipping_cost"]["counts"]  # deciles of a continuous feature hold about as many each
    assert max(counts) < 2 * min(counts)


def test_a_value_that_is_common_has_a_bin_of_its_own() -> None:
    rare = [replace(_decision([0.0]), context=np.full(NUM_CONTEXT, i % 20 == 0, np.float32)) for i in range(100)]
    reference = reference_histograms([rare], DAY_SECONDS)
    histogram = reference["context"]["is_again"]
    assert histogram["counts"] == [0, 95, 5]
    often = count(np.array(histogram["edges"]), np.tile(np.float32([0, 1]), 50))
    assert stability_index(np.array(histogram["counts"]), often) > 0.25


def test_the_stability_index_by_hand() -> None:
    expected = (0.2 - 0.6) * np.log(0.2 / 0.6) + (0.8 - 0.4) * np.log(0.8 / 0.4)
    assert stability_index(np.array([20_000, 80_000]), np.array([60_000, 40_000])) == pytest.approx(expected, rel=1e-3)
    assert largest_gap(np.array([2, 8]), np.array([60, 40])) == pytest.approx(0.4)
    assert np.isfinite(stability_index(np.array([0, 10]), np.array([10, 0])))


def test_windows_of_an_episode() -> None:
    decisions = [replace(_decision([0.0]), at=at) for at in (0, 9, 10, 25, 99)]
    assert [[row.at for row in window] for window in windows_of(decisions, 10, 2)] == [[0, 9], [10, 25, 99]]
    assert [[row.at for row in window] for window in windows_of(decisions, 10, 4)] == [[0, 9], [10], [25], [99]]
