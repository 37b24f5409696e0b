"""Bundles whose bid prices are solved on a schedule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from agents.bundle_writer import write_bundle
from agents.dual.pricer import DualPricer
from agents.dual.router import dual_router
from agents.fallback import DUAL
from agents.recording import Recorder, golden_cases, reference_histograms
from envs.prices import Pricing
from envs.simulation import simulate
from scenarios.draw import draw_trace
from scenarios.local_time import DAY_SECONDS
from scenarios.registry import load_scenario
from tests.policy_bundles import FIRST_TEST_SEED, plain_scores, plan_settings, score_model

SCHEDULED = {"pricing": Pricing.SCHEDULED, "fallback": (DUAL, "nearest")}


def make_dual_bundle(path: Path, scenario: str = "tiny", every: int = 1, **overrides: Any) -> Path:
    """Writes a sound bundle of the hand-made policy, which decides as the dual does."""
    world = load_scenario(scenario, **overrides)
    router, trace = dual_router(world), draw_trace(world, FIRST_TEST_SEED)
    assert isinstance(router.pricer, DualPricer)
    recorder = Recorder(router, trace.names, every)
    simulate(trace, recorder, level="none")
    return write_bundle(
        path,
        model=score_model(),
        public=world.public(),
        plan=plan_settings(**SCHEDULED),
        golden=golden_cases(recorder.decisions, plain_scores, 8),
        reference=reference_histograms([recorder.decisions], DAY_SECONDS),
        provenance={"run": "a test", "scenario_id": world.id},
        pricer=router.pricer,
    )
