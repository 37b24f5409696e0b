"""Drift: whether the traffic of a policy is what its bundle was made from, over windows that processes share."""

from __future__ import annotations

import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Literal

from serve.decisions.service import DecisionService, Weighed
from serve.monitoring.alarm import Alarm
from serve.monitoring.metrics import UNWATCHED
from serve.monitoring.reference import Finding, Reference
from serve.monitoring.tally import Seen, Tally, block_of, forget_tallies, read_window, write_tally
from serve.policies.lifecycle import Policies
from serve.storage.database import Database

MAX_WAITING = 4_000
"""Decisions that wait to be counted; beyond them the next ones are not, as answers go first."""

AT_ONCE = 16
"""Decisions counted in one go: few, as no answer is written meanwhile."""

DriftState = Literal["no_reference", "collecting", "too_few", "steady", "alarm"]


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """What a window of one policy's decisions came to.

    Attributes:
        state: ``collecting``: the window is not full; ``too_few``: it has fewer decisions than can be judged.
        num_decisions: in the window so far.
        findings: of every measure, if it was judged.
    """

    state: DriftState
    num_decisions: int = 0
    findings: tuple[Finding, ...] = ()


class _Policy:
    """What is watched of one bundle."""

    def __init__(self, reference: Reference, sha256: str, now: int) -> None:
        self.reference, self.alarm = reference, Alarm("drift", sha256[:12])
        self.waiting: deque[tuple[int, Seen]] = deque()
        self.tally = Tally(reference, block_of(reference, now)) if reference.is_known else None
        self.drift = Drift("collecting" if reference.is_known else "no_reference")


class DriftWatch:
    """Counts what the decisions of this process look like, and compares windows of all processes.

    Args:
        database: where counts are kept.
        policies: who decides.
        writer: names this process.
    """

    def __init__(self, database: Database, policies: Policies, writer: str) -> None:
        self._database, self._policies, self._writer = database, policies, writer
        self._watched: dict[str, _Policy] = {}
        self._counting = threading.RLock()

    def note(self, service: DecisionService, weighed: Weighed, now: int) -> int:
        """Puts a decision with those that wait to be counted; one thread at a time.

        Returns:
            How many wait.
        """
        found, plans = self._of(service, now), weighed.snapshot.plans
        if found.tally is not None:
            if len(found.waiting) >= MAX_WAITING:
                UNWATCHED.inc()
            else:
                features = plans.features[: weighed.snapshot.num_plans]
                found.waiting.append((now, Seen(features, plans.context, weighed.choice.own_slot)))
        return len(found.waiting)

    def _of(self, service: DecisionService, now: int) -> _Policy:
        sha256 = service.policy.bundle_sha256
        if sha256 not in self._watched:
            self._watched[sha256] = _Policy(Reference(service.reference), sha256, now)
        return self._watched[sha256]

    def count(self) -> None:
        """Counts what waits; a block that is over is written."""
        with self._counting:
            for sha256, found in list(self._watched.items()):
                while found.waiting:
                    some = [found.waiting.popleft() for _ in range(min(AT_ONCE, len(found.waiting)))]
                    for begins_at in sorted({block_of(found.reference, now) for now, _ in some}):
                        seen = [row for now, row in some if block_of(found.reference, now) == begins_at]
                        self._add(sha256, found, begins_at, seen)
                    time.sleep(0)  # an answer may be waiting for this thread to pause

    def _add(self, sha256: str, found: _Policy, begins_at: int, seen: list[Seen]) -> None:
        if found.tally is None:
            return
        if begins_at > found.tally.begins_at:
            self._write(sha256, found.tally)
            found.tally = Tally(found.reference, begins_at)
        found.tally.add(seen)

    def _write(self, sha256: str, tally: Tally) -> None:
        if tally.num_decisions:
            with self._database.writing() as tx:
                write_tally(tx, sha256, self._writer, tally)

    def judge(self, now: int) -> None:
        """Counts, looks at the windows of all processes, and tells when an alarm begins or ends."""
        self.count()
        standing = self._policies.slots.standing.policies()
        with self._counting:
            longest = max((found.reference.window_seconds for found in self._watched.values()), default=0)
            with self._database.writing() as tx:
                forget_tallies(tx, longest, now)
            for sha256, found in list(self._watched.items()):
                if found.tally is not None:
                    found.drift = self._judge(sha256, found, now) if sha256 in standing else Drift("collecting")
                    found.alarm.tell(found.drift.state == "alarm", _names(found.drift))

    def _judge(self, sha256: str, found: _Policy, now: int) -> Drift:
        with self._database.writing() as tx:
            if found.tally is not None and found.tally.num_decisions:
                write_tally(tx, sha256, self._writer, found.tally)
        return self._judged(sha256, found.reference, now)

    def _judged(self, sha256: str, reference: Reference, now: int) -> Drift:
        with self._database.reading() as tx:
            window = read_window(tx, sha256, reference, now)
        if not window.is_full:
            return Drift("collecting", window.num_decisions)
        if window.num_decisions < reference.least_decisions:
            return Drift("too_few", window.num_decisions)
        findings = tuple(reference.compare(window.counts))
        is_alarm = any(finding.is_alarm for finding in findings)
        return Drift("alarm" if is_alarm else "steady", window.num_decisions, findings)

    def standing(self) -> list[str]:
        """Policies that may decide, the active one first; not a candidate whose bundle is gone."""
        slots = self._policies.slots  # one moment
        standing = slots.standing
        return [standing.active] + ([standing.candidate] if standing.candidate in slots.services else [])

    def reference(self, sha256: str) -> Reference:
        """What a policy's traffic is compared with."""
        found = self._watched.get(sha256)
        return found.reference if found else Reference(self._policies.find(sha256).reference)

    def of(self, sha256: str) -> Drift:
        """How a policy's traffic stands to its reference, as last judged."""
        found = self._watched.get(sha256)
        return found.drift if found else Drift("collecting" if self.reference(sha256).is_known else "no_reference")


def _names(drift: Drift) -> str:
    alarms = [row for row in drift.findings if row.is_alarm]
    return ", ".join(f"{row.measure.group}.{row.measure.name} psi {row.psi:.2f}" for row in alarms[:10])
