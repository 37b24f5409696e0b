"""Keeping a decision: all that its answer says, in the one transaction that makes it so."""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from sqlalchemy import Connection, Row

from scenarios.local_time import format_utc
from serve.audit.log import AuditWriter, Entry
from serve.decisions.answer import ReservationAnswer
from serve.decisions.asked import Asked, Question
from serve.decisions.group import find_group, history, join, note_customer, open_places, with_a_plan
from serve.decisions.plan_writer import to_json
from serve.decisions.record import encode_record
from serve.decisions.service import Mark, Weighed, milliseconds_since
from serve.monitoring.watch import Watch
from serve.orders.changes import Changes, Taken
from serve.orders.demand_seen import count_arrival, hour_of
from serve.orders.ending import note_ends
from serve.orders.known import Known
from serve.orders.order import OPEN, State, change_order, check_confirmable, confirmation, open_order, reserve_until
from serve.orders.parcel import (
    PlannedParcel,
    leave,
    place_lines,
    placed_lines,
    planned_parcels,
    promise_of,
    take,
    write_parcels,
)
from serve.orders.tasks import add_task, finish_tasks
from serve.policies.slots import Pick
from serve.reviews.queue import Concern, ReviewLimits, is_taken_back, open_review, reasons_of, supersede_reviews
from serve.reviews.rules import names_of
from serve.storage import tables
from serve.storage.database import insert_new
from serve.storage.retry import Repeated
from serve.storage.sending import change
from serve.trials.entering import note_decision, trial_of

_WRITE = tables.decisions.insert()


@dataclass(frozen=True, slots=True, eq=False)
class Draft:
    """A decision of which nothing is kept yet.

    Attributes:
        decision_id: of this decision.
        question: what is decided.
        pick: by whom.
        weighed: the choice.
        planned: what is to be sent.
        reserved_until: UTC second at which what is not confirmed expires.
        concern: why a person should look at it; None: nobody need.
        answer: that says all this.
    """

    decision_id: str
    question: Question
    pick: Pick
    weighed: Weighed
    planned: list[PlannedParcel]
    reserved_until: int
    concern: Concern | None = None
    answer: bytes = b""

    @property
    def hold_seconds(self) -> int:
        """From now on; 0 if nothing is held."""
        slot = self.weighed.choice.slot
        return 0 if slot is None else int(self.weighed.snapshot.plans.slots["hold_seconds"][slot])


@dataclass(frozen=True, slots=True, eq=False)
class Keeping:
    """Writes decisions.

    Attributes:
        known: the network's names.
        audit: this process's chain.
        monitor: says whether traffic has shifted.
        reservation_seconds: until a reservation expires that nobody confirms.
        review: which decisions a person looks at.
        rules: version of the options that put orders into the queue; None: there are none.
    """

    known: Known
    audit: AuditWriter
    monitor: Watch
    reservation_seconds: int
    review: ReviewLimits
    rules: str | None

    def draft(self, asked: Asked, question: Question, pick: Pick, weighed: Weighed) -> Draft:
        """A choice with all that follows from it, and the answer that says so."""
        decision_id, slot = new_id(), weighed.choice.slot
        planned: list[PlannedParcel] = []
        if slot is not None and question.is_kept:
            names = pick.service.reader.names
            planned = planned_parcels(weighed.snapshot, weighed.case, names, slot, decision_id)
        draft = Draft(decision_id, question, pick, weighed, planned, asked.now + self.reservation_seconds)
        concern = self._concern(asked, draft) if question.is_kept else None
        if concern is not None:  # goods are kept until a person has looked, and then for the usual time
            draft = replace(draft, concern=concern, reserved_until=concern.due_at + self.reservation_seconds)
        mark = Mark(
            decision_id,
            milliseconds_since(asked.received),
            self._reservation(asked, draft),
            question.is_kept,
            trial_of(pick),
            self.rules if question.is_kept else None,
            None if draft.concern is None else draft.concern.notice,
        )
        return replace(draft, answer=to_json(pick.service.answer(weighed, mark, asked.request.max_alternatives)))

    def _reservation(self, asked: Asked, draft: Draft) -> ReservationAnswer | None:
        if not draft.planned:
            return None
        question, named = draft.question, _named(asked, draft.question)
        decided = {order_id for order_id, _ in question.places}
        if all(_is_confirmed(asked, question, of) for of in ({named} if named in decided else decided)):
            return ReservationAnswer(state="confirmed", expires_at=None)
        return ReservationAnswer(state="reserved", expires_at=format_utc(draft.reserved_until))

    def _concern(self, asked: Asked, draft: Draft) -> Concern | None:
        """Why a person should look at it; None: nobody need."""
        weighed, question, rules = draft.weighed, draft.question, self._rules_of(draft)
        reasons = reasons_of(weighed, self.review, self.monitor.is_suspect(draft.pick), bool(rules))
        if question.is_taken_back:  # nor does a hold end what a person began
            reasons.append("taken_back")
        if not reasons:
            return None
        return Concern(
            question.first_id,
            draft.decision_id,
            reasons,
            opened_at=asked.now,
            due_at=asked.now + self.review.seconds,
            detail=weighed.choice.fallback_reason if weighed.choice.slot is None else "; ".join(rules) or None,
        )

    def keep(self, tx: Connection, asked: Asked, draft: Draft) -> None:
        """All that the answer says, in the one transaction that makes it so."""
        if asked.key is not None:
            used = {"actor": asked.actor, "key": asked.key, "request_sha256": asked.digest()}
            if not insert_new(tx, tables.idempotency_keys, **used, decision_id=draft.decision_id, created_at=asked.now):
                raise Repeated
        if draft.question.is_kept:
            self._keep_order(tx, asked, draft)
        note_decision(tx, draft.pick, draft.question, draft.weighed, asked.now)
        content = encode_record(draft.weighed, asked.request.max_alternatives, draft.answer, draft.pick.draw)
        seq = self.audit.write(tx, Entry("decided", asked.actor, draft.decision_id, content))
        kept = {
            "id": draft.decision_id,
            "order_id": draft.question.order.id,
            "decided_at": asked.now,
            "is_kept": draft.question.is_kept,
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
            # a person's own choice ends its review itself
            if draft.weighed.choice.stage != "review" or draft.weighed.choice.slot is None:
                if is_taken_back(tx, question.first_id) is not question.is_taken_back:
                    raise Taken(f"order {question.first_id}")
                supersede_reviews(tx, question.first_id, asked.now)
        standing, placed = self._standing(tx, asked, draft), placed_lines(draft.planned, question.places)
        if fresh is not None:
            own = {
                place[1]: {**OPEN, "promise_at": promise_of(draft.weighed.snapshot, i), **placed.pop(place, {})}
                for i, place in enumerate(question.places)
                if place[0] == fresh.id
            }
            open_order(tx, fresh, standing.pop(fresh.id), own)
            if question.group:
                join(tx, question.group, fresh.id)
            note_customer(tx, self.known, fresh)
        changes = Changes()
        for parcel in draft.planned:
            take(changes, parcel)
        changes.make(tx)
        write_parcels(tx, draft.planned, question.places, asked.now)
        place_lines(tx, placed, asked.now)
        for order_id, values in standing.items():
            change_order(tx, order_id, **values)
        is_declined = draft.weighed.choice.slot is not None and not draft.planned and not draft.hold_seconds
        if is_declined:
            leave(tx, question.places, "declined")
        if is_declined or question.group:
            note_ends(tx, question.first_id, asked.now)
        if draft.hold_seconds:
            add_task(tx, "hold_ended", question.first_id, asked.now + draft.hold_seconds)
        if draft.concern is not None:
            open_review(tx, draft.concern)
        if question.group:  # of which a part may be reserved already
            reserve_until(tx, question.first_id, draft.reserved_until)
        if fresh is not None:
            count_arrival(tx, fresh, hour_of(asked.now, self.known.epoch))

    def _standing(self, tx: Connection, asked: Asked, draft: Draft) -> dict[str, dict[str, Any]]:
        """How the orders stand from now on: columns of their rows, by their ids.

        Raises:
            Conflict: an order is to be confirmed that has expired or ended.
        """
        question, hold_seconds = draft.question, draft.hold_seconds
        is_planned = bool(draft.planned or hold_seconds)
        sent = set() if is_planned or not question.group else with_a_plan(tx, question.group)
        before: dict[str, Row[Any] | None] = {order.id: order for order in question.asked}
        if question.fresh is not None:
            before[question.fresh.id] = None
        standing = {}
        for order_id, known in before.items():
            values: dict[str, Any] = {"decision_id": draft.decision_id, "expires_at": None}
            values["is_confirmed"] = _is_confirmed(asked, question, order_id)
            state: State = "review" if draft.weighed.choice.slot is None else "declined"
            if hold_seconds:
                state = "held"
            elif draft.planned:
                state, values["expires_at"] = "reserved", draft.reserved_until
            elif known is not None and known.state in ("reserved", "confirmed") and order_id in sent:
                # what its other lines have stays as it is
                state, values["expires_at"] = known.state, known.expires_at
            standing[order_id] = values | {"state": state}
            if values["is_confirmed"]:
                standing[order_id] |= confirmation(state)
        if asked.request.confirm and asked.order_id is not None and asked.order_id not in standing:
            (named,) = (order for order in question.group if order.id == asked.order_id)
            check_confirmable(named.state)
            standing[named.id] = confirmation(named.state)  # though others of its group are what is decided
        if question.fresh is not None:
            standing[question.fresh.id] |= question.fresh.model_dump(include={"num_holds", "held_seconds", "is_again"})
        past = history(question.order, asked.now, hold_seconds, is_decided=draft.weighed.choice.slot is not None)
        standing[question.first_id] = standing.get(question.first_id, {}) | past
        return standing

    def _rules_of(self, draft: Draft) -> list[str]:
        if not self.review.rules:
            return []
        order, seen = draft.weighed.case.order, draft.weighed.snapshot.seen
        requirements = int(np.bitwise_or.reduce(seen.lines["requirements"][: len(order.lines)]))
        return names_of(self.review.rules, order, requirements, draft.planned)


def _named(asked: Asked, question: Question) -> str:
    """Id of the order that was asked for, of those that are decided together; a request speaks for no other."""
    return asked.order_id or question.order.id


def _is_confirmed(asked: Asked, question: Question, order_id: str) -> bool:
    """Whether what an order has from now on does not expire, be it reserved now or later."""
    if asked.request.confirm and order_id == _named(asked, question):
        return True
    return any(order.is_confirmed for order in question.group if order.id == order_id)


def new_id() -> str:
    """Of a decision: 32 hexadecimal digits, those of later ones greater, so that an index takes them at its end."""
    return f"{time.time_ns() // 1_000_000:012x}{uuid.uuid4().hex[12:]}"
