"""Runs in MLflow: one batch of numbers and the run's folder as artifact, in a SQLite database."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from pathlib import Path

from experiments.record import CONFIG, RECORD, Run
from experiments.settings import SQLITE

BATCH = 1000
"""Numbers MLflow takes at once."""


def track(run: Run, uri: str, metrics: Mapping[str, float], params: Mapping[str, object]) -> str:
    """Records a finished run; returns its id in MLflow.

    Args:
        run: its folder becomes an artifact.
        uri: ``sqlite:///PATH``; folders are created.
        metrics: numbers by name.
        params: settings by name.
    """
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing leaves the machine
    from mlflow.entities import Metric, Param, RunTag
    from mlflow.tracking import MlflowClient

    database = Path(uri.removeprefix(SQLITE)).resolve()
    database.parent.mkdir(parents=True, exist_ok=True)
    _quieten()
    client = MlflowClient(f"{SQLITE}{database}")
    command = str(run.record["command"])
    found = client.get_experiment_by_name(command)
    if found is None:
        location = (database.parent / "mlflow-artifacts" / command).as_uri()
        experiment = client.create_experiment(command, artifact_location=location)
    else:
        experiment = found.experiment_id
    run_id = str(client.create_run(experiment, run_name=run.folder.name).info.run_id)
    now = int(time.time() * 1000)
    numbers = [Metric(_name(name), float(value), now, 0) for name, value in metrics.items()]
    texts = [Param(_name(name), str(value)[:500]) for name, value in params.items()][:100]
    tags = [
        RunTag("scenario_id", str(run.record.get("scenario_id"))),
        RunTag("git_commit", str(run.record["git"]["commit"])),
        RunTag("git_dirty", str(run.record["git"]["is_dirty"])),
        RunTag("folder", str(run.folder)),
    ]
    client.log_batch(run_id, metrics=numbers[:BATCH], params=texts, tags=tags)
    for start in range(BATCH, len(numbers), BATCH):
        client.log_batch(run_id, metrics=numbers[start : start + BATCH])
    run.save(mlflow_run_id=run_id)
    for path in sorted(run.folder.iterdir()):
        if path.is_file() and (path.name in (CONFIG, RECORD) or path.suffix in (".json", ".csv", ".jsonl", ".html")):
            client.log_artifact(run_id, str(path), "record")
    client.set_terminated(run_id)
    return run_id


def _name(text: str) -> str:
    """A name that MLflow accepts."""
    return "".join(letter if letter.isalnum() or letter in "_-./ " else "-" for letter in text)[:250]


def _quieten() -> None:
    import logging

    for name in ("mlflow.store.db.utils", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
