"""The desk: decides orders from what the database knows, and keeps for each what its plan takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import Connection, bindparam, select

from agents.documents import CaseDocument, OrderDocument
from scenarios.errors import InputError
from scenarios.local_time import format_utc
from serve.audit.log import AuditWriter
from serve.background import Background, stop
from serve.decisions.asked import Asked, Question, subject_of
from serve.decisions.group import Part, find_group, joined, open_part
from serve.decisions.keeping import Draft, Keeping
from serve.decisions.moment import read_moment
from serve.decisions.record import find_decision, read_record
from serve.decisions.request import DecisionRequest
from serve.decisions.service import DecisionService, Weighed
from serve.monitoring.settings import WatchSettings
from serve.monitoring.staleness import Staleness, doubted
from serve.monitoring.watch import Watch
from serve.orders.keeper import Keeper
from serve.orders.known import Known
from serve.policies.lifecycle import Policies
from serve.policies.shadow import Shadows, ShadowTask
from serve.policies.slots import Pick
from serve.pricing.bid_prices import BidPrices
from serve.pricing.jobs import PriceJobs
from serve.reviews.queue import ReviewLimits, is_taken_back
from serve.reviews.version import ReviewVersion, version_of
from serve.shop_clock import by_our_clock
from serve.stated_time import stated_utc
from serve.storage import tables
from serve.storage.database import Database
from serve.storage.pulse import Pulse
from serve.storage.retry import NoTurn, retried
from serve.storage.sending import fetch
from serve.trials.experiments import Experiments
from serve.trials.watch import GuardrailWatch

_key = tables.idempotency_keys.c
_USED = select(_key.request_sha256, _key.decision_id).where(_key.actor == bindparam("by"), _key.key == bindparam("of"))


TURN_SECONDS = 10.0
"""A decision that must wait longer for others that are being made is refused; one with a deadline, when that comes."""

GRACE_SECONDS = 0.01
"""After a deadline, in which a decision that is made is still written: better than not at all."""


@dataclass(frozen=True, slots=True)
class DeskSettings:
    """How long things are kept, and whose time counts.

    Attributes:
        reservation_seconds: until a reservation expires that nobody confirms.
        is_request_clock: requests may state their own ``now``, as replays do.
        review: which decisions a person looks at.
        policies: below which folder bundles lie that may be loaded; None: none may.
        watch: what is an alarm.
        staleness: from which age on what is known is doubted.
        calendar_end: UTC second at which the calendar of a replayed simulation ends; None: it goes on.
    """

    reservation_seconds: int = 900
    is_request_clock: bool = False
    review: ReviewLimits = field(default_factory=ReviewLimits)
    policies: Path | None = None
    watch: WatchSettings = field(default_factory=WatchSettings)
    staleness: Staleness = field(default_factory=Staleness)
    calendar_end: int | None = None


@dataclass(slots=True, eq=False)
class Desk:
    """Decides, once for each key, and keeps what it says.

    Attributes:
        service: what the endpoint was started with; who decides an order is in ``policies``.
        database: what is known and kept.
        known: the network's names.
        settings: see there.
        audit: this process's chain.
        policies: who decides, and changes of that.
        shadows: what others would have decided.
        monitor: sees every decision.
        pulse: whether the database answers.
        prices: bid prices that are in force.
        pricing: has them solved in time.
        experiments: changes of who decides, for a while and by chance.
        guardrails: end experiments that do harm.
        keeper: does what time brings.
        review_version: of the options that put orders into the queue; None: there are none.
    """

    service: DecisionService
    database: Database
    known: Known
    settings: DeskSettings = field(default_factory=DeskSettings)
    audit: AuditWriter = field(default_factory=AuditWriter)
    policies: Policies = field(init=False)
    shadows: Shadows = field(init=False)
    monitor: Watch = field(init=False)
    pulse: Pulse = field(init=False)
    prices: BidPrices = field(init=False)
    pricing: PriceJobs = field(init=False)
    _deciding: threading.Lock = field(default_factory=threading.Lock, init=False)
    """One decision is made at a time, while others are on their way to the disk: threads that compute together only
    take Python's lock from each other at every statement, which doubles the time of each."""
    experiments: Experiments = field(init=False)
    guardrails: GuardrailWatch = field(init=False)
    keeper: Keeper = field(init=False)
    review_version: ReviewVersion | None = field(init=False)
    _keeping: Keeping = field(init=False)

    def __post_init__(self) -> None:
        self.policies = Policies(self.service, self.database, self.audit, self.settings.policies)
        self.shadows = Shadows(self.database)
        self.pulse, settings = Pulse(self.database), self.settings
        self.monitor = Watch(self.database, self.policies, self.audit.id, settings.watch, settings.is_request_clock)
        drift, too_old = settings.watch.opens_reviews, settings.staleness.too_old_seconds
        self.review_version = version_of(settings.review, drift, too_old)
        rules = None if self.review_version is None else self.review_version.sha256
        reserved = settings.reservation_seconds
        self._keeping = Keeping(self.known, self.audit, self.monitor, reserved, settings.review, rules)
        self.prices = BidPrices(self.known)
        self.pricing = PriceJobs(self.database, self.known, self.policies, self.prices, self.audit)
        self.experiments = Experiments(self.database, self.audit, self.policies)
        self.guardrails = GuardrailWatch(self.database, self.audit, self.policies)
        self.keeper = Keeper(self.database, self.known, self.audit)

    def start(self) -> None:
        """Begins what goes on beside the answers; where time comes from requests, they bring it about."""
        if not self.settings.is_request_clock:
            self.pricing.follow()  # what is kept is known before the first decision
            for loop in self._loops():
                loop.start()

    def stop(self) -> None:
        """Ends it."""
        stop((*self._loops(), self.shadows.loop))

    def _loops(self) -> tuple[Background, ...]:
        return (self.keeper.loop, self.policies.loop, self.guardrails.loop, *self.pricing.loops, *self.monitor.loops)

    def now(self, stated: str | None = None) -> int:
        """UTC seconds: the wall's, or those that the request states where it must.

        Raises:
            InputError: it states them, and must not; or does not, and must.
        """
        if stated is None and not self.settings.is_request_clock:
            return int(time.time())
        if stated is None:
            raise InputError("now", None, "the time of the request", "state it: the endpoint runs with --clock request")
        if not self.settings.is_request_clock:
            raise InputError("now", stated, "no such field", "remove it, or run the endpoint with --clock request")
        return stated_utc("now", stated)

    def decide(self, asked: Asked) -> tuple[bytes, bool]:
        """The answer, and whether it was given before. When it returns, all that it says is on disk.

        Raises:
            InputError: the request cannot be used, or its key was used for another one.
            serve.orders.order.Conflict: the order does not stand as it must.
            serve.storage.retry.Contended: goods were gone again and again, or it was never this one's turn.
        """
        return retried(lambda: self._attempt(asked), asked.deadline)

    def _attempt(self, asked: Asked) -> tuple[bytes, bool]:
        if asked.seconds_left() <= 0:  # who comes too late needs no connection
            raise NoTurn(asked.request.deadline_ms, 0.0)
        with ExitStack() as alone:
            # first a connection, which may take seconds to fail: meanwhile others decide, or fail, too
            with self.database.reading(lambda: alone.enter_context(self._alone(asked))) as tx:
                known_answer = _known_answer(tx, asked)
                if known_answer is not None:
                    return known_answer, True
                question = doubted(tx, self._question(tx, asked), asked.now, self.settings.staleness, self.known)
                subject = subject_of(asked, question)
                pick = self.policies.pick(tx, subject, bool(question.group), question.is_kept)
            draft = self._draft(asked, self.prices.priced(question, pick.service, asked.now), pick)
        self.database.write(lambda tx: self._keep(tx, asked, draft))
        self.monitor.see(draft.pick, draft.weighed, asked)
        if draft.pick.shadow is not None:
            case, hindrance = self.prices.case(question, draft.pick.shadow, asked.now)
            self.shadows.add(ShadowTask(draft.pick.shadow, case, draft.answer, hindrance))
        return draft.answer, False

    def _keep(self, tx: Connection, asked: Asked, draft: Draft) -> None:
        """Unless it is so late, for whatever reason, that nobody waits for the answer any more."""
        if asked.seconds_left() < -GRACE_SECONDS:
            raise NoTurn(asked.request.deadline_ms, 0.0)
        self._keeping.keep(tx, asked, draft)

    @contextmanager
    def _alone(self, asked: Asked) -> Iterator[None]:
        left = asked.seconds_left()
        seconds = min(TURN_SECONDS, left)
        if seconds <= 0 or not self._deciding.acquire(timeout=seconds):
            raise NoTurn(asked.request.deadline_ms if left < TURN_SECONDS else None, seconds)
        try:
            yield
        finally:
            self._deciding.release()

    def keep_until(self, now: int, is_settled: bool = True) -> None:
        """Where time comes from requests, what it brings is done when they come; else a thread does it.

        Args:
            now: UTC seconds.
            is_settled: whether all has been told that happens in this second before bid prices are solved.
        """
        if self.settings.is_request_clock:
            self.pricing.solve_until(now if is_settled else now - 1, self.keeper.keep)
            self.keeper.keep(now)
            self.guardrails.look_by(now)

    def solve_before(self, tx: Connection, at: int) -> None:
        """The same for bid prices alone, in a transaction that changes the state at ``at``, UTC seconds."""
        if self.settings.is_request_clock:
            self.pricing.solve_before(tx, at, self.keeper.keep)

    def _question(self, tx: Connection, asked: Asked) -> Question:
        request = asked.request
        if not isinstance(request, DecisionRequest):
            part = open_part(tx, self.known, find_group(tx, asked.order_id or "", lock=False), asked.now)
            moment = read_moment(tx, self.known, part.document, asked.now, None)
            is_back = is_taken_back(tx, part.group[0].id)
            return Question(part.document, part.places, moment, part.group, is_taken_back=is_back)
        order = request.order
        places = [(order.id, position) for position in range(len(order.lines))]
        if request.snapshot is not None:
            return Question(order, places, request.snapshot, is_kept=False)
        self.known.check("order", region=order.region)
        for i, line in enumerate(order.lines):
            self.known.check(f"order.lines[{i}]", sku=line.sku)
        order = self._placed(order, asked.now)
        part = joined(tx, self.known, order, asked.now) or Part(order, places, ())
        moment = read_moment(tx, self.known, part.document, asked.now, order)
        is_back = bool(part.group) and is_taken_back(tx, part.group[0].id)
        return Question(part.document, part.places, moment, part.group, order, is_taken_back=is_back)

    def _placed(self, order: OrderDocument, now: int) -> OrderDocument:
        """A new order with the time at which it was placed; by the wall's clock not after now."""
        if order.placed_at is None:
            return order.model_copy(update={"placed_at": format_utc(now)})
        if self.settings.is_request_clock or by_our_clock("order.placed_at", order.placed_at, now) < now:
            return order
        return order.model_copy(update={"placed_at": format_utc(now)})

    def keep_choice(
        self, tx: Connection, asked: Asked, question: Question, pick: Pick, weighed: Weighed
    ) -> tuple[str, bytes]:
        """Keeps what somebody else chose, in his transaction.

        Args:
            tx: a writing transaction.
            asked: by whom, and when.
            question: what was to be decided.
            pick: whose reader made the plans, and so whose answer it is.
            weighed: the choice among them.

        Returns:
            The decision's id and answer.
        """
        draft = self._draft(asked, question, pick, weighed)
        self._keeping.keep(tx, asked, draft)
        return draft.decision_id, draft.answer

    def _draft(self, asked: Asked, question: Question, pick: Pick, weighed: Weighed | None = None) -> Draft:
        if weighed is None:
            case = CaseDocument.model_construct(order=question.order, snapshot=question.moment)
            weighed = pick.service.weigh(case, asked.deadline, question.hindrance, pick.exploration)
        return self._keeping.draft(asked, question, pick, weighed)


def _known_answer(tx: Connection, asked: Asked) -> bytes | None:
    """The answer that this key got.

    Raises:
        InputError: to another request.
    """
    if asked.key is None:
        return None
    used = fetch(tx, _USED, by=asked.actor, of=asked.key)
    if not used:
        return None
    ((digest, decision_id),) = used
    if digest != asked.digest():
        raise InputError("header Idempotency-Key", asked.key, "a new key for another request", "send another key")
    return read_record(tx, find_decision(tx, decision_id)).answer
