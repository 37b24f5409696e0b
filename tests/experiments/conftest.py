"""Small evaluations that several tests look at."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import routelab
from experiments.cell import Cell
from experiments.record import Run

TINY = ("scenario=tiny", "agents=[nearest,myopic,primal-dual]", "traces=4", "mlflow=false")


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory) -> Run:
    """A finished evaluation of three heuristics on four traces of ``tiny``; not to be changed."""
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    assert routelab.main(["evaluate", *TINY, f"run_dir={folder}"]) == 0
    return Run.open(folder)


@pytest.fixture
def some_cell() -> Callable[..., Cell]:
    """A cell made by hand: agent, trace position, cost and, if wanted, more metrics."""

    def make(agent: str, position: int, cost: float, **metrics: float) -> Cell:
        return Cell(
            id=f"{agent}-{position}",
            agent=agent,
            identity=agent,
            position=position,
            seed=2_000_000 + position,
            trace_sha256=f"{position:064d}",
            num_orders=10,
            metrics={"cost_per_order": cost, **metrics},
        )

    return make


@pytest.fixture
def folder(tmp_path) -> Path:
    """A run's folder that does not exist yet."""
    return tmp_path / "run"
