"""Phases of the benchmark, and what is measured of each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.load.sender import Reply, Sender
from benchmarks.load.servers import Server, machine_cpu_seconds

REFUSALS = (429, 503)


@dataclass(frozen=True)
class Phase:
    """One row of the table; times in milliseconds, from the moment at which a request was due.

    Attributes:
        name: what was done.
        seconds: for how long.
        offered_per_s: requests sent a second.
        accepted_per_s: answered with 200.
        refused: with 429 or 503 and Retry-After.
        errors: anything else, no answer included.
        p50_ms: of what was accepted.
        p99_ms: of what was accepted.
        max_ms: of what was accepted.
        refusal_p99_ms: of what was refused; 0 without.
        cpu_ms: of the server, a request.
        memory_mb: of the server, at the end.
        others_cores: that other work kept busy meanwhile; times are worth little unless it is near 0.
    """

    name: str
    seconds: float
    offered_per_s: float
    accepted_per_s: float
    refused: int
    errors: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    refusal_p99_ms: float
    cpu_ms: float
    memory_mb: float
    others_cores: float


@dataclass(frozen=True)
class Load:
    """How much is sent.

    Attributes:
        name: of the phase.
        rate: requests a second.
        seconds: for how long.
    """

    name: str
    rate: float
    seconds: float


async def play(load: Load, server: Server, sender: Sender) -> tuple[Phase, list[Reply]]:
    """Sends a load and waits for its answers."""
    before = _clocks(server)
    replies = await sender.send(load.rate, load.seconds)
    server_cpu, own_cpu, machine_cpu, wall = (now - then for now, then in zip(_clocks(server), before, strict=True))
    others = (machine_cpu - server_cpu - own_cpu) / wall
    return measured(load, replies, Cost(1000 * server_cpu / len(replies), server.megabytes(), others)), replies


def _clocks(server: Server) -> tuple[float, float, float, float]:
    """Seconds of CPU of the server, this process and the machine, and of the wall."""
    return server.cpu_seconds(), time.process_time(), machine_cpu_seconds(), time.perf_counter()


@dataclass(frozen=True)
class Cost:
    """What a phase cost; see ``Phase``."""

    cpu_ms: float
    memory_mb: float
    others_cores: float


def measured(load: Load, replies: Sequence[Reply], cost: Cost) -> Phase:
    """The row of a phase."""
    accepted = [1000 * reply.seconds for reply in replies if reply.status == 200]
    refused = [1000 * reply.seconds for reply in replies if is_refusal(reply)]
    median, p99, longest = (_share(accepted, share) for share in (50, 99, 100))
    return Phase(
        load.name,
        round(load.seconds, 1),
        load.rate,
        round(len(accepted) / load.seconds, 1),
        len(refused),
        len(replies) - len(accepted) - len(refused),
        median,
        p99,
        longest,
        _share(refused, 99),
        round(cost.cpu_ms, 2),
        round(cost.memory_mb, 1),
        round(max(0.0, cost.others_cores), 1),
    )


def is_refusal(reply: Reply) -> bool:
    """Whether it was turned away as it should be, with the seconds after which to try again."""
    return reply.status in REFUSALS and (reply.retry_after or "").isdigit()


def _share(milliseconds: Sequence[float], share: float) -> float:
    return round(float(np.percentile(milliseconds, share)), 2) if milliseconds else 0.0
