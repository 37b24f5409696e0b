"""Writes policy bundles: at once or not at all, and never one that could not be loaded."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from agents.bundle import BundleAgent, PlanSettings, feature_schema
from agents.bundle_files import manifest_of, to_json
from agents.dual.pricer import DualPricer
from agents.dual.pricer_file import write_pricer
from agents.fallback import check_fallback
from agents.recording import GoldenCase
from agents.registry import MANIFEST
from envs.pricer import check_pricer
from scenarios.errors import InputError
from scenarios.public import PublicScenario


def write_bundle(
    path: str | os.PathLike[str],
    *,
    model: bytes,
    public: PublicScenario,
    plan: PlanSettings,
    golden: Sequence[GoldenCase],
    reference: Mapping[str, Any],
    provenance: Mapping[str, Any],
    pricer: DualPricer | None = None,
    replace: bool = False,
) -> Path:
    """Writes a bundle, loads it to check it, and gives it its name.

    Args:
        path: folder to make.
        model: an ONNX file, see ``agents.scoring_model``.
        public: the scenario that the policy was trained for.
        plan: pricing, weights, fallback and temperature of the policy.
        golden: at least one; see ``agents.recording.golden_cases``.
        reference: see ``agents.recording.reference_histograms``.
        provenance: JSON values: run, commit, trace hashes, versions, evaluation.
        pricer: that solves the policy's bid prices, if its pricing is ``SCHEDULED``.
        replace: an older bundle at ``path`` is replaced.

    Returns:
        The folder.

    Raises:
        InputError: something is there already, or the result is not sound; nothing is left behind.
    """
    target = Path(path)
    if target.exists() and not (replace and (target / MANIFEST).is_file()):
        raise InputError("bundle folder", str(target), "a new folder", "choose another name or remove it")
    check_fallback(plan.fallback, plan.pricing)
    check_pricer(plan.pricing, pricer)
    contents = {
        "model.onnx": model,
        "public.json": (public.to_json() + "\n").encode(),
        "features.json": to_json(feature_schema()),
        "plan.json": to_json(plan.encode()),
        "reference.json": to_json(dict(reference)),
        "golden.json": to_json(
            {"cases": [{"document": row.document, "slot": row.slot, "scores": row.scores} for row in golden]}
        ),
        "provenance.json": to_json(dict(provenance)),
        **({} if pricer is None else write_pricer(pricer)),
    }
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=f".{target.name}-") as scratch:
        folder = Path(scratch) / "bundle"
        folder.mkdir()
        for name, content in contents.items():
            (folder / name).write_bytes(content)
        (folder / MANIFEST).write_bytes(manifest_of(contents))
        BundleAgent(folder)
        _move(folder, target, Path(scratch) / "before")
    return target


def _move(folder: Path, target: Path, before: Path) -> None:
    if target.exists():
        os.replace(target, before)
    try:
        os.replace(folder, target)
    except BaseException:
        if before.exists():
            shutil.move(before, target)
        raise
