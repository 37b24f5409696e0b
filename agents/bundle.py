"""Policy bundles: a trained policy with all that is needed to serve it, read, checked and deciding.

A bundle is used only if checksums, schema versions and golden cases hold: plans and features of
the golden snapshots are computed anew, and the model must choose the same slots with the same scores.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from agents.bundle_files import MORE_FILES, bundle_error, load_json, read_sealed
from agents.document_reader import DocumentReader
from agents.documents import SNAPSHOT_SCHEMA, parse_case
from agents.dual.pricer import DualPricer
from agents.dual.pricer_file import read_pricer
from agents.fallback import check_fallback
from agents.recording import GoldenCase
from agents.scoring_model import ScoringModel
from envs.feature_schema import CONTEXT_FEATURES, SCHEMA_VERSION, SLOT_FEATURES, Feature
from envs.plan_table import MAX_BLOCKS, MAX_PLANS
from envs.prices import Pricing
from envs.snapshot import Snapshot
from scenarios.errors import InputError
from scenarios.network import Network
from scenarios.public import PublicScenario

if TYPE_CHECKING:
    from envs.batch import BatchSnapshot

SCORE_TOLERANCE = 1e-5
"""Of golden scores: absolute below 1, relative above."""


class PolicyError(RuntimeError):
    """The policy gave no usable answer."""


@dataclass(frozen=True, slots=True)
class PlanSettings:
    """How the policy was trained to see and to be used.

    Attributes:
        name: of the policy, shown in tables.
        pricing: who fills the bid-price table.
        weights: preferences (cost, lateness, carbon) unless a snapshot states its own.
        fallback: heuristics that decide when the policy does not, best first.
        temperature: the logits are divided by it before they are shown as probabilities, above 0.
    """

    name: str
    pricing: Pricing
    weights: tuple[float, float, float]
    fallback: tuple[str, ...]
    temperature: float

    def encode(self) -> dict[str, Any]:
        """As ``plan.json``, with the versions of what enumerates and describes plans."""
        return {
            "name": self.name,
            "pricing": self.pricing.name,
            "weights": list(self.weights),
            "fallback": list(self.fallback),
            "temperature": self.temperature,
            **_PLAN_VERSIONS,
        }


_PLAN_VERSIONS = {"max_plans": MAX_PLANS, "max_blocks": MAX_BLOCKS, "snapshot_schema": SNAPSHOT_SCHEMA}


def feature_schema() -> dict[str, Any]:
    """The features of this version of the lab, as ``features.json``."""

    def rows(features: tuple[Feature, ...]) -> list[dict[str, Any]]:
        return [{**feature._asdict(), "scale": float(feature.scale)} for feature in features]

    return {"schema_version": SCHEMA_VERSION, "plans": rows(SLOT_FEATURES), "context": rows(CONTEXT_FEATURES)}


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """The content of a bundle whose checksums and schema versions hold.

    Attributes:
        path: its folder.
        sha256: identifies it; seals all files.
        model: the ONNX file.
        public: network, calendars and rate cards.
        plan: see ``PlanSettings``.
        reference: see ``agents.recording.reference_histograms``.
        golden: at least one case.
        provenance: where the policy came from.
        pricing: contents of the files of its pricer; none if its bid prices are not solved on a schedule.
    """

    path: Path
    sha256: str
    model: bytes
    public: PublicScenario
    plan: PlanSettings
    reference: dict[str, Any]
    golden: tuple[GoldenCase, ...]
    provenance: dict[str, Any]
    pricing: dict[str, bytes]


_read_public = lru_cache(maxsize=4)(PublicScenario.from_json)
"""Policies of one scenario share it, so that an endpoint that loads the next one need not read it again."""


def read_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Reads a bundle and compares checksums and schema versions; golden cases are checked by ``BundleAgent``.

    Raises:
        InputError: the file that is missing, altered or of another version.
    """
    folder = Path(path)
    contents, sha256 = read_sealed(folder)
    data = {name: load_json(folder, name, raw) for name, raw in contents.items() if name.endswith(".json")}
    if data["features.json"] != feature_schema():
        found = f"schema version {data['features.json'].get('schema_version')}"
        raise bundle_error(folder, "features.json", found, f"the features of version {SCHEMA_VERSION}")
    try:
        public = _read_public(contents["public.json"])
    except InputError as error:
        raise bundle_error(folder, "public.json", str(error), "a public scenario") from error
    try:
        golden = tuple(
            GoldenCase(row["document"], int(row["slot"]), [float(score) for score in row["scores"]])
            for row in data["golden.json"]["cases"]
        )
    except (KeyError, TypeError, ValueError) as error:
        raise bundle_error(folder, "golden.json", repr(error), "a list of cases") from error
    if not golden:
        raise bundle_error(folder, "golden.json", 0, "at least one case")
    return Bundle(
        path=folder,
        sha256=sha256,
        model=contents["model.onnx"],
        public=public,
        plan=_plan_settings(folder, data["plan.json"]),
        reference=data["reference.json"],
        golden=golden,
        provenance=data["provenance.json"],
        pricing=_pricing(folder, contents, data["plan.json"]["pricing"]),
    )


def _pricing(folder: Path, contents: dict[str, bytes], pricing: str) -> dict[str, bytes]:
    found = {name: contents[name] for name in MORE_FILES if name in contents}
    expected = MORE_FILES if pricing == Pricing.SCHEDULED.name else ()
    if tuple(found) != expected:
        raise bundle_error(folder, "pricing", list(found), f"with pricing {pricing} the files {list(expected)}")
    return found


def _plan_settings(folder: Path, data: dict[str, Any]) -> PlanSettings:
    for key, value in _PLAN_VERSIONS.items():
        if data.get(key) != value:
            raise bundle_error(folder, f"plan.json {key}", data.get(key), str(value))
    try:
        cost, lateness, carbon = map(float, data["weights"])
        plan = PlanSettings(
            name=str(data["name"]),
            pricing=Pricing[data["pricing"]],
            weights=(cost, lateness, carbon),
            fallback=tuple(map(str, data["fallback"])),
            temperature=float(data["temperature"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise bundle_error(folder, "plan.json", repr(error), "the settings that `routelab export` writes") from error
    if not 0 < plan.temperature < float("inf"):
        raise bundle_error(folder, "plan.json temperature", plan.temperature, "a number above 0")
    try:
        check_fallback(plan.fallback, plan.pricing)
    except InputError as error:
        raise bundle_error(folder, "plan.json fallback", error.value, error.expected) from error
    return plan


class BundleAgent:
    """The policy of a bundle, as an agent.

    Attributes:
        bundle: where it came from.
        reader: rebuilds snapshots from documents with the policy's network, pricing and weights.
        pricer: that solves its bid prices; None unless its pricing is ``SCHEDULED``.
        needs_features: always.
    """

    needs_features = True

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Reads, checks and prepares the bundle in folder ``path``.

        Raises:
            InputError: the bundle is not sound; it names the file.
        """
        self.bundle = read_bundle(path)
        self.name, self.pricing = self.bundle.plan.name, self.bundle.plan.pricing
        try:
            self._model = ScoringModel(self.bundle.model)
        except InputError as error:
            raise bundle_error(self.bundle.path, "model.onnx", error.value, error.expected) from error
        self.pricer = self._pricer()
        self.reader = DocumentReader(self.bundle.public, self.pricing, self.bundle.plan.weights)
        for position, case in enumerate(self.bundle.golden):
            self._check_golden(position, case)

    def _pricer(self) -> DualPricer | None:
        if not self.bundle.pricing:
            return None
        try:
            return read_pricer(self.bundle.pricing, self.bundle.public.expand(num_days=1, drain_days=0))
        except InputError as error:
            raise bundle_error(self.bundle.path, error.key, error.value, error.expected) from error

    def _check_golden(self, position: int, case: GoldenCase) -> None:
        key = f"golden.json case {position}"
        try:
            snapshot = self.reader.read(parse_case(case.document))
        except InputError as error:
            raise bundle_error(self.bundle.path, key, str(error), "a case of this scenario") from error
        count = snapshot.num_plans
        if count != len(case.scores):
            raise bundle_error(self.bundle.path, key, f"{count} plans", f"{len(case.scores)} plans as recorded")
        found = self.scores(snapshot.plans.features, snapshot.plans.context)[:count].astype(np.float64)
        expected = np.array(case.scores)
        gap = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
        if not gap.max() <= SCORE_TOLERANCE:  # also catches NaN
            raise bundle_error(
                self.bundle.path, key, f"scores off by {gap.max():.2g}", f"recorded scores within {SCORE_TOLERANCE:g}"
            )
        slot = int(found.argmax())
        if slot != case.slot:
            raise bundle_error(self.bundle.path, key, f"slot {slot}", f"slot {case.slot} as recorded")

    def start(self, network: Network) -> None:
        """Nothing to prepare: the policy has no memory."""

    def scores(self, features: np.ndarray, context: np.ndarray) -> np.ndarray:
        """Logits float32 (K,) of features float32 (K, NUM_FEATURES) and context float32 (NUM_CONTEXT,)."""
        return self._model.scores(features, context)

    def choose(self, snapshot: Snapshot) -> int:
        """The real slot of highest score, the lowest of equals.

        Raises:
            PolicyError: a score is not finite.
        """
        return best_slot(self.scores(snapshot.plans.features, snapshot.plans.context), snapshot.num_plans)

    def choose_batch(self, batch: BatchSnapshot) -> np.ndarray:
        """The real slots of highest score; see ``choose``."""
        scores = np.where(batch.masks(), self._model.run(batch.features, batch.context), -np.inf)
        if not np.isfinite(scores[batch.masks()]).all():
            raise PolicyError("a score is not finite")
        return scores.argmax(axis=1)


def best_slot(scores: np.ndarray, num_plans: int) -> int:
    """Slot of the highest of the first ``num_plans`` scores, the lowest of equals.

    Raises:
        PolicyError: a score is not finite.
    """
    real = scores[:num_plans]
    if not np.isfinite(real).all():
        raise PolicyError("a score is not finite")
    return int(real.argmax())
