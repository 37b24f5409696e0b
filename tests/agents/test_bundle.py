"""A bundle is what was exported, or it is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from agents.bundle import BundleAgent, PolicyError, best_slot, read_bundle
from agents.bundle_files import FILES, to_json
from agents.registry import MANIFEST, load_agent
from agents.scoring_model import ScoringModel
from envs.feature_schema import NUM_FEATURES
from envs.many import simulate_many
from envs.plan_table import MAX_PLANS
from envs.prices import Pricing
from envs.protocol import Agent
from envs.simulation import simulate
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.registry import load_scenario
from tests.policy_bundles import FIRST_TEST_SEED, plain_scores, record, score_model

ALL_FILES = (*FILES, MANIFEST)


def test_a_bundle_decides_like_the_policy_that_was_exported(sound_bundle: Path) -> None:
    agent = load_agent(sound_bundle)
    assert isinstance(agent, Agent)
    assert (agent.name, agent.pricing, agent.needs_features) == ("hand-made", Pricing.CLOSED_FORM, True)
    trace = draw_trace(load_scenario("metro-small"), FIRST_TEST_SEED + 7)
    assert simulate(trace, agent).events.equals(simulate(trace, load_agent("primal-dual")).events)


def test_scores_are_those_of_the_network(sound_bundle: Path) -> None:
    agent = BundleAgent(sound_bundle)
    for decision in record("metro-small", every=50):
        found = agent.scores(decision.features, decision.context)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, plain_scores(decision.features, decision.context), atol=1e-5)


def test_a_bundle_chooses_for_a_batch_as_one_by_one(sound_bundle: Path) -> None:
    agent = BundleAgent(sound_bundle)
    scenario = load_scenario("metro-small", horizon_days=1)
    traces = [draw_trace(scenario, FIRST_TEST_SEED + i) for i in range(4)]
    alone = [simulate(trace, agent) for trace in traces]
    together = simulate_many(traces, agent, level="events", batch_size=3)
    assert all(one.events.equals(other.events) for one, other in zip(alone, together, strict=True))


def test_a_batch_with_a_score_that_is_not_finite_is_no_choice(sound_bundle: Path) -> None:
    agent = BundleAgent(sound_bundle)
    agent._model = ScoringModel(score_model(multiplier=float("nan")))
    with pytest.raises(PolicyError, match="not finite"):
        simulate_many([draw_trace(load_scenario("metro-small", horizon_days=1), FIRST_TEST_SEED)], agent)


def test_a_bundle_carries_what_a_router_may_know(sound_bundle: Path) -> None:
    bundle = read_bundle(sound_bundle)
    assert bundle.public == load_scenario("metro-small").public()
    assert bundle.provenance["scenario_id"] == "metro-small@1"
    assert len(bundle.golden) == 8
    assert json.loads((sound_bundle / MANIFEST).read_text())["sha256"] == bundle.sha256


@pytest.mark.parametrize("name", ALL_FILES)
def test_flipped_bytes_are_refused(bundle: Path, name: str) -> None:
    raw = (bundle / name).read_bytes()
    for offset in sorted({0, 1, len(raw) // 7, len(raw) // 3, len(raw) // 2, len(raw) - 2, len(raw) - 1}):
        for bit in (0x01, 0x20, 0x80):
            damaged = bytearray(raw)
            damaged[offset] ^= bit
            (bundle / name).write_bytes(damaged)
            with pytest.raises(InputError) as caught:
                BundleAgent(bundle)
            assert str(bundle) in caught.value.key
            if name != MANIFEST:  # a damaged manifest may look like a damaged file
                assert name in caught.value.key
            assert "export" in caught.value.remedy


@pytest.mark.parametrize("name", ALL_FILES)
def test_truncated_and_missing_files_are_refused(bundle: Path, name: str) -> None:
    raw = (bundle / name).read_bytes()
    for kept in (0, 1, len(raw) // 2, len(raw) - 1):
        (bundle / name).write_bytes(raw[:kept])
        with pytest.raises(InputError):
            BundleAgent(bundle)
    (bundle / name).unlink()
    with pytest.raises(InputError, match=name):
        BundleAgent(bundle)


def test_a_folder_that_is_no_bundle_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="manifest"):
        BundleAgent(tmp_path)
    with pytest.raises(InputError, match="manifest"):
        load_agent(tmp_path / "missing")


def edit(folder: Path, name: str, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads((folder / name).read_text())
    change(data)
    (folder / name).write_bytes(to_json(data))


def test_another_schema_version_of_the_bundle_is_refused(bundle: Path) -> None:
    edit(bundle, MANIFEST, lambda data: data.update(schema_version=2))
    with pytest.raises(InputError, match="schema version 1"):
        BundleAgent(bundle)


SEALED_CHANGES: list[tuple[str, Callable[[dict[str, Any]], object]]] = [
    ("features.json", lambda data: data.update(schema_version=99)),
    ("features.json", lambda data: data["plans"][3].update(scale=2.0)),
    ("features.json", lambda data: data["context"].pop()),
    ("plan.json", lambda data: data.update(max_plans=16)),
    ("plan.json", lambda data: data.update(snapshot_schema="routelab.snapshot/0")),
    ("plan.json", lambda data: data.update(pricing="FREE")),
    ("plan.json", lambda data: data.update(temperature=0)),
    ("plan.json", lambda data: data.update(weights=[1.0])),
    ("plan.json", lambda data: data.pop("fallback")),
    ("plan.json", lambda data: data.update(pricing="NONE")),  # its fallback needs bid prices
    ("golden.json", lambda data: data["cases"].clear()),
    ("golden.json", lambda data: data["cases"][0].update(slot=data["cases"][0]["slot"] + 1)),
    ("golden.json", lambda data: data["cases"][0]["scores"].append(0.0)),
    ("golden.json", lambda data: data["cases"][2]["scores"].__setitem__(-1, data["cases"][2]["scores"][-1] - 0.01)),
    ("golden.json", lambda data: data["cases"][1]["document"]["order"].update(region="Atlantis")),
    ("golden.json", lambda data: data["cases"][1].pop("document")),
    ("public.json", lambda data: data.update(format=99)),
    ("public.json", lambda data: data.pop("skus")),
    ("public.json", lambda data: data["settings"].update(packaging_parcel_millicents=1)),  # other costs, other scores
]


@pytest.mark.parametrize(("name", "change"), SEALED_CHANGES, ids=range(len(SEALED_CHANGES)))
def test_sealed_but_unsound_content_is_refused(
    bundle: Path, reseal: Callable[[Path], None], name: str, change: Callable[[dict[str, Any]], object]
) -> None:
    edit(bundle, name, lambda data: change(data) and None)
    reseal(bundle)
    with pytest.raises(InputError):
        BundleAgent(bundle)


def test_resealing_alone_changes_nothing(bundle: Path, reseal: Callable[[Path], None]) -> None:
    before = (bundle / MANIFEST).read_bytes()
    reseal(bundle)
    assert (bundle / MANIFEST).read_bytes() == before
    BundleAgent(bundle)


def _model_with(plans: list[object], output: str = "logits") -> bytes:
    graph = helper.make_graph(
        [helper.make_node("ReduceSum", ["plans", "axis"], [output], keepdims=0)],
        "other",
        [
            helper.make_tensor_value_info("plans", TensorProto.FLOAT, plans),
            helper.make_tensor_value_info("context", TensorProto.FLOAT, ["B", None]),
        ],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["B", None])],
        [onnx.numpy_helper.from_array(np.array([2], np.int64), "axis")],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10).SerializeToString()


@pytest.mark.parametrize(
    "model",
    [
        b"",
        b"not a model",
        score_model()[:-40],
        _model_with(["B", MAX_PLANS, NUM_FEATURES - 1]),
        _model_with(["B", MAX_PLANS, NUM_FEATURES], output="values"),
        score_model(multiplier=1.001),
        score_model(multiplier=-1.0),
        score_model(multiplier=float("nan")),
    ],
    ids=["empty", "text", "cut", "features", "output", "slope", "sign", "nan"],
)
def test_another_model_is_refused_even_if_sealed(bundle: Path, reseal: Callable[[Path], None], model: bytes) -> None:
    (bundle / "model.onnx").write_bytes(model)
    reseal(bundle)
    with pytest.raises(InputError, match=r"model\.onnx|golden\.json"):
        BundleAgent(bundle)


def test_ties_take_the_lowest_slot_and_masked_slots_are_never_chosen() -> None:
    assert best_slot(np.array([1.0, 3.0, 3.0, 9.0], np.float32), 3) == 1


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf")])
def test_scores_that_are_not_finite_are_no_choice(bad: float) -> None:
    with pytest.raises(PolicyError):
        best_slot(np.array([1.0, bad, 0.0], np.float32), 3)
    assert best_slot(np.array([1.0, 0.0, bad], np.float32), 2) == 0


def test_deciding_with_a_bundle_loads_no_learning_library(
    sound_bundle: Path, fresh_process: Callable[..., str]
) -> None:
    code = (
        "import sys, agents; agents.load_agent(sys.argv[1]); "
        "print([name for name in ('torch', 'stable_baselines3', 'mlflow', 'hydra') if name in sys.modules])"
    )
    assert fresh_process(code, str(sound_bundle)).strip() == "[]"
