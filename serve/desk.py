"""The desk: decides orders from what the database knows, and keeps for each what its plan takes."""

from __future__ import annotations

import threading
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from agents.documents import CaseDocument
from scenarios.errors import InputError
from scenarios.local_time import format_utc, parse_utc
from serve import tables
from serve.answer import ReservationAnswer
from serve.asked import Asked, Question, subject_of
from serve.audit import AuditWriter, Entry
from serve.changes import Changes, Taken
from serve.database import Database, insert_new
from serve.demand_seen import count_arrival, hour_of
from serve.group import Part, find_group, join, joined, note_customer, note_hold, open_part, open_places
from serve.keeper import Keeper
from serve.known import Known
from serve.moment import read_moment
from serve.monitoring.staleness import Staleness, doubted
from serve.monitoring.watch import Watch, WatchSettings
from serve.order import State, open_order, set_state
from serve.parcel import PlannedParcel, leave, planned_parcels, take, write_parcels
from serve.policies import Policies
from serve.pulse import Pulse
from serve.record import encode_record, find_decision, read_record, to_bytes
from serve.request import DecisionRequest
from serve.retry import Repeated, retried
from serve.review import Concern, ReviewLimits, open_review, reasons_of, supersede_reviews
from serve.sending import change, fetch
from serve.service import DecisionService, Mark, Weighed, deadline_of, milliseconds_since
from serve.shadow import Shadows, ShadowTask
from serve.slots import Pick
from serve.tasks import add_task, finish_tasks
from serve.trials.entering import note_decision, trial_of
from serve.trials.experiments import Experiments
from serve.trials.watch import GuardrailWatch

_WRITE, _key = tables.decisions.insert(), tables.idempotency_keys.c
_USED = select(_key.request_sha256, _key.decision_id).where(_key.actor == bindparam("by"), _key.key == bindparam("of"))


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


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A decision of which nothing is kept yet."""

    decision_id: str
    question: Question
    pick: Pick
    weighed: Weighed
    planned: list[PlannedParcel]
    answer: bytes


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
        experiments: changes of who decides, for a while and by chance.
        guardrails: end experiments that do harm.
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
    _deciding: threading.Lock = field(default_factory=threading.Lock, init=False)
    """One decision is made at a time, while others are on their way to the disk: threads that compute together only
    take Python's lock from each other at every statement, which doubles the time of each."""
    experiments: Experiments = field(init=False)
    guardrails: GuardrailWatch = field(init=False)

    def __post_init__(self) -> None:
        self.policies = Policies(self.service, self.database, self.audit, self.settings.policies)
        self.shadows = Shadows(self.database)
        self.pulse, settings = Pulse(self.database), self.settings
        self.monitor = Watch(self.database, self.policies, self.audit.id, settings.watch, settings.is_request_clock)
        self.experiments = Experiments(self.database, self.audit, self.policies)
        self.guardrails = GuardrailWatch(self.database, self.audit, self.policies)

    @property
    def keeper(self) -> Keeper:
        """What time brings is done by it."""
        return Keeper(self.database, self.known, self.audit)

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
        return parse_utc("now", stated)

    def decide(self, asked: Asked) -> tuple[bytes, bool]:
        """The answer, and whether it was given before. When it returns, all that it says is on disk.

        Raises:
            InputError: the request cannot be used, or its key was used for another one.
            serve.order.Conflict: the order does not stand as it must.
            serve.retry.Contended: goods were gone again and again.
        """
        return retried(lambda: self._attempt(asked))

    def _attempt(self, asked: Asked) -> tuple[bytes, bool]:
        with self._deciding:
            with self.database.reading() as tx:
                known_answer = _known_answer(tx, asked)
                if known_answer is not None:
                    return known_answer, True
                question = doubted(tx, self._question(tx, asked), asked.now, self.settings.staleness, self.known)
                pick = self.policies.pick(tx, subject_of(asked, question), bool(question.group))
            draft = self._draft(asked, question, pick)
        self.database.write(lambda tx: self._keep(tx, asked, draft))
        self.monitor.see(draft.pick, draft.weighed, asked.now)
        if draft.pick.shadow is not None:
            self.shadows.add(ShadowTask(draft.pick.shadow, draft.weighed.case, draft.answer))
        return draft.answer, False

    def keep_until(self, now: int) -> None:
        """Where time comes from requests, what it brings is done when they come; else a thread does it."""
        if self.settings.is_request_clock:
            self.keeper.keep(now)
            self.guardrails.look_by(now)

    def _question(self, tx: Connection, asked: Asked) -> Question:
        request = asked.request
        if not isinstance(request, DecisionRequest):
            part = open_part(tx, self.known, find_group(tx, asked.order_id or "", lock=False), asked.now)
            moment = read_moment(tx, self.known, part.document, asked.now, None)
            return Question(part.document, part.places, moment, part.group)
        order = request.order
        places = [(order.id, position) for position in range(len(order.lines))]
        if request.snapshot is not None:
            return Question(order, places, request.snapshot, is_kept=False)
        self.known.check("order", region=order.region)
        for i, line in enumerate(order.lines):
            self.known.check(f"order.lines[{i}]", sku=line.sku)
        if order.placed_at is None:
            order = order.model_copy(update={"placed_at": format_utc(asked.now)})
        part = joined(tx, self.known, order, asked.now) or Part(order, places, ())
        moment = read_moment(tx, self.known, part.document, asked.now, order)
        return Question(part.document, part.places, moment, part.group, order)

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
        self._keep(tx, asked, draft)
        return draft.decision_id, draft.answer

    def _draft(self, asked: Asked, question: Question, pick: Pick, weighed: Weighed | None = None) -> Draft:
        request, decision_id = asked.request, new_id()
        case = CaseDocument.model_construct(order=question.order, snapshot=question.moment)
        weighed = weighed or pick.service.weigh(
            case, deadline_of(request.deadline_ms, asked.received), question.hindrance, pick.exploration
        )
        slot, reservation = weighed.choice.slot, None
        planned: list[PlannedParcel] = []
        if slot is not None and question.is_kept:
            planned = planned_parcels(weighed.snapshot, case, pick.service.reader.names, slot, decision_id)
        if planned:
            expires_at = format_utc(asked.now + self.settings.reservation_seconds)
            reservation = ReservationAnswer(state="reserved", expires_at=expires_at)
            if request.confirm or question.is_confirmed:
                reservation = ReservationAnswer(state="confirmed", expires_at=None)
        latency_ms = milliseconds_since(asked.received)
        mark = Mark(decision_id, latency_ms, reservation, question.is_kept, trial_of(pick))
        answer = to_bytes(pick.service.answer(weighed, mark, request.max_alternatives))
        return Draft(decision_id, question, pick, weighed, planned, answer)

    def _keep(self, tx: Connection, asked: Asked, draft: Draft) -> None:
        """All that the answer says, in the one transaction that makes it so."""
        if asked.key is not None:
            used = {"actor": asked.actor, "key": asked.key, "request_sha256": asked.digest()}
            if not insert_new(tx, tables.idempotency_keys, **used, decision_id=draft.decision_id, created_at=asked.now):
                raise Repeated
        if draft.question.is_kept:
            self._keep_order(tx, asked, draft)
        is_part = any(draft.question.is_part(order) for order in draft.question.asked)
        note_decision(tx, draft.pick, draft.weighed, asked.now, is_part)
        content = encode_record(draft.weighed, asked.request.max_alternatives, draft.answer)
        seq = self.audit.write(tx, Entry("decided", asked.actor, draft.decision_id, content))
        kept = {
            "id": draft.decision_id,
            "order_id": draft.question.order.id,
            "decided_at": asked.now,
            "stage": draft.weighed.choice.stage,
            "bundle_sha256": draft.pick.service.policy.bundle_sha256,
            "arm": draft.pick.arm,
            "propensity": draft.pick.propensity,
            "plan_propensity": draft.weighed.choice.propensity,
            "writer": self.audit.id,
            "seq": seq,
        }
        change(tx, _WRITE, **kept)

    def _keep_order(self, tx: Connection, asked: Asked, draft: Draft) -> None:
        question, fresh = draft.question, draft.question.fresh
        if question.group:
            found = find_group(tx, question.first_id, lock=True)
            places = [place for place in question.places if fresh is None or place[0] != fresh.id]
            if found != question.group or open_places(tx, found) != places:
                raise Taken(f"order {question.first_id}")
            finish_tasks(tx, question.first_id, asked.now)
            if draft.weighed.choice.stage != "review" or draft.weighed.choice.slot is None:
                supersede_reviews(tx, question.first_id, asked.now)  # a person's own choice ends its review itself
        if fresh is not None:
            open_order(tx, fresh, draft.decision_id)
            if question.group:
                join(tx, question.group, fresh.id)
            note_customer(tx, self.known, fresh)
        changes = Changes()
        for parcel in draft.planned:
            take(changes, parcel)
        changes.make(tx)
        write_parcels(tx, draft.planned, question.places, asked.now)
        self._set_states(tx, asked, draft)
        is_drifting = self.monitor.is_suspect(draft.pick)
        reasons = reasons_of(draft.weighed, self.settings.review, is_drifting)
        if reasons:
            detail = draft.weighed.choice.fallback_reason if draft.weighed.choice.slot is None else None
            concern = Concern(
                question.first_id, draft.decision_id, reasons, detail, question.is_confirmed or asked.request.confirm
            )
            open_review(tx, concern, asked.now, self.settings.review)
        if fresh is not None:
            count_arrival(tx, fresh, hour_of(asked.now, self.known.epoch))

    def _set_states(self, tx: Connection, asked: Asked, draft: Draft) -> None:
        question, slot = draft.question, draft.weighed.choice.slot
        row: Any = None if slot is None else draft.weighed.snapshot.plans.slots[slot]
        hold_seconds = 0 if row is None else int(row["hold_seconds"])
        if row is not None and not draft.planned and not hold_seconds:
            leave(tx, question.places, "declined")
        expires_at = asked.now + self.settings.reservation_seconds
        before: dict[str, Row[Any] | None] = {order.id: order for order in question.asked}
        if question.fresh is not None:
            before[question.fresh.id] = None
        for order_id, known in before.items():
            values: dict[str, Any] = {"decision_id": draft.decision_id, "expires_at": None}
            state: State = "review" if row is None else "declined"
            if hold_seconds:
                state = "held"
            elif draft.planned:
                is_confirmed = asked.request.confirm or (known is not None and known.state == "confirmed")
                state = "confirmed" if is_confirmed else "reserved"
                values["expires_at"] = None if is_confirmed else expires_at
            elif known is not None and question.is_part(known):  # what its other lines have stays as it is
                state, values["expires_at"] = known.state, known.expires_at
            set_state(tx, order_id, state, **values)
        note_hold(tx, question.first_id, question.order, asked.now, hold_seconds)
        if hold_seconds:
            add_task(tx, "hold_ended", question.first_id, asked.now + hold_seconds)


def new_id() -> str:
    """Of a decision: 32 hexadecimal digits, those of later ones greater, so that an index takes them at its end."""
    return f"{time.time_ns() // 1_000_000:012x}{uuid.uuid4().hex[12:]}"


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
