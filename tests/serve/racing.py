"""Processes that race for the same goods. Run as a program: one of the racers, who starts when a line comes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

WAREHOUSE, SKU = "north", "lamp"
"""Of the races for units alone."""


def race_for_units(url: str, number: int) -> int:
    """Takes a unit ``number`` times; how often there was one."""
    from serve.orders.changes import Changes, Taken
    from serve.storage.database import Database

    database, num_taken = Database(url), 0
    for _ in range(number):
        changes = Changes()
        changes.move(SKU, WAREHOUSE, allocated=1)
        try:
            with database.writing() as tx:
                changes.make(tx)
            num_taken += 1
        except Taken:
            pass
    database.close()
    return num_taken


class Decider:
    """Asks for decisions, each with another order id."""

    def __init__(self, bundle: str, order: dict[str, Any]) -> None:
        from agents.bundle import BundleAgent
        from serve.decisions.service import DecisionService

        self._agent, self._order = BundleAgent(Path(bundle)), order
        self._service = DecisionService(self._agent, 30.0)

    def forked(self) -> None:
        """In a forked process: the threads of the stages have stayed behind."""
        from serve.decisions.chain import Chain

        self._service.chain = Chain(self._agent, 30.0)

    def race(self, url: str, number: int, tell: Callable[[str], None] = lambda decision_id: None) -> int:
        """Decides ``number`` orders and tells their decisions' ids; how many got a plan."""
        from scenarios.local_time import parse_utc
        from serve.decisions.asked import Asked
        from serve.decisions.desk import Desk, DeskSettings
        from serve.decisions.request import DecisionRequest
        from serve.orders.known import Known
        from serve.storage.database import Database

        known = Known(self._service.reader.public)
        desk = Desk(self._service, Database(url), known, DeskSettings(is_request_clock=True))
        now, num_planned = parse_utc("t", self._order["placed_at"]), 0
        for _ in range(number):
            order = {**self._order, "id": uuid.uuid4().hex}
            request = DecisionRequest.model_validate({"order": order, "max_alternatives": 0})
            content, _ = desk.decide(Asked(request, "racer", order["id"], time.perf_counter(), now))
            answer = json.loads(content)
            num_planned += answer["plan"] is not None
            tell(answer["decision_id"])
        desk.database.close()
        return num_planned


class Racers:
    """Processes that wait for the start, race, and wait again."""

    def __init__(self, processes: list[subprocess.Popen[str]]) -> None:
        self._processes = processes

    def race(self, url: str, number: int) -> list[int]:
        """What each of them got of ``number`` attempts each."""
        for process in self._processes:
            assert process.stdin is not None
            process.stdin.write(json.dumps([url, number]) + "\n")
            process.stdin.flush()
        return [int(process.stdout.readline()) for process in self._processes if process.stdout is not None]


@contextmanager
def racers(count: int, *arguments: str) -> Iterator[Racers]:
    """Starts ``count`` processes: for units, or with a bundle and an order (JSON) for decisions."""
    code = "import sys; from tests.serve.racing import main; main(sys.argv[1:])"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(count)
    ]
    try:
        yield Racers(processes)
    finally:
        for process in processes:
            process.communicate()


def main(arguments: list[str]) -> None:
    """Races whenever a line with a URL and a number comes, until there are no more."""
    race = Decider(arguments[0], json.loads(arguments[1])).race if arguments else race_for_units
    for line in sys.stdin:
        url, number = json.loads(line)
        print(race(url, number), flush=True)
