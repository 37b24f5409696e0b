"""A shop of fifty warehouses: the bundle that is served under load, and the orders that are sent to it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from agents import load_agent
from agents.bundle import PlanSettings
from agents.bundle_writer import write_bundle
from agents.learned.export import to_onnx
from agents.learned.network import PlanScorer
from agents.learned.training_config import TrainingConfig
from agents.recording import Recorder, golden_cases, reference_histograms
from agents.scoring_model import ScoringModel
from envs.prices import Pricing
from envs.simulation import simulate
from scenarios import draw_trace, load_scenario
from scenarios.local_time import DAY_SECONDS
from scenarios.public import PublicScenario
from scenarios.scenario import Scenario

NUM_WAREHOUSES = 50
NUM_LINES = 5
AMPLE = 100_000
"""Units and places that a run does not use up, so that its last order costs what its first did."""

SEED = 2_000_000


def many_warehouses() -> Scenario:
    """``metro-small`` with each of its warehouses as eight or nine of its kind, all of them large."""
    plain = load_scenario("metro-small", horizon_days=7)
    of_site = {
        row.name: [f"{row.name}/{i}" for i in range(NUM_WAREHOUSES) if i % len(plain.warehouses) == site]
        for site, row in enumerate(plain.warehouses)
    }
    return replace(
        plain,
        warehouses=tuple(
            replace(
                row, name=name, num_stations=100, latitude=row.latitude + 0.05 * i, longitude=row.longitude - 0.03 * i
            )
            for row in plain.warehouses
            for i, name in enumerate(of_site[row.name])  # twins at one place would tie
        ),
        collections=tuple(
            replace(row, warehouse=name, capacity_parcels=AMPLE)
            for row in plain.collections
            for name in of_site[row.warehouse]
        ),
        stock=tuple(
            replace(row, warehouse=name, on_hand_units=AMPLE) for row in plain.stock for name in of_site[row.warehouse]
        ),
        receipts=(),
    )


def write_load_bundle(path: Path) -> Path:
    """An untrained network of the size that is trained by default: it costs as much as a trained one."""
    scenario = many_warehouses()
    trace = draw_trace(scenario, SEED)
    recorder = Recorder(load_agent("primal-dual"), trace.names, every=100)
    simulate(trace, recorder, level="none")
    model = to_onnx(PlanScorer(TrainingConfig().hidden))
    return write_bundle(
        path,
        model=model,
        public=scenario.public(),
        plan=PlanSettings("untrained", Pricing.CLOSED_FORM, (1.0, 1.0, 1.0), ("primal-dual", "nearest"), 1.0),
        golden=golden_cases(recorder.decisions, ScoringModel(model).scores, 4),
        reference=reference_histograms([recorder.decisions], DAY_SECONDS * scenario.horizon_days),
        provenance={"run": "benchmarks.load", "scenario_id": scenario.id},
    )


def orders(public: PublicScenario, seed: int) -> Iterator[dict[str, Any]]:
    """Requests without end: five lines of goods that need no special handling, to be delivered in some days."""
    chance = random.Random(seed)
    skus = [sku for sku, row in zip(public.names.skus, public.skus, strict=True) if not row.requirements]
    while True:
        promise = datetime.now(UTC).replace(microsecond=0) + timedelta(days=chance.randint(2, 5))
        yield {
            "order": {
                "id": f"{seed}-{chance.getrandbits(64):016x}",
                "region": chance.choice(public.names.regions),
                "promise_at": promise.isoformat().replace("+00:00", "Z"),
                "lines": [{"sku": sku, "units": chance.choice((1, 1, 1, 2))} for sku in chance.sample(skus, NUM_LINES)],
            }
        }
