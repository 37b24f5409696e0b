"""Bundles for one scenario that lie on one shelf, and policies that disagree."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from agents.bundle import BundleAgent
from agents.bundle_writer import write_bundle
from agents.recording import GoldenCase
from tests.policy_bundles import score_model


def contrary(agent: BundleAgent, path: Path) -> Path:
    """Writes a bundle that likes best what ``agent`` likes least."""
    bundle = agent.bundle
    golden = []
    for case in bundle.golden:
        scores = [-score for score in case.scores]
        golden.append(GoldenCase(case.document, scores.index(max(scores)), scores))
    return write_bundle(
        path,
        model=score_model(multiplier=-1.0),
        public=bundle.public,
        plan=replace(bundle.plan, name="contrary"),
        golden=golden,
        reference=bundle.reference,
        provenance={"run": "a test"},
    )
