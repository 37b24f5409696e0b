"""``python -m benchmarks.load [--write]``: how many orders a second the endpoint answers, and what happens beyond.

Five minutes of steady load, then rising rates, then five times the admission limit, then a policy that stalls; all on
this one machine. With ``--write`` the results are kept, and the page that quotes them is brought up to date.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import selectors
import tempfile
from pathlib import Path

from benchmarks.load.run import Plan, cores_for, run
from benchmarks.load.table import markdown, write_page, write_results, write_stall
from benchmarks.load.world import write_load_bundle
from serve.web.cores import CHOICES

_ROOT = Path(__file__).resolve().parents[2]
RESULTS, PAGE = _ROOT / "docs/results/load.csv", _ROOT / "docs/load.md"
STALL = RESULTS.with_name("load_stall.csv")


def main() -> int:
    """Prints the table; 1 if something was lost, wrong, neither answered nor refused. A missed target is only told."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.load", description=__doc__)
    parser.add_argument("--rate", type=float, default=200.0, help="orders a second (default: %(default)g)")
    parser.add_argument("--seconds", type=float, default=300.0, help="of steady load (default: %(default)g)")
    parser.add_argument("--processes", type=int, default=2, help="of the endpoint (default: %(default)s)")
    parser.add_argument("--cores", choices=CHOICES, help="of the processes (default: own, if there are so many)")
    parser.add_argument("--database", metavar="URL", help="an empty database (default: a SQLite file in a new folder)")
    parser.add_argument("--write", action="store_true", help=f"keep the results in {RESULTS.name}, for the page")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="load-") as name:
        folder = Path(name)
        database = options.database or f"sqlite:///{folder / 'shop.db'}"
        plan = Plan(
            write_load_bundle(folder / "bundle"),
            database,
            options.rate,
            options.seconds,
            processes=options.processes,
            cores=options.cores or cores_for(options.processes),
        )
        gc.collect()
        gc.freeze()
        gc.disable()  # the sender must not rest for a tenth of a second: it would count as the endpoint's
        with asyncio.Runner(loop_factory=_punctual) as sending:
            outcome = sending.run(run(plan))
    print(markdown(outcome.phases, outcome.stall))
    print(f"\n{len(outcome.accepted)} decisions acknowledged, {outcome.lost} of them not on record, ", end="")
    print(f"{outcome.complaints} complaints of the audit log")
    if options.write:
        write_results(RESULTS, outcome)
        if outcome.stall is not None:
            write_stall(STALL, outcome.stall)
        write_page(PAGE, outcome.phases, outcome.stall)
    num_errors = sum(phase.errors for phase in outcome.phases) + (outcome.stall.errors if outcome.stall else 0)
    return int(bool(num_errors or outcome.lost or outcome.complaints))


def _punctual() -> asyncio.AbstractEventLoop:
    """A loop that wakes within a tenth of a millisecond of a moment. The usual one rounds up to the next millisecond,
    which would be counted as waiting, and set all medians near each other."""
    return asyncio.SelectorEventLoop(selectors.SelectSelector())


if __name__ == "__main__":
    raise SystemExit(main())
