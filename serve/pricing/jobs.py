"""Jobs that solve bid prices: when they are due, whose they are, and what becomes of their prices.

Processes meet in the database only: who claims a job first has it, and prices come into force at the same second for
all. The schedule counts from the scenario's epoch, as in simulation, and so do delays: prices of a job come into force
a fixed delay after it was due, those of the first one at once, those that are late as soon as all can know them.
"""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from collections.abc import Callable, Collection

import numpy as np
from sqlalchemy import Connection

from envs.pricer import solved_prices
from scenarios.local_time import DAY_SECONDS
from serve.audit.log import AuditWriter, Entry
from serve.background import Background
from serve.monitoring.metrics import PRICE_AGE, PRICE_JOBS
from serve.orders.known import Known
from serve.policies.lifecycle import Policies
from serve.pricing.apart import NotSolved, solve_apart
from serve.pricing.bid_prices import BidPrices
from serve.pricing.kept import Solved, claim, keep, postpone
from serve.pricing.scheduled import Scheduled
from serve.pricing.state import StateReader
from serve.storage.database import Database
from serve.web.actor import KEEPER

_log = logging.getLogger(__name__)

INTERVAL_SECONDS = 1.0
"""How long a process may not know of prices that another one has solved."""

NOTICE_SECONDS = 3
"""After which all processes know of late prices."""

SOLVE_SECONDS = 300
"""Within which prices must be solved."""

KEPT_SECONDS = 7 * DAY_SECONDS
"""For which prices can be looked at after their time; what decisions were made with stands in their records."""

RETRY_SECONDS = 60
"""After which a job that failed is tried again."""


class PriceJobs:
    """Has the prices of all policies solved that stand somewhere.

    Args:
        database: where the state is read and prices are kept.
        known: the network.
        policies: who may decide.
        prices: what decisions look at.
        audit: this process's chain.

    Attributes:
        now: UTC second for which prices were looked after last.
        clock: tells the time.
        loops: follow what others solve, and solve, in the background.
    """

    def __init__(
        self, database: Database, known: Known, policies: Policies, prices: BidPrices, audit: AuditWriter
    ) -> None:
        self._database, self._policies, self._prices, self._audit = database, policies, prices, audit
        self._states = StateReader(known)
        self.now, self.clock = 0, time.time
        self._unwritten: dict[tuple[str, int], Callable[[Connection], str | None]] = {}
        """By pricer and job, what is to be written of those that were done here, and gives the outcome to be counted:
        the database may be away for a while."""
        self._following = threading.Lock()
        """Who reads later knows more."""
        self.loops = (
            Background("bid prices", self.follow, INTERVAL_SECONDS),
            Background("price jobs", self.look, INTERVAL_SECONDS),
        )

    def follow(self) -> None:
        """Takes over what others have solved."""
        self._follow(int(self.clock()))

    def look(self) -> None:
        """Takes over what others have solved, and does jobs that are due and nobody does."""
        self._write()
        now = int(self.clock())
        self._follow(now)
        for scheduled in self._wanted():
            due = scheduled.last_due(now)
            if any(row.due_at == due for row in self._prices.solved(scheduled)):
                continue
            with self._database.writing() as tx:
                is_mine = claim(tx, scheduled.sha256, due, now, now + SOLVE_SECONDS + RETRY_SECONDS)
            if is_mine:
                self._unwritten[scheduled.sha256, due] = self._solve_apart(scheduled, due)
                self._write()
                self._follow(int(self.clock()))

    def _wanted(self) -> Collection[Scheduled]:
        services = self._policies.slots.services.values()
        found = [service.scheduled for service in services if service.scheduled is not None]
        return {scheduled.sha256: scheduled for scheduled in found}.values()

    def _follow(self, now: int) -> None:
        self.now, wanted = now, self._wanted()
        if wanted:
            with self._following, self._database.reading() as tx:
                self._prices.follow(tx, wanted)
        scheduled = self._policies.active.scheduled
        age = 0 if scheduled is None else self._prices.standing(scheduled, now).age_seconds
        PRICE_AGE.set(math.inf if age is None else age)

    def _write(self) -> None:
        """Writes what was done; if the database is away, the next look does."""
        for key, act in tuple(self._unwritten.items()):
            with self._database.writing() as tx:
                outcome = act(tx)
            if self._unwritten.pop(key, None) and outcome:
                PRICE_JOBS.labels(outcome).inc()

    def _solve_apart(self, scheduled: Scheduled, due: int) -> Callable[[Connection], str | None]:
        """Does a job; what it gives is to be written."""
        try:
            solved_at = int(self.clock())
            with self._database.reading() as tx:
                network, seen = self._states.read(tx, scheduled, solved_at)
            table = solve_apart(self._states.pricer(scheduled), network, seen, SOLVE_SECONDS)
        except Exception as error:  # whatever happens to a job, the prices before stay
            _tell_failed(due, error)
            return lambda tx: postpone(tx, scheduled.sha256, due, int(self.clock()) + RETRY_SECONDS)

        def write(tx: Connection) -> str:
            done_at = int(self.clock())  # not before it is this one's turn to write, which may take a while
            is_late = self._has_fresh(scheduled, done_at) and done_at + NOTICE_SECONDS > scheduled.comes_at(due)
            valid_from = done_at + NOTICE_SECONDS if is_late else self._comes_at(scheduled, due, done_at)
            self._keep(tx, scheduled, Solved(due, solved_at, valid_from, table))
            return "late" if is_late else "in_time"

        return write

    def _has_fresh(self, scheduled: Scheduled, at: int) -> bool:
        return self._prices.standing(scheduled, at).state == "fresh"

    def _comes_at(self, scheduled: Scheduled, due: int, done_at: int) -> int:
        """When prices come into force: at once, where there are none that could be used until then."""
        return scheduled.comes_at(due) if self._has_fresh(scheduled, done_at) else done_at

    def _keep(self, tx: Connection, scheduled: Scheduled, solved: Solved) -> None:
        used = (found.stale_seconds + found.pricer.interval_seconds for found in (scheduled, *self._wanted()))
        digest = keep(tx, scheduled.sha256, solved, solved.due_at - max(KEPT_SECONDS, *used))
        if digest is not None:
            told = {"solved_at": solved.solved_at, "valid_from": solved.valid_from, "sha256": digest}
            subject = f"{scheduled.sha256} {solved.due_at}"  # the key of their row
            self._audit.write(tx, Entry("prices_solved", KEEPER, subject, json.dumps(told).encode()))

    def solve_until(self, now: int, bring: Callable[[int], None]) -> None:
        """Where time comes from requests: does all jobs that are due until ``now``, each with the state of its time.

        Args:
            now: UTC seconds.
            bring: does what time brings until then.
        """
        self._follow(now)
        for due, scheduled in self._due(now):
            bring(due)
            with self._database.writing() as tx:
                self._solve_here(tx, scheduled, due)
            self._follow(due)
        self._follow(now)

    def solve_before(self, tx: Connection, at: int, bring: Callable[[int, Connection], None]) -> None:
        """The same within a transaction that changes the state at ``at``: jobs that are due before must not see that.

        If it is rolled back, so are their prices, and what time brought.
        """
        wanted = self._wanted()
        if wanted:
            self._prices.follow(tx, wanted, may_be_undone=True)
        for due, scheduled in self._due(at - 1):
            bring(due, tx)
            self._solve_here(tx, scheduled, due)
            self._prices.follow(tx, wanted, may_be_undone=True)

    def _due(self, now: int) -> list[tuple[int, Scheduled]]:
        """Jobs of all policies, one second after the other: what a later one brings must not be seen by an earlier."""
        found = list[tuple[int, Scheduled]]()
        for scheduled in self._wanted():
            solved = self._prices.solved(scheduled)
            dues = scheduled.due_between(solved[-1].due_at if solved else None, now)
            found += [(due, scheduled) for due in dues]
        return sorted(found, key=lambda job: job[0])

    def _solve_here(self, tx: Connection, scheduled: Scheduled, due: int) -> None:
        if not claim(tx, scheduled.sha256, due, due, due):
            return
        try:
            table = solved_prices(self._states.pricer(scheduled), *self._states.read(tx, scheduled, due))
        except ValueError as error:  # of the solver: the prices before stay
            _tell_failed(due, error)
            return
        valid_from = self._comes_at(scheduled, due, due)
        self._keep(tx, scheduled, Solved(due, due, valid_from, np.ascontiguousarray(table)))
        PRICE_JOBS.labels("in_time").inc()


def _tell_failed(due: int, error: Exception) -> None:
    reason = str(error) if isinstance(error, NotSolved) else type(error).__name__  # others may name what was sent
    _log.error("bid prices of second %d were not solved: %s", due, reason)
    PRICE_JOBS.labels("failed").inc()
