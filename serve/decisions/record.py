"""The record of a decision: all that it was made of, so that it can be made again, bit for bit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import msgspec
from pydantic import BaseModel, Field
from sqlalchemy import Connection, Row, select

from agents.documents import parse_case
from agents.light_documents import case_to_json, recorded_case
from envs.snapshot import Snapshot
from scenarios.errors import InputError
from serve.audit.log import payload
from serve.decisions.answer import DecisionAnswer
from serve.decisions.chain import Choice
from serve.decisions.plan_writer import to_json
from serve.decisions.service import BY_NOBODY, DecisionService, Mark, Trial, Weighed
from serve.orders.order import Conflict, NotFound
from serve.reviews.wanted import Parcel, parcels_of, with_plan
from serve.storage import tables
from serve.trials.assignment import Assignment, Draw
from serve.trials.exploring import Exploration

OF_THE_MOMENT = (
    "decision_id",
    "stage",
    "fallback_reason",
    "plan.parcels.id",
    "reservation",
    "review",
    "review_rules",
    "latency_ms",
)
"""Fields of an answer that tell how things stood, or went, when it was made, of which nothing else is on record."""
OF_THE_DRAW = ("arm", "propensity", "experiment", "unit")


class ReplayAnswer(BaseModel):
    """A decision made again from its record."""

    is_same: bool = Field(
        description="whether the answer is equal to the recorded one, byte by byte; of fields that are taken from "
        "there that says nothing"
    )
    taken_as_recorded: list[str] = Field(
        description="fields of the answer that cannot be made again, such as latency_ms; all others are, and compared"
    )
    answer: DecisionAnswer


@dataclass(frozen=True, slots=True)
class Record:
    """One decision as it was made.

    Attributes:
        case: order and snapshot, JSON values.
        max_alternatives: that were asked for.
        heuristic: that decided; None if none did.
        answer: the bytes that were answered.
        parcels: that a person chose, see ``serve.reviews.wanted``; None if none did.
        exploration: how a plan was drawn; None if none was.
        draw: of the arm; None if none was drawn.
        is_draw_kept: whether ``draw`` tells; records from before it was kept do not say.
        is_only_kept: how a full table took a person's plan, see ``with_plan``.
    """

    case: dict[str, Any]
    max_alternatives: int
    heuristic: str | None
    answer: bytes
    parcels: tuple[Parcel, ...] | None = None
    exploration: Exploration | None = None
    draw: Draw | None = None
    is_draw_kept: bool = True
    is_only_kept: bool = True

    def told(self) -> DecisionAnswer:
        """The answer, read."""
        return DecisionAnswer.model_validate_json(self.answer)

    def weighed(self, service: DecisionService) -> Weighed:
        """The choice made again with the bundle that decided then."""
        case, told = parse_case(self.case), self.told()
        snapshot = service.reader.read(case)
        if self.parcels is None:
            return Weighed(case, snapshot, self.repeat(service, snapshot, told))
        found = with_plan(snapshot, frozenset(self.parcels), self.is_only_kept)
        if found is None:
            raise Conflict(InputError("decision", told.decision_id, "a plan that can be", "the bundle has changed"))
        return Weighed(case, found[0], Choice(told.stage, found[1], told.fallback_reason))

    def repeat(self, service: DecisionService, snapshot: Snapshot, told: DecisionAnswer) -> Choice:
        """What the same stage chooses from a snapshot, perhaps another one."""
        choice = service.chain.repeat(snapshot, told.stage, told.fallback_reason, self.heuristic)
        return choice.explored(snapshot, self.exploration, told.order_id)

    def replay(self, service: DecisionService) -> ReplayAnswer:
        """Decides again with the bundle that decided then."""
        told = self.told()
        is_stored = told.plan is not None and any(parcel.id for parcel in told.plan.parcels)
        trial = self._trial() if self.is_draw_kept else Trial(told.arm, told.propensity, told.experiment, told.unit)
        rules, review = told.review_rules, told.review
        mark = Mark(told.decision_id, told.latency_ms, told.reservation, is_stored, trial, rules, review)
        answer = service.answer(self.weighed(service), mark, self.max_alternatives)
        again = to_json(answer)
        return ReplayAnswer(
            is_same=again == self.answer,
            taken_as_recorded=[*OF_THE_MOMENT, *(() if self.is_draw_kept else OF_THE_DRAW)],
            answer=DecisionAnswer.model_validate_json(again),
        )

    def _trial(self) -> Trial:
        """The draw made again; a person decides for sure, whichever arm."""
        if self.draw is None:
            return BY_NOBODY
        propensity = self.draw.propensity if self.parcels is None else 1.0
        return Trial(self.draw.arm, propensity, self.draw.experiment, self.draw.told_unit)


def encode_record(weighed: Weighed, max_alternatives: int, answer: bytes, draw: Draw | None = None) -> bytes:
    """As it is kept, the payload of an audit row."""
    rest = {
        "max_alternatives": max_alternatives,
        "heuristic": weighed.choice.heuristic,
        "parcels": _parcels_of_a_person(weighed),
        "is_only_kept": True,
        "exploration": weighed.exploration,
        "draw": draw,
        "answer": answer.decode(),
    }
    return b'{"case":%b,%b' % (case_to_json(weighed.case), msgspec.json.encode(rest)[1:])


def _parcels_of_a_person(weighed: Weighed) -> list[Parcel] | None:
    choice = weighed.choice
    if choice.stage != "review" or choice.slot is None:
        return None
    return sorted(parcels_of(weighed.snapshot, choice.slot))


def find_decision(tx: Connection, decision_id: str) -> Row[Any]:
    """Where a decision is kept.

    Raises:
        NotFound: no such decision.
    """
    found = tx.execute(select(tables.decisions).where(tables.decisions.c.id == decision_id)).one_or_none()
    if found is None:
        raise NotFound("decision", decision_id)
    return found


def read_record(tx: Connection, decision: Row[Any]) -> Record:
    """What is kept of a decision.

    Raises:
        Conflict: it was erased.
        serve.audit.log.Altered: it is not as it was written.
    """
    content = payload(tx, decision.writer, decision.seq)
    if content is None:
        detail = InputError("decision", decision.id, "a decision whose record is kept", "its record was erased")
        raise Conflict(detail)
    data = json.loads(content)
    parcels, exploration, draw = data.get("parcels"), data.get("exploration"), data.get("draw")
    return Record(
        recorded_case(data["case"]),
        data["max_alternatives"],
        data["heuristic"],
        data["answer"].encode(),
        None if parcels is None else tuple((w, s, receipt, mask) for w, s, receipt, mask in parcels),
        None if exploration is None else Exploration(*exploration),
        None if draw is None else Draw(Assignment(**draw[0]), *draw[1:]),
        "draw" in data,
        data.get("is_only_kept", False),
    )
