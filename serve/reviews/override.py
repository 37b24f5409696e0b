"""A person's plan instead of the automated one, in one transaction: if it cannot be had, the old one stays."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

from pydantic import Field
from sqlalchemy import Connection, select

from agents.documents import CaseDocument, Document, Name
from envs.snapshot import Snapshot
from envs.state import NONE
from scenarios.errors import InputError
from scenarios.trace import Names
from serve.decisions.asked import Asked, Question
from serve.decisions.chain import Choice
from serve.decisions.desk import Desk
from serve.decisions.group import find_group, open_part
from serve.decisions.moment import read_moment
from serve.decisions.request import Now, RedecisionRequest
from serve.decisions.service import Weighed
from serve.orders.changes import Changes
from serve.orders.order import Conflict, confirm_orders
from serve.reviews.ending import begin_to_end, end_review, take_rest_back
from serve.reviews.wanted import Parcel, with_plan
from serve.storage import tables
from serve.trials.assignment import Subject

_A_PERSON = "a person chose"


class WantedParcel(Document):
    """One parcel, as explanations list them."""

    warehouse: Name
    service: Name
    skus: Annotated[list[Name], Field(min_length=1, max_length=60)]
    receipt: Name | None = Field(default=None, description="that a backorder waits for")


class Override(Document):
    """What a person wants instead."""

    parcels: Annotated[list[WantedParcel], Field(min_length=1, max_length=60)]
    now: Now = None
    confirm: Annotated[bool, Field(description="what is reserved does not expire, of all whom it concerns")] = False


def override(tx: Connection, desk: Desk, review_id: str, wanted: Override, actor: str, now: int) -> bytes:
    """Sends an order as a person wants it.

    Args:
        tx: a writing transaction.
        desk: that decided before.
        review_id: of an open review.
        wanted: every line of the order that nobody has begun to pick, in one parcel.
        actor: for the audit log.
        now: UTC seconds.

    Returns:
        The decision, as it is answered.

    Raises:
        Conflict: nothing is left to be sent, or the plan is not possible now.
    """
    review, group = begin_to_end(tx, review_id)
    if wanted.confirm:
        row = tables.lines.c
        of_group = row.order_id.in_([order.id for order in group])
        # a member that has ended, cancelled say, stays as it is
        confirm_orders(tx, select(row.order_id).where(of_group, row.state.in_(("open", "declined", "planned"))))
    changes = Changes()
    take_rest_back(tx, changes, group, now)
    changes.make(tx)  # so that what the order had is free for it
    part = open_part(tx, desk.known, find_group(tx, review.order_id, lock=True), now)
    document = part.document
    question = Question(document, part.places, read_moment(tx, desk.known, document, now, None), part.group)
    subject = Subject(question.first_id, document.region, None, now)
    pick = replace(desk.policies.pick(tx, subject, True), propensity=1.0)  # whichever arm, a person decides for sure
    question, reader = desk.prices.priced(question, pick.service, now), pick.service.reader
    case = CaseDocument.model_construct(order=document, snapshot=question.moment)
    snapshot, slot = _with_wanted(reader.read(case), case, reader.names, wanted.parcels)
    asked = Asked(RedecisionRequest(), actor, None, time.perf_counter(), now, question.first_id)
    weighed = Weighed(case, snapshot, Choice("review", slot, _A_PERSON))
    decision_id, answer = desk.keep_choice(tx, asked, question, pick, weighed)
    end_review(tx, review, "overridden", actor, now, label_decision_id=decision_id)
    return answer


def _with_wanted(
    snapshot: Snapshot, case: CaseDocument, names: Names, parcels: Sequence[WantedParcel]
) -> tuple[Snapshot, int]:
    """The table with the plan that is wanted, and its slot.

    Raises:
        Conflict: the rules do not allow it now.
    """
    try:
        found = with_plan(snapshot, frozenset(_parcel(case, names, parcel) for parcel in parcels))
    except ValueError:  # a name that this order or the network does not have
        found = None
    if found is None:
        words = ", ".join(f"{row.warehouse} by {row.service}" for row in parcels)
        expected = "every line in one parcel, from where it can leave now with a service that can carry it"
        raise Conflict(InputError("parcels", words, expected, "see what a new explanation excludes"))
    return found


def _parcel(case: CaseDocument, names: Names, parcel: WantedParcel) -> Parcel:
    skus = [line.sku for line in case.order.lines]
    receipts = [row.id for row in case.snapshot.receipts]
    return (
        list(names.warehouses).index(parcel.warehouse),
        list(names.services).index(parcel.service),
        NONE if parcel.receipt is None else receipts.index(parcel.receipt),
        sum(1 << place for place in {skus.index(sku) for sku in parcel.skus}),
    )
