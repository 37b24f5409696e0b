"""The whole run: steady load beside an echo, rates up to the highest that is answered in time, overload, recovery, and
a policy that stalls."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import select

from agents.bundle import read_bundle
from benchmarks.load.phase import Load, Phase, is_refusal, play
from benchmarks.load.sender import Reply, Sender
from benchmarks.load.servers import Server, echo, endpoint, stalling
from benchmarks.load.stall import DEADLINE_MS, RATE, Stall, recovered, stalled
from benchmarks.load.world import orders
from scenarios.errors import InputError
from serve.audit.log import complaints
from serve.storage import tables
from serve.storage.database import Database
from serve.web.cores import check_cores

OVERLOAD = 5
"""Times the admission limit that is offered."""

BURST_SECONDS = 0.05
"""For which the endpoint under overload may save up its rate: what it has saved while it stood still comes at once."""

LEAST_STALL_SECONDS = 6.0
"""A little longer than one call of a policy that stalls."""

TARGET_MS = 20.0
"""Of the 99th percentile."""


@dataclass(frozen=True)
class Plan:
    """How long, how much, and where.

    Attributes:
        bundle: folder of the bundle that is served.
        database: URL of an empty database.
        rate: orders a second of the steady load, and the admission limit under overload.
        seconds: of the steady load; the other phases are shares of it.
        ladder: rates that are tried, rising, until one is not answered in time.
        processes: of the endpoint.
        cores: whether each keeps to one of its own, or uses any.
        port: of the endpoint; the echo has the next one.
    """

    bundle: Path
    database: str
    rate: float = 200.0
    seconds: float = 300.0
    ladder: tuple[float, ...] = (25.0, 50.0, 75.0, 100.0, 125.0, 150.0, 175.0, 200.0, 250.0, 300.0)
    processes: int = 2
    cores: str = "any"
    port: int = 8765


def cores_for(processes: int) -> str:
    """``own`` where each can have one, as is best on a machine of their own; else ``any``."""
    try:
        check_cores("own", processes)
    except InputError:
        return "any"
    return "own"


@dataclass
class Outcome:
    """What came of it.

    Attributes:
        phases: in their order.
        accepted: decisions that were acknowledged in any phase.
        lost: of these, those that are not on record.
        complaints: of the audit log.
        stall: what a policy that stalls did to answers; None if that was not played.
    """

    phases: list[Phase] = field(default_factory=list)
    accepted: list[str] = field(default_factory=list)
    lost: int = 0
    complaints: int = 0
    stall: Stall | None = None

    def add(self, phase: Phase, replies: list[Reply]) -> Phase:
        """Takes note of a phase."""
        self.phases.append(phase)
        self.accepted += [reply.decision_id for reply in replies if reply.decision_id]
        return phase

    def named(self, name: str) -> Phase:
        """One of the phases."""
        return next(phase for phase in self.phases if phase.name == name)


async def run(plan: Plan) -> Outcome:
    """Plays all phases against servers that it starts; the one that is overloaded has a line of one a process, and
    saves up little of its rate, so that what it accepts does not wait for what it accepted before."""
    outcome, bodies = Outcome(), _bodies(plan)
    options = ["--client-rate", "none", "--processes", str(plan.processes), "--cores", plan.cores]
    with endpoint(plan.bundle, plan.database, plan.port, options) as server:
        await _steady(plan, outcome, server, bodies)
        await _climb(plan, outcome, server, bodies)
    short = ["--decision-rate", f"{plan.rate:g}", "--burst", f"{BURST_SECONDS:g}"]
    short += ["--in-flight", "1", "--waiting", str(plan.processes)]
    with endpoint(plan.bundle, plan.database, plan.port, [*options, *short]) as server:
        await _overload(plan, outcome, server, bodies)
    with tempfile.TemporaryDirectory(prefix="stall-") as folder:
        switch = Path(folder) / "stall"
        with stalling(plan.bundle, plan.database, plan.port, switch) as server:
            await _stall(plan, outcome, server, switch)
    _check_record(plan, outcome)
    return outcome


def _bodies(plan: Plan, **stated: float) -> Iterator[bytes]:
    """Orders, and what each request states beside."""
    public = read_bundle(plan.bundle).public
    return (json.dumps({**order, **stated}).encode() for order in orders(public, time.time_ns()))


async def _steady(plan: Plan, outcome: Outcome, server: Server, bodies: Iterator[bytes]) -> None:
    """The echo is asked right before and after, at the same rate, while the endpoint rests."""
    sender = Sender(server.port, "/v1/decisions", bodies)
    outcome.add(*await play(Load("warm-up", plan.rate / 4, plan.seconds / 30), server, sender))
    with echo(plan.port + 1) as other:
        echoes = Sender(other.port, "/echo", bodies)
        outcome.add(*await play(Load("echo before", plan.rate, plan.seconds / 20), other, echoes))
        outcome.add(*await play(Load("steady", plan.rate, plan.seconds), server, sender))
        outcome.add(*await play(Load("echo after", plan.rate, plan.seconds / 20), other, echoes))


async def _climb(plan: Plan, outcome: Outcome, server: Server, bodies: Iterator[bytes]) -> None:
    sender = Sender(server.port, "/v1/decisions", bodies)
    for rate in plan.ladder:
        phase = outcome.add(*await play(Load(f"at {rate:g}/s", rate, plan.seconds / 15), server, sender))
        if phase.p99_ms > TARGET_MS or phase.refused or phase.errors:
            return


async def _overload(plan: Plan, outcome: Outcome, server: Server, bodies: Iterator[bytes]) -> None:
    sender = Sender(server.port, "/v1/decisions", bodies)
    loads = (
        Load("warm-up at the limit", plan.rate / 4, plan.seconds / 30),
        Load("normal, before", plan.rate / 2, plan.seconds / 15),
        Load("overload", OVERLOAD * plan.rate, plan.seconds / 10),
        Load("recovery", plan.rate / 2, min(10.0, plan.seconds / 15)),
        Load("normal, after", plan.rate / 2, plan.seconds / 15),
    )
    for load in loads:
        outcome.add(*await play(load, server, sender))


async def _stall(plan: Plan, outcome: Outcome, server: Server, switch: Path) -> None:
    sender = Sender(server.port, "/v1/decisions", _bodies(plan, deadline_ms=DEADLINE_MS), keeps_bodies=True)
    seconds = max(LEAST_STALL_SECONDS, plan.seconds / 30)
    outcome.add(*await play(Load("normal, with deadlines", RATE, seconds), server, sender))
    switch.touch()
    load = Load("policy stalled", RATE, seconds)
    phase, replies = await play(load, server, sender)
    outcome.add(phase, replies)
    after, closed_s = await recovered(sender, switch)
    outcome.accepted += [reply.decision_id for reply in after if reply.decision_id]
    num_errors = sum(reply.status != 200 and not is_refusal(reply) for reply in after)
    found = stalled(load, replies, closed_s)
    outcome.stall = replace(found, errors=found.errors + num_errors)


def _check_record(plan: Plan, outcome: Outcome) -> None:
    """Every decision that was acknowledged is kept, and nothing in the log was changed."""
    database = Database(plan.database)
    with database.reading() as tx:
        kept = set(tx.execute(select(tables.decisions.c.id)).scalars())
        outcome.lost = len(set(outcome.accepted) - kept)
        outcome.complaints = sum(1 for _ in complaints(tx))
    database.close()
