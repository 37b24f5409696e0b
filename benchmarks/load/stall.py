"""A policy that stalls under load: whether every answer comes in time, and how long it is left out."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load.phase import Load, is_refusal
from benchmarks.load.sender import Reply, Sender

RATE, DEADLINE_MS = 25.0, 100.0
"""Orders a second, and what each states."""

GRACE_MS = 10.0
"""After a deadline, in which every answer must be there."""

MOST_FAILURES = 20
"""After which the policy must be left out."""

CLOSED_SECONDS = 30.0
"""After the end of the stall, in which the policy must decide again."""


@dataclass(frozen=True)
class Stall:
    """What became of orders while the policy stalled, and after.

    Attributes:
        seconds: for which it stalled, while orders came.
        answered: with 200.
        refused: with 503 and Retry-After, as others were decided until the deadline came.
        errors: anything else, no answer included.
        by_policy: of those answered; the rest name the fallback that decided.
        late: answers and refusals, more than the grace after their deadline.
        latest_ms: the last of these, after its deadline; negative: before it.
        failures: orders that asked the policy in vain before it was left out; all of them if it never was.
        closed_s: from the end of the stall until the policy decided an order; infinite if it did not in time.
    """

    seconds: float
    answered: int
    refused: int
    errors: int
    by_policy: int
    late: int
    latest_ms: float
    failures: int
    closed_s: float


def stalled(load: Load, replies: Sequence[Reply], closed_s: float) -> Stall:
    """The numbers of a stall.

    Args:
        load: that was sent meanwhile, with ``DEADLINE_MS``.
        replies: to it, with their bodies.
        closed_s: see ``Stall``.
    """
    answers = [json.loads(reply.body) for reply in replies if reply.status == 200]
    reasons = [answer["fallback_reason"] or "" for answer in answers]
    opened = next((i for i, reason in enumerate(reasons) if "left out" in reason), len(reasons))
    after_ms = [1000 * reply.seconds - DEADLINE_MS for reply in replies]
    num_refused = sum(map(is_refusal, replies))
    return Stall(
        load.seconds,
        len(answers),
        num_refused,
        len(replies) - len(answers) - num_refused,
        sum(answer["stage"] == "policy" for answer in answers),
        sum(ms > GRACE_MS for ms in after_ms),
        round(max(after_ms), 2),
        sum("gave no answer" in reason or "still busy" in reason for reason in reasons[:opened]),
        closed_s,
    )


async def recovered(sender: Sender, switch: Path) -> tuple[list[Reply], float]:
    """Ends the stall, and sends orders until the policy decides one.

    Args:
        sender: keeps bodies.
        switch: the policy stalls while this file is there.

    Returns:
        All replies, and the seconds until then; infinite if it took too long.
    """
    switch.unlink()
    began, replies = time.perf_counter(), list[Reply]()
    while (past := time.perf_counter() - began) < CLOSED_SECONDS:
        sent = await sender.send(RATE, 1.0)
        replies += sent
        decided = [reply for reply in sent if reply.status == 200 and json.loads(reply.body)["stage"] == "policy"]
        if decided:
            return replies, round(past + min(reply.due + reply.seconds for reply in decided), 1)
    return replies, float("inf")
