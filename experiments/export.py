"""``routelab export``: the policy of a training run as a bundle that serves and competes by itself."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from envs.prices import Pricing
from experiments.model_registry import Alias, register
from experiments.record import Run, read_json
from experiments.report import REFERENCES
from experiments.settings import check_count, check_flag, launch
from experiments.traces import scenario_of
from experiments.train import trained
from scenarios.errors import InputError
from scenarios.seeds import VALIDATION

COMMAND = "export"


def export(settings: dict[str, Any]) -> Path:
    """Writes the bundle of ``settings["run"]``; returns its folder.

    Raises:
        InputError: not a finished training run, or a bundle that is in the way.
    """
    from agents.learned.base import Base
    from agents.learned.export import export_bundle, load_scorer
    from experiments.confidence import confidence_of

    source, name = settings["run"], settings["name"]
    if source is None:
        raise InputError("run", None, "the folder of a training run", "write run=DIR")
    if not isinstance(name, str) or not name.strip():
        raise InputError("name", name, "a name for tables", "write name=NAME")
    does_replace = check_flag("replace", settings["replace"])
    num_traces = check_count("confidence_traces", settings["confidence_traces"], 0, 1000)
    alias = None if settings["register"] is None else Alias.parse("register", settings["register"])
    if alias is not None and not check_flag("mlflow", settings["mlflow"]):
        raise InputError("register", settings["register"], "mlflow=true", "switch MLflow on, or leave it out")
    run = Run.open(str(source))
    choice, config, policy = trained(run)
    bundle = run.path("bundle") if settings["bundle"] is None else Path(settings["bundle"])
    scenario, weights = scenario_of(choice), tuple(config.weights)
    base = Base.of(scenario, Pricing[config.pricing])
    unseen = VALIDATION[config.validation_traces :][:num_traces]  # those before chose the stage that was kept
    known = confidence_of(load_scorer(policy), scenario, base, weights, config.value_horizon_hours, unseen)
    confidence = {"confidence": known} if known else {}
    kept = ("command_line", "git", "routelab", "rules", "python", "platform", "packages", "started_at", "seconds")
    provenance = {
        **{key: run.record[key] for key in kept if key in run.record},
        "run": run.folder.name,
        "scenario_id": run.record["scenario_id"],
        "scenario_overrides": choice.overrides,
        "training": asdict(config),
        "training_seeds": "below 1,000,000",
        "evaluation": {**evaluation(run, config.validation_traces), **confidence},
    }
    with hushed():
        written = export_bundle(
            policy,
            scenario,
            bundle,
            provenance,
            base=base,
            weights=weights,
            name=name,
            replace=does_replace,
        )
    if alias is not None:
        number = register(written, alias, str(settings["mlflow_uri"]), run.record.get("mlflow_run_id"))
        print(f"Registered: version {number} of {alias.name} is its {alias.alias}")
    return written


def evaluation(run: Run, num_traces: int) -> dict[str, Any]:
    """What a training run knows of its policy on validation traces, in the words of the run's own files.

    Args:
        run: finished.
        num_traces: validation traces on which its stages were compared.

    Returns:
        ``validation_seeds`` (first and last); ``stages``: weighted cost per order after each stage, and which was
        kept; ``references``: that of other routers on the first few traces; without what was not measured.
    """
    from agents.learned.training import STAGES

    found: dict[str, Any] = {}
    if num_traces:
        found["validation_seeds"] = [VALIDATION[0], VALIDATION[num_traces - 1]]
    for name, file in (("stages", STAGES), ("references", REFERENCES)):
        if run.path(file).is_file():
            found[name] = read_json(run.path(file))
    return found


@contextmanager
def hushed() -> Iterator[None]:
    """Keeps what torch's exporter says about itself from a user who can do nothing about it."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", module="torch|copyreg")
            yield
    finally:
        logger.setLevel(level)


def main(arguments: list[str]) -> int:
    """Hydra main of ``routelab export``."""

    def job(settings: dict[str, Any], folder: Path) -> int:
        bundle = export(settings)
        size = sum(path.stat().st_size for path in bundle.iterdir()) / 1024
        print(f"Bundle: {bundle} ({size:,.0f} KiB)")
        known = read_json(bundle / "provenance.json")["evaluation"].get("confidence")
        if known:
            share, told = f"{known['cheapest_share']:.0%}", f"{known['mean_among_tried']:.0%}"
            print(f"Its plan was the cheapest tried at {share} of {known['num_decisions']} decisions; it gave {told}")
        choice, _, _ = trained(Run.open(str(settings["run"])))
        world = " ".join(
            [f"scenario={choice.name}", *(f"scenario.{key}={value}" for key, value in choice.overrides.items())]
        )
        print(f"Compare it: routelab evaluate {world} 'agents=[heuristics,{bundle}]'")
        print(f"Serve it:   routelab serve --bundle {bundle}")
        return 0

    return launch(COMMAND, job, arguments)
