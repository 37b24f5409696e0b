"""What a training leaves behind while it runs: the learning curve and checkpoints."""

from __future__ import annotations

import csv
import io
import os
import pickle
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sb3_contrib import MaskablePPO

from scenarios.errors import InputError

CURVE_COLUMNS = ("stage", "steps", "seconds", "cost_per_order", "base_cost_per_order")

Row = dict[str, float | str]
Progress = Callable[[Row], None]


@dataclass
class Diary:
    """The learning curve: rows so far, written as CSV after each."""

    path: Path
    on_progress: Progress | None
    rows: list[Row] = field(default_factory=list)
    began: float = field(default_factory=time.monotonic)

    def resume(self, rows: list[Row]) -> None:
        """Continues after rows of an earlier sitting."""
        self.rows = list(rows)
        if rows:
            self.began = time.monotonic() - float(rows[-1]["seconds"])

    def add(self, stage: str, steps: int, cost: float, base_cost: float) -> None:
        """Adds a row and shows it."""
        seconds = round(time.monotonic() - self.began, 3)
        row: Row = dict(zip(CURVE_COLUMNS, (stage, float(steps), seconds, cost, base_cost), strict=True))
        self.rows.append(row)
        with open(self.path, "w", newline="") as file:
            writer = csv.DictWriter(file, CURVE_COLUMNS)
            writer.writeheader()
            writer.writerows(self.rows)

    def show(self) -> None:
        """Tells the last row; called once it cannot be lost."""
        if self.on_progress is not None:
            self.on_progress(self.rows[-1])


def write_checkpoint(path: Path, content: dict[str, Any]) -> None:
    """At once or not at all."""
    scratch = path.with_suffix(".partial")
    with open(scratch, "wb") as file:
        pickle.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(scratch, path)


def read_checkpoint(path: Path, key: str) -> dict[str, Any]:
    """The content written under the same ``key``.

    Raises:
        InputError: a damaged file, or one of another scenario or configuration.
    """
    try:
        content: dict[str, Any] = pickle.loads(path.read_bytes())
        saved_key = content["key"]
    except Exception as error:  # a damaged pickle fails in many ways
        raise InputError(
            "checkpoint", str(path), f"a complete checkpoint ({type(error).__name__})", "remove it and train again"
        ) from error
    if saved_key != key:
        raise InputError(
            "checkpoint", saved_key, key, "use another directory, or the settings that the checkpoint was made with"
        )
    return content


def restore(content: dict[str, Any]) -> MaskablePPO:
    """The model with its environments, as they were at a rollout boundary, and all generators."""
    model = MaskablePPO.load(
        io.BytesIO(content["model"]), env=pickle.loads(content["env"]), device="cpu", force_reset=False
    )
    torch.set_rng_state(content["torch_state"])
    np.random.set_state(content["numpy_state"])  # noqa: NPY002
    random.setstate(content["python_state"])
    return model
