"""What each stage of the trainings brought, on validation traces: the ablation of the learner."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from experiments.scoreboard.cell import Cell
from experiments.scoreboard.pages.markdown import percent, table
from experiments.scoreboard.statistics import t_interval
from experiments.scoreboard.work import STAGE

BASE = "base"
"""The untrained scorer: the base router."""

ORDER = (BASE, "values", "search", "ppo")
"""As they follow each other; cells from a published file have their numbers sorted by name."""


def stages_section(trainings: Sequence[Cell]) -> str:
    """The section of a scenario's page: costs of the stages over trainings; nothing if none compared any.

    Args:
        trainings: cells of trainings.
    """
    trainings = [cell for cell in trainings if f"{STAGE}{BASE}" in cell.values]
    if not trainings:
        return ""
    rows = []
    base = np.array([cell.values[f"{STAGE}{BASE}"] for cell in trainings])
    found = [name.removeprefix(STAGE) for name in trainings[0].values if name.startswith(STAGE)]
    for stage in sorted(found, key=ORDER.index):
        name = f"{STAGE}{stage}"
        costs = np.array([cell.values[name] for cell in trainings])
        saved = t_interval(100 * (costs / base - 1))
        kept = sum(cell.facts["kept"] == stage for cell in trainings)
        rows.append([stage, f"{costs.mean():.3f}", percent(saved), f"{kept} of {len(trainings)}"])
    head = ["after the stage", "cost an order", "minus base [95 % over seeds]", "kept"]
    words = (
        "On the validation traces that chose the stage to keep, so slightly flattered; each stage goes on from the "
        "one before. [What the stages are](../learning.md)."
    )
    return f"## What each stage of learning brought\n\n{table(head, rows)}\n\n{words}"
