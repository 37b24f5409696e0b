"""How time and memory grow: one thing of ``metro-small`` at a time is made ten times as large.

The number of plans is not a size of a scenario: at most 32 are kept. The table shows how many there were.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from agents import load_agent
from agents.document_reader import DocumentReader
from agents.documents import CaseDocument, parse_case
from agents.heuristics import RuleAgent
from agents.snapshot_document import to_document
from benchmarks.speeds import SEED
from envs.many import simulate_many
from envs.plan_table import Rule
from envs.simulation import simulate
from envs.snapshot import Snapshot
from envs.world import World
from scenarios import draw_trace, load_scenario
from scenarios.demand import Demand
from scenarios.scenario import Scenario
from scenarios.trace import Names

TIMES = 10

_EVERY, _MOST_CASES = 20, 100
"""Of the decisions, which are written down as documents, and at most so many."""


@dataclass(frozen=True)
class Growth:
    """One row of the table.

    Attributes:
        what: what is ten times as large.
        num_decisions: of all replications.
        own_us: CPU microseconds a decision, own best plan inside the loop.
        full_us: the same with all plans and features.
        read_us: what the endpoint does from a checked document to plans and features, all SKUs being known.
        plans: mean plans of a decision.
        megabytes: all arrays of the trace and of one replication's state, without logs.
    """

    what: str
    num_decisions: int
    own_us: float
    full_us: float
    read_us: float
    plans: float
    megabytes: float


def grown() -> dict[str, Scenario]:
    """The scenarios of the table, the plain one first."""
    plain = load_scenario("metro-small")
    assert isinstance(plain.demand, Demand)
    one, ten = (replace(plain.demand, basket_shares=(0.0,) * (size - 1) + (1.0,)) for size in (1, TIMES))
    return {
        "metro-small": plain,
        "orders x 10, in ten times the weeks": load_scenario("metro-small", horizon_days=70),
        "SKUs x 10": _more_skus(plain),
        "warehouses x 10": _more_warehouses(plain),
        "lines: always 1": replace(plain, demand=one),
        "lines x 10": replace(plain, demand=ten),
    }


def _in_tenths(rows: tuple[Any, ...], owner: str, amount: str) -> tuple[Any, ...]:
    """Each row ten times, for the ten that its owner became, with a tenth of the amount, rounded up."""
    return tuple(
        replace(row, **{owner: f"{getattr(row, owner)}/{i}", amount: -(-getattr(row, amount) // TIMES)})
        for row in rows
        for i in range(TIMES)
    )


def _more_skus(plain: Scenario) -> Scenario:
    """Each SKU in ten colours, with a tenth of its demand, stock and receipts."""
    assert isinstance(plain.demand, Demand)
    shares = tuple(share / TIMES for share in plain.demand.sku_shares for _ in range(TIMES))
    return replace(
        plain,
        skus=tuple(replace(sku, name=f"{sku.name}/{i}") for sku in plain.skus for i in range(TIMES)),
        stock=_in_tenths(plain.stock, "sku", "on_hand_units"),
        receipts=_in_tenths(plain.receipts, "sku", "units"),
        demand=replace(plain.demand, sku_shares=shares),
    )


def _more_warehouses(plain: Scenario) -> Scenario:
    """Ten small ones with a tenth of the stock instead of each."""
    return replace(
        plain,
        warehouses=tuple(
            replace(row, name=f"{row.name}/{i}", num_stations=1) for row in plain.warehouses for i in range(TIMES)
        ),
        collections=_in_tenths(plain.collections, "warehouse", "capacity_parcels"),
        stock=_in_tenths(plain.stock, "warehouse", "on_hand_units"),
        receipts=_in_tenths(plain.receipts, "warehouse", "units"),
    )


class Counter:
    """Lets the first plan happen, counts plans, and keeps some decisions as documents.

    Args:
        names: of the network.
    """

    name, pricing, needs_features = "counter", load_agent("myopic").pricing, False

    def __init__(self, names: Names) -> None:
        self.num_plans: list[int] = []
        self.cases: list[CaseDocument] = []
        self._names = names

    def start(self, network: object) -> None:
        """Nothing to prepare."""

    def choose(self, snapshot: Snapshot) -> int:
        """Slot 0."""
        if len(self.num_plans) % _EVERY == 0 and len(self.cases) < _MOST_CASES:
            self.cases.append(parse_case(to_document(snapshot, self._names)))
        self.num_plans.append(snapshot.num_plans)
        return 0


def measure_scaling(repeats: int = 3) -> list[Growth]:
    """One row each, and ten replications of the plain scenario, played one after the other by one thread."""
    own, full = load_agent("myopic"), RuleAgent("myopic", Rule.SCORE, needs_features=True)
    rows = []
    for what, scenario in grown().items():
        trace = draw_trace(scenario, SEED)
        counter = Counter(trace.names)
        simulate(trace, counter, level="none")
        times = [
            _microseconds(lambda a=agent, t=trace: [simulate(t, a, level="none")], repeats) for agent in (own, full)
        ]
        read_us, num_plans = _read_us(scenario, counter, repeats), float(np.mean(counter.num_plans))
        rows.append(Growth(what, times[0][1], times[0][0], times[1][0], read_us, num_plans, _megabytes(trace)))
    plain = draw_trace(load_scenario("metro-small"), SEED)
    times = [
        _microseconds(lambda a=agent: simulate_many([plain] * TIMES, a, num_workers=1), repeats)
        for agent in (own, full)
    ]
    megabytes = _megabytes(plain, TIMES)
    same = rows[0].read_us, rows[0].plans
    rows.append(Growth("replications x 10", times[0][1], times[0][0], times[1][0], *same, megabytes))
    return rows


def _read_us(scenario: Scenario, counter: Counter, repeats: int) -> float:
    """CPU microseconds a document, the best of some repeats."""
    reader, best = DocumentReader(scenario.public(), counter.pricing), np.inf
    for _ in range(repeats + 1):  # the first prepares windows of the calendar
        begin = time.process_time()
        for case in counter.cases:
            reader.read_to_choose(case)
        best = min(best, (time.process_time() - begin) / len(counter.cases) * 1e6)
    return float(best)


def _microseconds(work, repeats: int) -> tuple[float, int]:  # type: ignore[no-untyped-def]
    best, count = np.inf, 0
    for _ in range(repeats):
        begin = time.process_time()
        count = sum(int(one.metrics["num_decisions"]) for one in work())
        best = min(best, (time.process_time() - begin) / count * 1e6)
    return float(best), count


def _megabytes(trace, num_worlds: int = 1) -> float:  # type: ignore[no-untyped-def]
    """All arrays, those that worlds share once; address space, of which rows that are never written take no memory."""
    worlds = [World(trace, "none", describes=False) for _ in range(num_worlds)]
    arrays = {
        id(array): array.nbytes
        for world in worlds
        for group in (world.network, world.future, world.seen, world.hidden, world.plans, world.agenda)
        for array in group
    }
    return sum(arrays.values()) / 1e6


def scaling_table(rows: list[Growth]) -> str:
    """One line a row."""
    lines = [
        f"{'what':38s} {'decisions':>9s} {'own best, us':>13s} {'plans, features, us':>20s} "
        f"{'from a document, us':>20s} {'plans':>6s} {'MB':>7s}"
    ]
    for row in rows:
        lines.append(
            f"{row.what:38s} {row.num_decisions:9,d} {row.own_us:13.2f} {row.full_us:20.2f} "
            f"{row.read_us:20.0f} {row.plans:6.1f} {row.megabytes:7.1f}"
        )
    return "\n".join(lines)
