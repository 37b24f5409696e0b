"""From a trained policy to a bundle: torch to ONNX, golden cases from recorded decisions, provenance."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import torch
from sb3_contrib import MaskablePPO
from torch import nn

from agents.bundle import PlanSettings
from agents.bundle_writer import write_bundle
from agents.dual.pricer import DualPricer
from agents.fallback import DUAL
from agents.learned.base import PRIMAL_DUAL, Base
from agents.learned.network import PlanScorer
from agents.learned.torch_agent import TorchAgent
from agents.recording import Decision, Recorder, golden_cases, reference_histograms, windows_of
from envs.feature_schema import NUM_CONTEXT, NUM_FEATURES
from envs.plan_table import MAX_PLANS
from envs.prices import Pricing
from envs.simulation import simulate
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS
from scenarios.scenario import Scenario
from scenarios.seeds import VALIDATION

FALLBACK = {
    Pricing.CLOSED_FORM: ("primal-dual", "nearest"),
    Pricing.NONE: ("myopic", "nearest"),
    Pricing.SCHEDULED: (DUAL, "nearest"),
}
"""Best heuristic with the same bid prices, then one that needs none."""

_RECORDED = 1000
"""Decisions kept of a window for golden cases and histograms."""

_WINDOWS = 16
"""Windows from which it is learned how far apart windows of the same traffic are."""

_WINDOW_DAYS = 7
"""At most; traffic has a weekly cycle."""


def load_scorer(policy: Path) -> PlanScorer:
    """The network of a policy written by ``agents.learned.training.train``.

    Raises:
        InputError: missing or damaged file.
    """
    try:
        model = MaskablePPO.load(policy, device="cpu")
        return cast(PlanScorer, cast(Any, model.policy).mlp_extractor.scorer).eval()
    except Exception as error:  # zipfile, pickle and torch have no common error
        raise InputError(
            "policy",
            str(policy),
            f"a policy.zip written by `routelab train` ({type(error).__name__})",
            "train it again",
        ) from error


class _Actor(nn.Module):
    """The logits alone."""

    def __init__(self, scorer: PlanScorer) -> None:
        super().__init__()
        self.scorer = scorer

    def forward(self, plans: torch.Tensor, context: torch.Tensor) -> torch.Tensor:
        return self.scorer(plans, context)[0]


def to_onnx(scorer: PlanScorer) -> bytes:
    """ONNX file with inputs plans (B, K, features) and context (B, context features), output logits (B, K).

    B and K are free.
    """
    free = torch.export.Dim.DYNAMIC
    example = (torch.zeros(3, MAX_PLANS, NUM_FEATURES), torch.zeros(3, NUM_CONTEXT))
    program: Any = torch.onnx.export(
        _Actor(scorer).eval(),
        example,
        dynamo=True,
        input_names=["plans", "context"],
        output_names=["logits"],
        dynamic_shapes=({0: free, 1: free}, {0: free}),
        verbose=False,
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        program.save(str(path), external_data=False)
        return path.read_bytes()


def export_bundle(
    policy: Path,
    scenario: Scenario,
    bundle: Path,
    provenance: Mapping[str, Any],
    *,
    base: Base = PRIMAL_DUAL,
    weights: tuple[float, float, float] = (1.0, 1.0, 1.0),
    name: str = "learned",
    replace: bool = False,
) -> Path:
    """Writes the policy bundle of a trained policy.

    Args:
        policy: ``policy.zip`` of a training run.
        scenario: the scenario it was trained for.
        bundle: folder to make.
        provenance: JSON values: run, commit, trace hashes, versions, evaluation.
        base: router that it was trained with.
        weights: preferences that it was trained with.
        name: shown in tables.
        replace: an older bundle there is replaced.

    Returns:
        The folder.

    Raises:
        InputError: bid prices of another pricer than the dual's, which is the one that a bundle can hold.
    """
    pricer = base.pricer
    if pricer is not None and not isinstance(pricer, DualPricer):
        raise InputError("pricer", type(pricer).__name__, "DualPricer", "export with the base router as it was made")
    scorer = load_scorer(policy)
    agent = TorchAgent(scorer, base, name)
    world = scenario.at(VALIDATION.start)
    trace = draw_trace(world, VALIDATION.start)
    days = min(_WINDOW_DAYS, world.horizon_days)
    num_windows = world.horizon_days // days  # of one trace
    every = max(1, trace.num_orders // (num_windows * _RECORDED))

    def record(seed: int) -> list[Decision]:
        played = trace if seed == VALIDATION.start else draw_trace(scenario.at(seed), seed)
        recorder = Recorder(agent, trace.names, every, has_documents=played is trace)
        simulate(played, recorder, level="none", weights=weights)
        return recorder.decisions

    episodes = [record(VALIDATION.start + i) for i in range(-(-_WINDOWS // num_windows))]
    seconds = days * DAY_SECONDS
    windows = [window for episode in episodes for window in windows_of(episode, seconds, num_windows)]
    return write_bundle(
        bundle,
        model=to_onnx(scorer),
        public=world.public(),
        plan=PlanSettings(name, base.pricing, weights, FALLBACK[base.pricing], 1.0),
        golden=golden_cases(episodes[0], agent.scores),
        reference=reference_histograms(windows, seconds),
        provenance={**provenance, "golden_trace_sha256": trace.sha256},
        pricer=pricer,
        replace=replace,
    )
