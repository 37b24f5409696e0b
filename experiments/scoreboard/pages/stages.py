"""What each stage of the trainings brought, on validation traces: the ablation of the learner."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from experiments.scoreboard.evidence import Evidence
from experiments.scoreboard.pages.markdown import percent, table
from experiments.scoreboard.policies import LEARNER
from experiments.scoreboard.statistics import t_interval
from experiments.scoreboard.work import POLICIES

BASE = "base"
"""The untrained scorer: the base router."""


def stages_section(evidence: Evidence) -> str:
    """The section of a scenario's page, or nothing without trainings."""
    paths = [_path(evidence, policy.training_id) for policy in evidence.policies]
    return stages_of([json.loads(path.read_text()) for path in paths if path.is_file()])


def _path(evidence: Evidence, training_id: str) -> Path:
    return evidence.board.folder / POLICIES / training_id / str(import_module(LEARNER).STAGES)


def stages_of(trainings: Sequence[dict[str, Any]]) -> str:
    """Costs of the stages over trainings.

    Args:
        trainings: contents of ``stages.json``: ``cost_per_order`` by stage, in sequence, and the stage ``kept``.
    """
    if not trainings:
        return ""
    rows = []
    for stage in trainings[0]["cost_per_order"]:
        costs = np.array([training["cost_per_order"][stage] for training in trainings])
        base = np.array([training["cost_per_order"][BASE] for training in trainings])
        saved = t_interval(100 * (costs / base - 1))
        kept = sum(training["kept"] == stage for training in trainings)
        rows.append([stage, f"{costs.mean():.3f}", percent(saved), f"{kept} of {len(trainings)}"])
    head = ["after the stage", "cost an order", "minus base [95 % over seeds]", "kept"]
    words = (
        "On the validation traces that chose the stage to keep, so slightly flattered; each stage goes on from the "
        "one before. [What the stages are](../learning.md)."
    )
    return f"## What each stage of learning brought\n\n{table(head, rows)}\n\n{words}"
