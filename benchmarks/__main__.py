"""``python -m benchmarks [--bundle DIR]``: speed of simulation and decisions on this machine."""

from __future__ import annotations

import argparse
import platform
from pathlib import Path

from benchmarks.batched import measure_batched
from benchmarks.forks import measure_forks
from benchmarks.scaling import measure_scaling, scaling_table
from benchmarks.speeds import Speed, measure


def table(speeds: list[Speed]) -> str:
    """One line a speed; clocks also as events of bare SimPy that a decision costs."""
    bare = speeds[0].amount
    lines = [f"{'what':48s} {'amount':>12s} {'unit':12s} {'target':>9s}  {'ratio to bare SimPy'}"]
    for speed in speeds:
        target = "" if speed.target is None else f"{speed.target:,.0f}"
        verdict = "" if speed.target is None else ("  reached" if speed.is_reached else "  MISSED")
        ratio = "" if speed.unit in ("us", "%") else f"{speed.amount / bare:.3f}"
        lines.append(f"{speed.name:48s} {speed.amount:12,.0f} {speed.unit:12s} {target:>9s}  {ratio}{verdict}")
    return "\n".join(lines)


def main() -> int:
    """Prints the table; 1 if a target is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--bundle", type=Path, help="folder of a policy bundle whose decisions are timed too")
    parser.add_argument("--repeats", type=int, default=3, help="the best of so many counts (default 3)")
    arguments = parser.parse_args()
    print(f"{platform.machine()}, Python {platform.python_version()}. Speeds: per second of this process's CPU time,")
    print(f"one core, best of {arguments.repeats}, rules compiled before. Decisions: median wall time.\n")
    speeds = measure(arguments.bundle, arguments.repeats)
    speeds += measure_batched(arguments.repeats) + measure_forks()
    print(table(speeds))
    print("\nCPU time a decision, one core; one thing at a time is ten times as large:\n")
    print(scaling_table(measure_scaling(arguments.repeats)))
    return 0 if all(speed.is_reached for speed in speeds) else 1


if __name__ == "__main__":
    raise SystemExit(main())
