"""``python -m benchmarks.interference``: what experiments find of a difference that the simulator knows.

Orders share stock, queues and trucks. Two routers are played on the same traces: each alone, which is the truth, and
mixed as an experiment on the real stream mixes them, order by order or block by block, with the endpoint's own
assignment and estimates (``serve.trials``).
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from agents.heuristics import RuleAgent
from envs.costs import MILLICENTS
from envs.feature_schema import SLOT_FEATURES
from envs.plan_table import SCORE, Rule
from envs.prices import Pricing
from envs.protocol import Agent
from envs.simulation import simulate
from envs.snapshot import Snapshot
from scenarios.draw import draw_trace
from scenarios.network import Network
from scenarios.registry import load_scenario
from scenarios.trace import Trace
from serve.trials.assignment import Assignment, Subject, UnitKind
from serve.trials.sequence import Interval, Stream, difference_of, stream_of

SCENARIO = "cutoff-congestion"
FIRST_SEED = 1_000_100
"""Validation traces."""

QUEUE_PRICE = 12.0
"""Of an hour of queue, in currency units times the feature, as in ``docs/board.md``: it made myopic 4 % cheaper."""

_PICK_START = [feature.name for feature in SLOT_FEATURES].index("pick_start")
HOUR = 3600
ALPHA, PLANNED_UNITS = 0.05, 200


class QueueAverse:
    """The least score, plus a price on the time until the pick starts: spares the queue for those who come after."""

    name, pricing, needs_features = "queue-averse", Pricing.NONE, True

    def start(self, network: Network) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        """Slot of the plan."""
        count = snapshot.num_plans
        score = snapshot.plans.rules[:count, SCORE] / (1000 * MILLICENTS)
        return int(np.argmin(score + QUEUE_PRICE * snapshot.plans.features[:count, _PICK_START]))


@dataclass
class Mixed:
    """Lets a control and a treatment decide, as an assignment says; itself an agent.

    Attributes:
        control: decides what is not treated.
        treatment: decides the rest.
        assignment: how units fall to it.
        units: unit and arrival of each order, by its number in the trace.
    """

    control: Agent
    treatment: Agent
    assignment: Assignment
    units: dict[int, tuple[str, int]] = field(default_factory=dict)
    name: str = "mixed"
    pricing: Pricing = Pricing.NONE
    needs_features: bool = True

    def start(self, network: Network) -> None:
        """Nothing to prepare: regions are told by their numbers."""

    def choose(self, snapshot: Snapshot) -> int:
        """Slot of the plan of whoever decides."""
        asked = snapshot.seen.order[0]
        order, at = int(asked["order"]), int(asked["arrival_seconds"])
        unit = self.assignment.unit_of(Subject(str(order), str(asked["region"]), None, at))
        assert unit is not None
        self.units[order] = (unit, at)
        return (self.treatment if self.assignment.is_treated(unit) else self.control).choose(snapshot)


class Design(NamedTuple):
    """One way to mix; the first hours of a block may be left out."""

    name: str
    unit: UnitKind
    block_hours: int = 0
    washout_hours: int = 0


DESIGNS = (
    Design("order by order", "order"),
    Design("blocks of 6 hours", "block", 6),
    Design("blocks of a day by region", "region_block", 24),
    Design("blocks of a day", "block", 24),
    Design("blocks of a day without their first 12 hours", "block", 24, 12),
    Design("blocks of 2 days", "block", 48),
    Design("blocks of 2 days without their first day", "block", 48, 24),
)


Unit = tuple[bool, int, float]
"""Whether it is treated, its orders, and what they came to."""


class Finding(NamedTuple):
    """What one design found; currency units an order, treatment less control."""

    design: str
    num_units: int
    interval: Interval


def routers() -> tuple[Agent, Agent]:
    """Control and treatment."""
    return RuleAgent("myopic", Rule.MYOPIC, needs_features=True), QueueAverse()


def costs_of(trace: Trace, agent: Agent) -> np.ndarray:
    """Currency units that each order came to in the end, float (num_orders,)."""
    ledger = simulate(trace, agent, "compiled", level="ledger").ledger
    orders, amounts = ledger["order"].to_numpy(), ledger["amount_millicents"].to_numpy()
    return np.bincount(orders, amounts, len(trace.future.orders)) / MILLICENTS


def study(
    num_traces: int, designs: Sequence[Design] = DESIGNS, scenario: str = SCENARIO
) -> tuple[np.ndarray, list[Finding]]:
    """Plays it all.

    Returns:
        Float (num_traces,), the true difference of each trace, an order; and what each design found.
    """
    control, treatment = routers()
    truths, units = [], dict[Design, list[Unit]]({design: [] for design in designs})
    for number in range(num_traces):
        trace = draw_trace(load_scenario(scenario), FIRST_SEED + number)
        truths.append(float((costs_of(trace, treatment) - costs_of(trace, control)).mean()))
        for design in designs:
            assignment = Assignment(f"{design.name} {number}", 0.5, design.unit, HOUR * design.block_hours)
            mixed = Mixed(control, treatment, assignment)
            units[design] += _units(mixed, design, costs_of(trace, mixed))
    found = {design: difference_of(_stream(rows), ALPHA, PLANNED_UNITS) for design, rows in units.items()}
    return np.array(truths), [Finding(design.name, len(units[design]), found[design]) for design in designs]


def _units(mixed: Mixed, design: Design, costs: np.ndarray) -> list[Unit]:
    """Arm, orders and costs of each unit, in the order in which they begin."""
    sums: dict[str, list[float]] = {}
    for order, (unit, at) in sorted(mixed.units.items()):
        if not design.washout_hours or at % (HOUR * design.block_hours) >= HOUR * design.washout_hours:
            sums.setdefault(unit, []).append(float(costs[order]))
    return [(mixed.assignment.is_treated(unit), len(found), sum(found)) for unit, found in sums.items()]


def _stream(rows: list[Unit]) -> Stream:
    is_treated, sizes, sums = (np.array(column) for column in zip(*rows, strict=True))
    return stream_of(is_treated, sizes.astype(float), sums, 0.5)


def table(truths: np.ndarray, findings: list[Finding]) -> str:
    """Markdown."""
    error = truths.std(ddof=1) / len(truths) ** 0.5
    lines = [
        "| arms drawn | units | difference | always-valid 95 % interval | away from the truth |",
        "|---|---:|---:|---|---:|",
        f"| none: each router alone on all orders | {len(truths)} | {truths.mean():+.4f} | ± {1.96 * error:.4f} | |",
    ]
    for design, num, (estimate, low, high, _) in findings:
        reach = "too few units" if low is None or high is None else f"{low:+.4f} to {high:+.4f}"
        lines.append(f"| {design} | {num:,} | {estimate:+.4f} | {reach} | {estimate - truths.mean():+.4f} |")
    return "\n".join(lines)


PAGE = Path(__file__).parents[1] / "docs" / "interference.md"
TEXT = """# Orders share queues: what experiments find of a known difference

Two routers play `{scenario}`, whose orders share pick queues and trucks. The control is `myopic`; the treatment puts a
price on the queue that an order would join, so it sends patient orders elsewhere, which is dear for them and good for
all who come after. Each is played alone on {num} validation traces, which tells the truth: treatment less control,
in currency units an order. Then both are mixed on the same traces as [an experiment on the real
stream](experiments_live.md) mixes them, with its own assignment and intervals, and what orders came to is compared.

{table}

Drawn order by order, both arms stand in the same queues: the treatment pays for what the control enjoys, and the
experiment finds, beyond doubt, a difference of the wrong sign. No number of orders helps. Blocks are nearer to the
truth the longer they are, as queues outlive a night here. Regions are no shelter, since all of them send to the same
hub. The rest is what the block before has left: a washout helps if it is as long as that lasts, and a shorter one may
leave out the better part of a block.

```bash
.venv/bin/python -m benchmarks.interference --write    # this page; without --write the table alone
```
"""


def main(args: Sequence[str] | None = None) -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.interference", description=__doc__)
    parser.add_argument("--traces", type=int, default=60, help="validation traces (default 60)")
    parser.add_argument("--write", action="store_true", help="write the page that shows it")
    arguments = parser.parse_args(args)
    found = table(*study(arguments.traces))
    print(found)
    if arguments.write:
        PAGE.write_text(TEXT.format(scenario=SCENARIO, num=arguments.traces, table=found))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
