"""Preferences: which weights are swept, the reference points, and what the page of fronts compares."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import numpy as np

from experiments.evaluation import Weights
from experiments.provenance import git
from experiments.record import write_text
from experiments.scoreboard.hypervolume import nadir
from scenarios.errors import InputError

SWEEP: tuple[Weights, ...] = (
    (1.0, 1.0, 1.0),
    (1.0, 0.25, 1.0),
    (1.0, 0.5, 1.0),
    (1.0, 2.0, 1.0),
    (1.0, 6.0, 1.0),
    (1.0, 1.0, 10.0),
    (1.0, 1.0, 40.0),
    (1.0, 0.25, 40.0),
    (1.0, 3.0, 10.0),
    (1.0, 3.0, 40.0),
)
"""Weights of cost, lateness and carbon. Carbon is a hundredth of the cost, so it takes great weights to matter."""

SWEPT = ("myopic", "primal-dual", "dual")
GOALS = ("cost_objective_per_order", "lateness_objective_per_order", "carbon_objective_per_order")

REFERENCE_POINTS = "reference_points.csv"
_COLUMNS = ("scenario", "traces", *GOALS)

NUM_PREFERENCES = 1000
_SEED = 4


def sampled_preferences() -> np.ndarray:
    """float (NUM_PREFERENCES, 3): cost weighs one, the others are drawn over the range of the sweep, evenly in logs."""
    sweep = np.log(np.array(SWEEP))
    random = np.random.default_rng(_SEED).random((NUM_PREFERENCES, len(GOALS)))
    low, high = sweep.min(axis=0), sweep.max(axis=0)
    return np.exp(low + (high - low) * random)


def read_reference_points(folder: Path) -> dict[str, np.ndarray]:
    """Scenario id to reference point, float (3,), currency units an order; empty without the file.

    Raises:
        InputError: a file of another form.
    """
    path = folder / REFERENCE_POINTS
    if not path.is_file():
        return {}
    try:
        rows = list(csv.DictReader(io.StringIO(path.read_text())))
        return {row["scenario"]: np.array([float(row[goal]) for goal in GOALS]) for row in rows}
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(str(path), error, f"columns {', '.join(_COLUMNS)}", "restore the committed file") from error


def add_reference_point(folder: Path, scenario_id: str, num_traces: int, points: np.ndarray) -> None:
    """Writes the nadir of a sweep into the file; a point that is there already stays.

    Args:
        folder: of the pages.
        scenario_id: with its version.
        num_traces: that each point is a mean over.
        points: float (n, 3) of the myopic sweep on validation traces.
    """
    path = folder / REFERENCE_POINTS
    if scenario_id in read_reference_points(folder):
        return
    kept = path.read_text() if path.is_file() else ",".join(_COLUMNS) + "\n"
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerow(
        [scenario_id, num_traces, *(f"{value:.6f}" for value in nadir(points))]
    )
    write_text(path, kept + buffer.getvalue())


def is_committed(path: Path) -> bool:
    """Whether git has the file as it is; true outside a checkout, where nothing can be committed."""
    folder = path.resolve().parent
    if git(folder, "rev-parse", "--is-inside-work-tree") != "true":
        return True
    return bool(git(folder, "ls-files", path.name)) and not git(folder, "status", "--porcelain", "--", path.name)
