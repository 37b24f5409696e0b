"""``routelab trace``: one realisation of a scenario, as a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from experiments.record import Run
from experiments.settings import ScenarioChoice, launch
from experiments.traces import scenario_of
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.seeds import split_of
from scenarios.trace import Trace

COMMAND = "trace"


def write_trace(settings: dict[str, Any], folder: Path, arguments: tuple[str, ...] = ()) -> tuple[Trace, Path]:
    """Draws the trace, writes it to ``out`` (in the run's folder if not given) and records the run.

    Raises:
        InputError: a scenario, seed or file name that cannot be used; nothing has been written then.
    """
    seed, out = settings["seed"], settings["out"]
    if out is not None and (not isinstance(out, str) or Path(out).suffix != ".npz"):
        raise InputError("out", out, "the name of a .npz file", "write out=FILE.npz")
    split = split_of(seed)
    trace = draw_trace(scenario_of(ScenarioChoice.of(settings["scenario"])), seed)
    run = Run.begin(folder, COMMAND, settings, arguments)
    path = trace.save(Path(out) if out else run.path("trace.npz"))
    facts = {
        "split": split,
        "file": str(path),
        "lines": len(trace.future.lines),
        "receipts": len(trace.future.receipts),
    }
    row = {"seed": trace.seed, "sha256": trace.sha256, "num_orders": trace.num_orders}
    run.finish(scenario_id=trace.scenario_id, traces=[row], facts=facts)
    return trace, path


def main(arguments: list[str]) -> int:
    """Hydra main of ``routelab trace``."""

    def job(settings: dict[str, Any], folder: Path) -> int:
        trace, path = write_trace(settings, folder, tuple(arguments))
        print(f"{trace.scenario_id}, seed {trace.seed}: {trace.num_orders:,} orders, {len(trace.future.lines):,} lines")
        print(f"SHA-256 {trace.sha256}\nTrace:  {path}\nRecord: {folder}")
        return 0

    return launch(COMMAND, job, arguments)
