"""The watch: sees every decision after its answer, keeps counts, and raises an alarm where traffic has shifted."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from dataclasses import dataclass
from typing import Literal

from serve.database import Database
from serve.metrics import ALARM, ARMS, FALLBACK_SHARE, UNWATCHED
from serve.monitoring.fallback import Fallbacks
from serve.monitoring.reference import Finding, Reference
from serve.monitoring.tally import Seen, Tally, block_of, forget_tallies, read_window, write_tally
from serve.policies import Policies
from serve.service import DecisionService, Weighed
from serve.slots import Pick

_log = logging.getLogger(__name__)

INTERVAL_SECONDS = 60.0
"""How old counts in the database may be, and so how much of them is lost with a process."""

_STATED_SECONDS = 21_600
"""Where requests state the time, windows are looked at when so much of it has passed."""

MAX_WAITING = 4_000
"""Decisions that wait to be counted; beyond them the next ones are not, as answers go first."""

_AT_ONCE = 16
"""Decisions counted in one go: few, as no answer is written meanwhile."""

DriftState = Literal["no_reference", "collecting", "too_few", "steady", "alarm"]


@dataclass(frozen=True, slots=True)
class WatchSettings:
    """What is an alarm, and what it does.

    Attributes:
        opens_reviews: whether a person looks at orders that a policy decides while its traffic has shifted.
        fallback_minutes: over which fallbacks are counted.
        most_fallbacks: share of decisions not made by the policy that is still usual.
    """

    opens_reviews: bool = False
    fallback_minutes: int = 15
    most_fallbacks: float = 0.05


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

    def __init__(self, reference: Reference, now: int) -> None:
        self.reference = reference
        self.waiting: deque[tuple[int, Seen]] = deque()
        self.tally = Tally(reference, block_of(reference, now)) if reference.is_known else None
        self.drift = Drift("collecting" if reference.is_known else "no_reference")


class Watch:
    """Watches the policies of one process; windows are shared with others.

    Args:
        database: where counts are kept.
        policies: who decides.
        writer: names this process.
        settings: see there.
        is_request_clock: time is that of the decisions; no thread counts, but what they bring.
    """

    def __init__(
        self, database: Database, policies: Policies, writer: str, settings: WatchSettings, is_request_clock: bool
    ) -> None:
        self._database, self._policies, self._writer = database, policies, writer
        self.settings, self._is_request_clock = settings, is_request_clock
        self._watched: dict[str, _Policy] = {}
        self._lock, self._counting = threading.Lock(), threading.RLock()
        self.fallbacks = Fallbacks(settings.fallback_minutes, settings.most_fallbacks)
        self._is_fallback_alarm = False
        self._last = self._latest = 0

    def start(self) -> None:
        """Counts in the background, from now on."""
        threading.Thread(target=self._run, name="watch", daemon=True).start()

    def _run(self) -> None:
        due = time.monotonic() + INTERVAL_SECONDS
        while True:
            time.sleep(1.0)
            is_due = time.monotonic() >= due
            if is_due:
                due = time.monotonic() + INTERVAL_SECONDS
            self._look(int(time.time()) if is_due else None)

    def _look(self, now: int | None) -> None:
        """Counts, and judges if ``now`` is given. Whatever happens, orders do not notice."""
        try:
            if now is None:
                self.count()
            else:
                self.judge(now)
        except Exception as error:  # the database may be away for a while
            _log.error("decisions were not counted: %s", type(error).__name__)

    def see(self, pick: Pick, weighed: Weighed, now: int) -> None:
        """Takes note of a decision that was kept, which stands whatever happens here."""
        try:
            self._note(pick, weighed, now)
        except Exception as error:
            _log.error("a decision was not counted: %s", type(error).__name__)

    def _note(self, pick: Pick, weighed: Weighed, now: int) -> None:
        service, choice, plans = pick.service, weighed.choice, weighed.snapshot.plans
        ARMS.labels(pick.arm, service.policy.bundle_sha256[:12], choice.stage).inc()
        with self._lock:
            self.fallbacks.add(choice.stage, now)
            self._latest = max(self._latest, now)
            found = self._of(service, now)
            if found.tally is not None:
                if len(found.waiting) >= MAX_WAITING:
                    UNWATCHED.inc()
                else:
                    features = plans.features[: weighed.snapshot.num_plans]
                    found.waiting.append((now, Seen(features, plans.context, choice.own_slot)))
            is_due = self._is_request_clock and now >= self._last + _STATED_SECONDS
            if is_due:
                self._last = now
        if is_due or (self._is_request_clock and len(found.waiting) >= 10 * _AT_ONCE):
            self._look(now if is_due else None)

    def _of(self, service: DecisionService, now: int) -> _Policy:
        sha256 = service.policy.bundle_sha256
        if sha256 not in self._watched:
            self._watched[sha256] = _Policy(Reference(service.reference), now)
        return self._watched[sha256]

    def count(self) -> None:
        """Counts what waits; a block that is over is written."""
        with self._counting:
            for sha256, found in list(self._watched.items()):
                while found.waiting:
                    some = [found.waiting.popleft() for _ in range(min(_AT_ONCE, len(found.waiting)))]
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
                    before = found.drift
                    found.drift = self._judge(sha256, found, now) if sha256 in standing else Drift("collecting")
                    was_alarm, is_alarm = before.state == "alarm", found.drift.state == "alarm"
                    self._tell("drift", sha256[:12], was_alarm, is_alarm, _names(found.drift))
            share = self.fallbacks.share(now)
            FALLBACK_SHARE.set(share or 0.0)
            was_alarm, self._is_fallback_alarm = self._is_fallback_alarm, self.fallbacks.is_alarm(now)
            self._tell("fallback", "any", was_alarm, self._is_fallback_alarm, f"share {share or 0:.3f}")

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

    @staticmethod
    def _tell(kind: str, bundle: str, was_alarm: bool, is_alarm: bool, detail: str) -> None:
        ALARM.labels(kind, bundle).set(is_alarm)
        if is_alarm and not was_alarm:
            _log.warning("%s alarm of policy %s: %s", kind, bundle, detail)
        elif was_alarm and not is_alarm:
            _log.warning("%s alarm of policy %s is over", kind, bundle)

    def standing(self) -> list[str]:
        """Policies that may decide, the active one first."""
        standing = self._policies.slots.standing
        return [standing.active] + ([standing.candidate] if standing.candidate else [])

    def reference(self, sha256: str) -> Reference:
        """What a policy's traffic is compared with."""
        found = self._watched.get(sha256)
        return found.reference if found else Reference(self._policies.find(sha256).reference)

    def drift(self, sha256: str) -> Drift:
        """How a policy's traffic stands to its reference, as last judged."""
        found = self._watched.get(sha256)
        return found.drift if found else Drift("collecting" if self.reference(sha256).is_known else "no_reference")

    @property
    def latest(self) -> int:
        """The time, UTC seconds; that of the last decision where requests state it."""
        return self._latest if self._is_request_clock else int(time.time())

    def is_suspect(self, pick: Pick) -> bool:
        """Whether a person should look at what this policy decides now."""
        return self.settings.opens_reviews and self.drift(pick.service.policy.bundle_sha256).state == "alarm"


def _names(drift: Drift) -> str:
    alarms = [row for row in drift.findings if row.is_alarm]
    return ", ".join(f"{row.measure.group}.{row.measure.name} psi {row.psi:.2f}" for row in alarms[:10])
