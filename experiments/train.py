"""``routelab train``: a learned agent on training traces, with a curve, checkpoints and a record."""

from __future__ import annotations

import csv
import math
import time
from dataclasses import asdict, dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from agents.registry import load_agent
from envs.costs import MILLICENTS, OBJECTIVE_OF_PART
from envs.simulation import simulate
from experiments.console import getting_ready, make_console, meter
from experiments.evaluation import Weights, warm_up
from experiments.record import Run, write_json
from experiments.report import CURVE, REFERENCES, make_report
from experiments.settings import ScenarioChoice, check_count, launch, mlflow_of, replaced, texts_of, weights_of
from experiments.traces import scenario_of
from experiments.tracking import check_database, track
from scenarios.draw import draw_trace
from scenarios.errors import InputError, unknown_name
from scenarios.scenario import Scenario
from scenarios.seeds import VALIDATION

COMMAND = "train"
EFFORT = {"values": 8, "search": 4, "ppo": 1}
"""What a row of each stage takes, about as on the board: a round of lessons is as long as eight rollouts."""

LEARNERS = {"maskable-ppo": "agents.learned.training"}
"""Learner -> module with ``TrainingConfig`` and ``train``; imported when used, because torch is heavy."""


@dataclass(frozen=True)
class Training:
    """What is to be trained.

    Attributes:
        scenario: trained on.
        learner: name in ``LEARNERS``.
        config: the learner's ``TrainingConfig``.
        references: routers whose cost stands beside the learning curve.
        reference_traces: validation traces to measure them on.
        mlflow_uri: None to leave MLflow out.
    """

    scenario: ScenarioChoice
    learner: str
    config: Any
    references: tuple[str, ...] = ()
    reference_traces: int = 10
    mlflow_uri: str | None = None

    @classmethod
    def of(cls, settings: dict[str, Any]) -> Training:
        """From resolved settings.

        Raises:
            InputError: a value that cannot be used.
        """
        agent = dict(settings["agent"])
        learner = agent.pop("name", None)
        if learner not in LEARNERS:
            raise unknown_name("agent.name", learner, LEARNERS)
        template = import_module(LEARNERS[learner]).TrainingConfig()
        overrides = {"weights": weights_of(settings["reward"]), **agent, **settings["train"]}
        references = texts_of("references", settings["references"])
        scenario = ScenarioChoice.of(settings["scenario"])
        for name in references:
            load_agent(name, scenario_of(scenario))
        return cls(
            scenario=scenario,
            learner=learner,
            config=replaced("train", template, overrides),
            references=references,
            reference_traces=check_count("reference_traces", settings["reference_traces"]),
            mlflow_uri=mlflow_of(settings),
        )


def run_training(
    training: Training, folder: Path, settings: dict[str, Any], arguments: tuple[str, ...], console: Console
) -> Run:
    """Trains, records and reports; goes on from the checkpoint of an earlier run in ``folder``.

    Raises:
        InputError: something that cannot be used; no run has been written then, at most an empty database.
    """
    scenario = scenario_of(training.scenario)
    began = time.perf_counter()
    check_database(training.mlflow_uri)
    run = Run.begin(folder, COMMAND, settings, arguments)
    with getting_ready(console):
        warm_up("compiled")
    learner = import_module(LEARNERS[training.learner])
    last: dict[str, Any] = {}
    with meter(console, "Training", 100, percent_done(run.path(CURVE), training.config)) as progress:

        def on_progress(row: dict[str, Any]) -> None:
            last.update({key: value for key, value in row.items() if value == value})  # a rollout may end no trace
            words = f"({row['stage']}, {row['steps']:,.0f} decisions"
            if "cost_per_order" in last:
                words += f", {last['cost_per_order']:.2f} per order, base router {last['base_cost_per_order']:.2f}"
            progress.to(percent_done(run.path(CURVE), training.config), words + ")")

        policy = learner.train(scenario, training.config, run.folder, on_progress)
    weights = tuple(training.config.weights)
    costs = reference_costs(scenario, training.references, weights, training.reference_traces)
    write_json(run.path(REFERENCES), costs)
    seconds = time.perf_counter() - began
    facts = {
        "learner": training.learner,
        "decisions": f"{last.get('steps', 0):,.0f}",
        "training": ", ".join(f"{key} {value}" for key, value in asdict(training.config).items()),
        "policy": policy.name,
    }
    run.finish(
        scenario_id=scenario.id,
        facts=facts,
        last=clean(last),
        training=asdict(training.config),
        policy=policy.name,
        seconds=round(seconds, 1),
    )
    make_report(run)
    if training.mlflow_uri is not None:
        metrics = {**clean(last), **{f"reference/{name}": cost for name, cost in costs.items()}, "seconds": seconds}
        track(run, training.mlflow_uri, metrics, {"scenario": scenario.id, **asdict(training.config)})
    return run


def percent_done(curve: Path, config: Any) -> int:
    """What of the work is done as far as a learning curve goes, 0 to 100; 0 without one.

    Args:
        curve: written by the training, row by row.
        config: how many rows of each stage there will be.
    """
    if not curve.is_file():
        return 0
    num_rollouts = math.ceil(config.total_steps / (config.num_envs * config.num_steps))
    numbers = config.value_rounds, config.search_generations, num_rollouts
    total = sum(effort * number for effort, number in zip(EFFORT.values(), numbers, strict=True))
    with open(curve, newline="") as file:
        done = sum(EFFORT[row["stage"]] for row in csv.DictReader(file))
    return min(100, int(100 * done / max(1, total)))


def clean(row: dict[str, Any]) -> dict[str, float]:
    """The finite numbers of a row."""
    return {key: float(value) for key, value in row.items() if isinstance(value, float) and math.isfinite(value)}


def reference_costs(scenario: Scenario, names: tuple[str, ...], weights: Weights, num_traces: int) -> dict[str, float]:
    """Weighted cost per order of reference routers, as the learning curve counts it: every order, warm-up included."""
    factor = np.array(weights)[list(OBJECTIVE_OF_PART)]
    costs: dict[str, list[float]] = {name: [] for name in names}
    agents = {name: load_agent(name, scenario) for name in names}
    for seed in VALIDATION[:num_traces] if names else ():
        trace = draw_trace(scenario, seed)
        for name, agent in agents.items():
            simulation = simulate(trace, agent, "compiled", level="none", weights=weights)
            total = float(factor @ simulation.world.totals)
            costs[name].append(total / (MILLICENTS * max(1, trace.num_orders)))
    return {name: float(np.mean(values)) for name, values in costs.items()}


def trained(run: Run) -> tuple[ScenarioChoice, Any, Path]:
    """Scenario, ``TrainingConfig`` and policy file of a finished training run.

    Raises:
        InputError: another kind of run, or an unfinished one.
    """
    if run.record["command"] != COMMAND:
        raise InputError("run", str(run.folder), "the folder of a training run", "give one under runs/train/")
    if run.record.get("status") != "finished":
        raise InputError("run", str(run.folder), "a finished training", f"go on with it: {run.record['command_line']}")
    config = run.config
    training = Training.of(config)
    return training.scenario, training.config, run.path(run.record["policy"])


def main(arguments: list[str]) -> int:
    """Hydra main of ``routelab train``."""

    def job(settings: dict[str, Any], folder: Path) -> int:
        run = run_training(Training.of(settings), folder, settings, tuple(arguments), make_console())
        print(f"Policy: {run.path(run.record['policy'])}\nReport: {run.path('report.html')}\nRecord: {run.folder}")
        print(f"Export it with: routelab export run={run.folder}")
        return 0

    return launch(COMMAND, job, arguments)
