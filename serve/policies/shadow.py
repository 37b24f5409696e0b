"""What another policy would have decided: weighed after the answer, in a thread of its own, and only written down."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass
from queue import Full, Queue
from typing import Any

from sqlalchemy import Integer, cast, func, select

from agents.documents import CaseDocument
from serve.background import Background
from serve.decisions.answer import DecisionAnswer, PlanAnswer
from serve.decisions.plan_writer import PlanWriter, to_json
from serve.decisions.service import DecisionService
from serve.policies import tables as policy_tables
from serve.storage.database import Database

_log = logging.getLogger(__name__)

MAX_WAITING = 1_000
"""Shadow decisions that wait; beyond them the next ones are left out, as answers go first."""

INTERVAL_SECONDS = 60.0
"""Between looks at a queue that nobody has announced; who adds to it does."""

_AT_ONCE = 50


@dataclass(frozen=True, slots=True, eq=False)
class ShadowTask:
    """A decision that was made and is to be made by another policy, too.

    Attributes:
        service: of the other policy.
        case: what was decided.
        answer: what was answered.
        hindrance: why the other policy must not decide it; None: it may.
    """

    service: DecisionService
    case: CaseDocument
    answer: bytes
    hindrance: str | None = None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Shadow decisions of one policy.

    Attributes:
        count: of them.
        num_same: that chose what was decided.
        mean_ms: until the choice.
        max_ms: until the choice.
    """

    count: int
    num_same: int
    mean_ms: float | None
    max_ms: float | None


class Shadows:
    """The queue of shadow decisions, and who works it off.

    Args:
        database: where they are written.

    Attributes:
        loop: who works.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._queue: Queue[ShadowTask] = Queue(MAX_WAITING)
        self.loop = Background("shadow", self._work, INTERVAL_SECONDS)

    def add(self, task: ShadowTask) -> None:
        """To be weighed soon, unless too many wait already."""
        try:
            self._queue.put_nowait(task)
        except Full:
            _log.warning("a shadow decision was left out: %d wait", MAX_WAITING)
        self.loop.start()
        self.loop.wake()

    def wait(self) -> None:
        """Returns when nothing waits any more."""
        self._queue.join()

    def _work(self) -> None:
        while not self._queue.empty():
            tasks = [self._queue.get()]
            while len(tasks) < _AT_ONCE and not self._queue.empty():
                tasks.append(self._queue.get())
            try:
                rows = [row for row in map(_row, tasks) if row]
                if rows:
                    with self._database.writing() as tx:
                        tx.execute(policy_tables.shadows.insert(), rows)
            except Exception as error:  # whatever happens to a shadow, orders do not notice
                _log.error("shadow decisions were lost: %s", type(error).__name__)
            finally:
                for _ in tasks:
                    self._queue.task_done()

    def compare(self, sha256: str) -> Comparison:
        """What one policy would have done so far."""
        row = policy_tables.shadows.c
        same = func.coalesce(func.sum(cast(row.is_same, Integer)), 0)
        times = func.avg(row.latency_ms), func.max(row.latency_ms)
        with self._database.reading() as tx:
            found = tx.execute(select(func.count(), same, *times).where(row.bundle_sha256 == sha256)).one()
        return Comparison(*found)


def _row(task: ShadowTask) -> dict[str, Any] | None:
    """What is written down; None if the shadow cannot even read the case."""
    began = time.perf_counter()
    try:
        snapshot = task.service.reader.read_to_choose(task.case)
        choice = task.service.chain.decide(snapshot, hindrance=task.hindrance)
    except Exception as error:  # its message may hold names of the order
        _log.error("a shadow decision failed: %s", type(error).__name__)
        return None
    latency_ms = 1000 * (time.perf_counter() - began)
    told, plan = DecisionAnswer.model_validate_json(task.answer), None
    if choice.slot is not None:
        plan = PlanWriter(snapshot, task.case, task.service.reader.names).write(choice.slot, None)
    return {
        "decision_id": told.decision_id,
        "bundle_sha256": task.service.policy.bundle_sha256,
        "stage": choice.stage,
        "latency_ms": latency_ms,
        "is_same": _sends(plan) == _sends(told.plan),
        "plan": None if plan is None else to_json(plan).decode(),
    }


def _sends(plan: PlanAnswer | None) -> object:
    """What a plan does, whatever the parcels are called and in whichever order they are."""
    if plan is None:
        return None
    parcels = [
        (parcel.warehouse, parcel.service, [(line.sku, line.units, line.order_id or "") for line in parcel.lines])
        for parcel in plan.parcels
    ]
    return plan.kind, plan.hold_until, sorted(parcels)
