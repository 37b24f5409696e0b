"""The watch: sees every decision after its answer, and raises an alarm where something is not as it should be."""

from __future__ import annotations

import logging
import threading
import time
from typing import get_args

from serve.background import Background
from serve.decisions.answer import Stage
from serve.decisions.asked import Asked
from serve.decisions.service import Weighed, milliseconds_since
from serve.monitoring.alarm import Alarm, is_above
from serve.monitoring.drift import AT_ONCE, DriftWatch
from serve.monitoring.lately import Lately, Recent, share_of
from serve.monitoring.metrics import ARMS, FALLBACK_SHARE, MISSING_SHARE, P99, SLOW_SHARE
from serve.monitoring.outcomes import Due, read_due
from serve.monitoring.settings import WatchSettings
from serve.policies.lifecycle import Policies
from serve.policies.slots import Pick
from serve.storage.database import Database

_log = logging.getLogger(__name__)

INTERVAL_SECONDS = 60.0
"""How old counts in the database may be, and so how much of them is lost with a process."""

REST = 20
"""Judging is followed by so many times as long without it, as orders go first."""

_STATED_SECONDS = 21_600
"""Where requests state the time, all is judged when so much of it has passed."""


class Watch:
    """Watches the decisions of one process; windows of drift are shared with others.

    Args:
        database: where counts are kept.
        policies: who decides.
        writer: names this process.
        settings: see there.
        is_request_clock: time is that of the decisions; no thread counts, but what they bring.

    Attributes:
        settings: see there.
        drift: whether traffic is what the policies were made for.
        lately: decisions of the last minutes.
        due: outcomes that should be known, as judged last.
        loops: what goes on beside the answers.
    """

    def __init__(
        self, database: Database, policies: Policies, writer: str, settings: WatchSettings, is_request_clock: bool
    ) -> None:
        self._database, self._is_request_clock = database, is_request_clock
        self.settings = settings
        self.drift, self.lately = DriftWatch(database, policies, writer), Lately(settings.minutes)
        self.due: list[Due] = []
        self._fallbacks, self._latency, self._outcomes = Alarm("fallback"), Alarm("latency"), Alarm("outcomes")
        self._lock = threading.Lock()
        self._last = self._latest = 0
        self.loops = (
            Background("drift", self.drift.count, 1.0),
            Background("watch", lambda: self.judge(int(time.time())), INTERVAL_SECONDS, REST),
        )

    def see(self, pick: Pick, weighed: Weighed, asked: Asked) -> None:
        """Takes note of a decision on record, a person's apart, which stands whatever happens here."""
        try:
            self._note(pick, weighed, asked)
        except Exception as error:
            _log.error("a decision was not counted: %s", type(error).__name__)

    def _note(self, pick: Pick, weighed: Weighed, asked: Asked) -> None:
        stage, now, deadline_ms = weighed.choice.stage, asked.now, asked.request.deadline_ms
        ARMS.labels(pick.arm, pick.service.policy.bundle_sha256[:12], stage).inc()
        limit_ms = self.settings.slow_ms if deadline_ms is None else deadline_ms
        self.lately.add(stage, milliseconds_since(asked.received), limit_ms, now)
        with self._lock:
            self._latest = max(self._latest, now)
            num_waiting = self.drift.note(pick.service, weighed, now)
            is_due = self._is_request_clock and now >= self._last + _STATED_SECONDS
            if is_due:
                self._last = now
        if is_due or (self._is_request_clock and num_waiting >= 10 * AT_ONCE):
            self._look(now if is_due else None)

    def _look(self, now: int | None) -> None:
        """Counts, and judges if ``now`` is given. Whatever happens, orders do not notice."""
        try:
            if now is None:
                self.drift.count()
            else:
                self.judge(now)
        except Exception as error:  # the database may be away for a while
            _log.error("decisions were not counted: %s", type(error).__name__)

    def judge(self, now: int) -> None:
        """Looks at all that is counted, and tells when an alarm begins or ends."""
        self._judge_decisions(self.lately.recent(now))  # first: it is known while the database is away, too
        self.drift.judge(now)
        with self._database.reading() as tx:
            self.due = read_due(tx, now, self.settings.outcome_hours)
        for row in self.due:
            MISSING_SHARE.labels(row.step).set(share_of(row.num_missing, row.num) or 0.0)
        missing = [row for row in self.due if self.is_missing(row)]
        words = [f"{row.num_missing} of {row.num} {row.step} outcomes are missing" for row in missing]
        self._outcomes.tell(bool(missing), ", ".join(words))

    def _judge_decisions(self, recent: Recent) -> None:
        fallbacks = share_of(recent.num_fallbacks, recent.num) or 0.0
        slow = share_of(recent.num_slow, recent.num) or 0.0
        FALLBACK_SHARE.set(fallbacks)
        SLOW_SHARE.set(slow)
        p99 = {stage: recent.p99_ms(stage) for stage in recent.stages()}
        for stage in get_args(Stage):
            P99.labels(stage).set(p99.get(stage, 0.0) / 1000)
        self._fallbacks.tell(self.is_falling_back(recent), f"share {fallbacks:.3f}")
        times = ", ".join(f"{stage} {milliseconds:g} ms" for stage, milliseconds in sorted(p99.items()))
        self._latency.tell(self.is_slow(recent), f"share {slow:.3f}, p99 of {times}")

    def is_falling_back(self, recent: Recent) -> bool:
        """Whether others than the policy decide too often."""
        return is_above(recent.num_fallbacks, recent.num, self.settings.most_fallbacks)

    def is_slow(self, recent: Recent) -> bool:
        """Whether too many decisions are slow."""
        return is_above(recent.num_slow, recent.num, self.settings.most_slow)

    def is_missing(self, due: Due) -> bool:
        """Whether too many outcomes are missing."""
        return is_above(due.num_missing, due.num, self.settings.most_missing)

    @property
    def latest(self) -> int:
        """The time, UTC seconds; that of the last decision where requests state it."""
        return self._latest if self._is_request_clock else int(time.time())

    def is_suspect(self, pick: Pick) -> bool:
        """Whether a person should look at what this policy decides now."""
        return self.settings.opens_reviews and self.drift.of(pick.service.policy.bundle_sha256).state == "alarm"
