"""Runs in MLflow: one batch of numbers and the run's folder as artifact, in a SQLite database."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.record import CONFIG, RECORD, Run
from experiments.settings import SQLITE
from scenarios.errors import InputError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

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
    client = open_client(uri)
    from mlflow.entities import Metric, Param, RunTag

    run_id = begin_run(client, uri, str(run.record["command"]), run.folder.name)
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


def check_database(uri: str | None) -> None:
    """Opens a SQLite database for writing and closes it again, without MLflow; its folder is made.

    Args:
        uri: ``sqlite:///PATH``; None checks nothing.

    Raises:
        InputError: it cannot be written.
    """
    if uri is None:
        return
    database = _database(uri)
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(database, timeout=60, isolation_level=None)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("ROLLBACK")
    except (OSError, sqlite3.Error) as error:
        expected = f"a SQLite database that can be written ({type(error).__name__}: {error})"
        raise InputError("mlflow_uri", uri, expected, "set another mlflow_uri, or mlflow=false") from error


def open_client(uri: str) -> MlflowClient:
    """MLflow's client, which is imported here alone; the folder of a SQLite database is made."""
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing leaves the machine
    from mlflow.tracking import MlflowClient

    _quieten()
    if not uri.startswith(SQLITE):
        return MlflowClient(uri)
    database = _database(uri)
    database.parent.mkdir(parents=True, exist_ok=True)
    return MlflowClient(f"{SQLITE}{database}")


def begin_run(client: MlflowClient, uri: str, command: str, name: str) -> str:
    """Id of a new run in the experiment ``command``, whose artifacts lie beside a SQLite database."""
    found = client.get_experiment_by_name(command)
    if found is not None:
        experiment = found.experiment_id
    elif uri.startswith(SQLITE):
        location = (_database(uri).parent / "mlflow-artifacts" / command).as_uri()
        experiment = client.create_experiment(command, artifact_location=location)
    else:
        experiment = client.create_experiment(command)
    return str(client.create_run(experiment, run_name=name).info.run_id)


def _database(uri: str) -> Path:
    return Path(uri.removeprefix(SQLITE)).resolve()


def _name(text: str) -> str:
    """A name that MLflow accepts."""
    return "".join(letter if letter.isalnum() or letter in "_-./ " else "-" for letter in text)[:250]


def _quieten() -> None:
    import logging

    for name in ("mlflow.store.db.utils", "alembic"):
        logging.getLogger(name).setLevel(logging.WARNING)
