"""Golden event logs: what happens in small worlds may change on purpose only.

After a wanted change of dynamics bump the environment's version and write the logs anew with
``python -m tests.envs.test_golden``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from agents import load_agent
from envs.costs import PART_NAMES
from envs.log import Kind
from envs.simulation import Simulation, simulate
from scenarios import draw_trace, load_scenario

FOLDER = Path(__file__).parent / "golden"
CASES = [
    ("toy-scarce", "primal-dual"),
    ("toy-backorder", "myopic"),
    ("toy-split", "fewest-splits"),
    ("tiny", "nearest"),
    ("toy-hold", "consolidate"),
    ("toy-presale", "myopic"),
    ("toy-short-pick", "nearest"),
    ("toy-outage", "cheapest"),
    ("toy-cancel", "myopic"),
    ("toy-receipt-short", "myopic"),
    ("toy-reorder", "myopic"),
]


def logs(name: str, agent: str, clock: str = "compiled") -> dict[str, str]:
    """Event log and ledger as CSV, kinds and parts by name."""
    simulation: Simulation = simulate(draw_trace(load_scenario(name), 1), load_agent(agent), clock)
    events, ledger = simulation.events.to_pandas(), simulation.ledger.to_pandas()
    events["kind"] = [Kind(kind).name.lower() for kind in events["kind"]]
    ledger["part"] = [PART_NAMES[part] for part in ledger["part"]]
    tables: dict[str, pd.DataFrame] = {"events": events, "ledger": ledger}
    return {f"{name}-{agent}-{kind}.csv": table.to_csv(index=False) for kind, table in tables.items()}


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
@pytest.mark.parametrize(("name", "agent"), CASES)
def test_golden_logs(name, agent, clock):
    for file, text in logs(name, agent, clock).items():
        assert text.splitlines() == (FOLDER / file).read_text().splitlines(), f"{file}: see the head of this module"


def test_no_golden_log_is_left_over():
    assert {path.name for path in FOLDER.iterdir()} == {file for case in CASES for file in logs(*case)}


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for old in FOLDER.iterdir():
        old.unlink()
    for case in CASES:
        for file, text in logs(*case).items():
            (FOLDER / file).write_text(text)
