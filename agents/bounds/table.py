"""The table of ``docs/bounds.md``: how far routers are above the bounds. ``python -m agents.bounds.table`` makes it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence

import numpy as np

from agents import load_agent
from agents.bounds.relaxation import demand_hindsight, hindsight
from envs.costs import MILLICENTS
from envs.many import simulate_many
from scenarios import draw_trace, load_scenario
from scenarios.seeds import VALIDATION

ROUTERS = ("myopic", "primal-dual")
NUM_TRACES = {"tiny": 20, "metro-small": 5, "metro-disrupted": 3}
DISRUPTED = {"orders_per_day": 300.0}
"""``metro-disrupted`` with a ninth of its orders and all of its stock, so that the table is made in a minute."""

HEADER = ("scenario", "traces", *ROUTERS, "`demand_hindsight`", "`hindsight`", "orders", "seconds a bound")


def rows(names: Sequence[str] = tuple(NUM_TRACES)) -> Iterator[tuple[str, ...]]:
    """Mean cost a trace in currency units, the warm-up included, of routers and bounds; gaps are to the best router."""
    for name in names:
        scenario = load_scenario(name, **(DISRUPTED if name == "metro-disrupted" else {}))
        traces = [draw_trace(scenario, VALIDATION[number]) for number in range(NUM_TRACES[name])]
        costs = {
            router: np.mean([world.world.totals.sum() for world in simulate_many(traces, load_agent(router))])
            for router in ROUTERS
        }
        best, shown = min(costs.values()), [f"{costs[router] / MILLICENTS:.2f}" for router in ROUTERS]
        seconds = 0.0
        for bound in (demand_hindsight, hindsight):
            found = [bound(trace) for trace in traces]
            value = np.mean([one.value_millicents for one in found])
            shown.append(f"{value / MILLICENTS:.2f} ({100 * (value / best - 1):+.1f} %)")
            seconds = max(seconds, float(np.mean([one.seconds for one in found])))
        orders = np.mean([trace.num_orders for trace in traces])
        yield name, str(len(traces)), *shown, f"{orders:.0f}", f"{seconds:.1f}"


def main() -> int:
    """Prints the table in Markdown."""
    print("| " + " | ".join(HEADER) + " |\n|" + "---|" * len(HEADER))
    for row in rows():
        print("| " + " | ".join(row) + " |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
