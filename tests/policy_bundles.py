"""Hand-made policies in ONNX form and bundles around them, for the tests of agents and endpoint."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from agents.bundle import PlanSettings
from agents.bundle_writer import write_bundle
from agents.recording import Decision, Recorder, golden_cases, reference_histograms
from agents.registry import load_agent
from envs.feature_schema import IS_REAL, NUM_CONTEXT, NUM_FEATURES, SCORE_GAP
from envs.plan_table import MAX_PLANS
from envs.prices import Pricing
from envs.simulation import simulate
from scenarios.draw import draw_trace
from scenarios.local_time import DAY_SECONDS
from scenarios.registry import load_scenario

TEMPERATURE = 0.5
FIRST_TEST_SEED = 2_000_000


def score_model(*, multiplier: float = 1.0) -> bytes:
    """ONNX file: logits = -multiplier * score gap / temperature, empty slots at -1e9."""

    def constant(name: str, value: np.ndarray) -> onnx.TensorProto:
        return numpy_helper.from_array(value, name)

    nodes = [
        helper.make_node("Gather", ["plans", "gap_column"], ["gap"], axis=2),
        helper.make_node("Mul", ["gap", "slope"], ["free"]),
        helper.make_node("Gather", ["plans", "real_column"], ["real"], axis=2),
        helper.make_node("Greater", ["real", "half"], ["is_real"]),
        helper.make_node("Where", ["is_real", "free", "nothing"], ["masked"]),
        helper.make_node("ReduceSum", ["context", "axis"], ["sum"], keepdims=1),  # uses the second input
        helper.make_node("Mul", ["sum", "zero"], ["unused"]),
        helper.make_node("Add", ["masked", "unused"], ["logits"]),
    ]
    constants = [
        constant("gap_column", np.array(SCORE_GAP, np.int64)),
        constant("real_column", np.array(IS_REAL, np.int64)),
        constant("slope", np.array(-multiplier / TEMPERATURE, np.float32)),
        constant("half", np.array(0.5, np.float32)),
        constant("nothing", np.array(-1e9, np.float32)),
        constant("axis", np.array([1], np.int64)),
        constant("zero", np.array(0.0, np.float32)),
    ]
    graph = helper.make_graph(
        nodes,
        "score",
        [
            helper.make_tensor_value_info("plans", TensorProto.FLOAT, ["B", MAX_PLANS, NUM_FEATURES]),
            helper.make_tensor_value_info("context", TensorProto.FLOAT, ["B", NUM_CONTEXT]),
        ],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["B", MAX_PLANS])],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    onnx.checker.check_model(model)
    return model.SerializeToString()


RELIABILITY = {
    "validation_seeds": [1_000_000, 1_000_001],
    "horizon_hours": 12,
    "num_decisions": 4,
    "mean_confidence": 0.625,
    "mean_among_tried": 0.625,
    "cheapest_share": 0.5,
    "expected_calibration_error": 0.125,
    "bands": [
        {
            "low": low,
            "high": high,
            "num_decisions": num,
            "mean_confidence": mean,
            "mean_among_tried": mean,
            "cheapest_share": share,
            "share_low": share / 2,
            "share_high": (1 + share) / 2,
        }
        for low, high, num, mean, share in (
            (0.0, 0.3, 1, 0.25, 0.0),
            (0.5, 0.7, 2, 0.625, 0.5),
            (0.95, 1.0, 1, 1.0, 1.0),
        )
    ],
}
"""What a bundle tells of the hand-made policy's confidence; no trace was played for it."""


def plain_scores(features: np.ndarray, context: np.ndarray) -> np.ndarray:
    """The same in numpy."""
    return np.where(features[:, IS_REAL] > 0.5, -features[:, SCORE_GAP] / TEMPERATURE, -1e9).astype(np.float32)


def record(scenario: str, agent: str = "primal-dual", every: int = 1, seed: int = FIRST_TEST_SEED) -> list[Decision]:
    """Decisions of one simulated trace."""
    trace = draw_trace(load_scenario(scenario), seed)
    recorder = Recorder(load_agent(agent), trace.names, every)
    simulate(trace, recorder, level="none")
    return recorder.decisions


def plan_settings(**changes: object) -> PlanSettings:
    """Settings of the hand-made policy."""
    values = {
        "name": "hand-made",
        "pricing": Pricing.CLOSED_FORM,
        "weights": (1.0, 1.0, 1.0),
        "fallback": ("primal-dual", "nearest"),
        "temperature": 1.0,
    }
    return PlanSettings(**{**values, **changes})  # type: ignore[arg-type]


def make_bundle(path: Path, scenario: str = "metro-small", every: int = 40, **changes: object) -> Path:
    """Writes a sound bundle of the hand-made policy."""
    decisions = record(scenario, every=every)
    arguments: dict[str, object] = {
        "model": score_model(),
        "public": load_scenario(scenario).public(),
        "plan": plan_settings(),
        "golden": golden_cases(decisions, plain_scores, 8),
        "reference": reference_histograms([decisions], DAY_SECONDS),
        "provenance": {
            "run": "a test",
            "scenario_id": load_scenario(scenario).id,
            "evaluation": {"confidence": RELIABILITY},
        },
    }
    return write_bundle(path, **{**arguments, **changes})  # type: ignore[arg-type]
