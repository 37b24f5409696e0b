"""Which bid prices are in force: arrays in memory, which follow those in the database."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection

from agents.documents import CaseDocument
from agents.light_documents import LightStock, changed, light_table
from agents.table_columns import values_of
from serve.decisions.asked import Question
from serve.decisions.service import DecisionService
from serve.orders.known import Known
from serve.pricing.kept import Solved, read_solved
from serve.pricing.scheduled import Scheduled, unpriced

NONE_YET = "no bid prices have been solved yet"

_WITHOUT_PRICE = ("warehouse", "sku", "on_hand_units", "allocated_units", "reference_units")
"""Fields of stock, in their order; the price is the last."""


@dataclass(frozen=True, slots=True)
class PriceStanding:
    """How the bid prices of a policy stand.

    Attributes:
        state: ``stale`` prices are older than they may be, and no longer used.
        solved_at: UTC second of the state that those in force were solved with; None: there are none.
        age_seconds: since then.
        stale_seconds: age from which they are stale.
    """

    state: Literal["fresh", "stale", "none"]
    solved_at: int | None
    age_seconds: int | None
    stale_seconds: int


class BidPrices:
    """Prices of all policies that stand somewhere. A change puts other tuples in place; no decision waits for it."""

    def __init__(self, known: Known) -> None:
        self._index = known.index
        self._solved: dict[str, tuple[Solved, ...]] = {}
        self._lasting: dict[str, tuple[Solved, ...]] = {}
        """Of what was on disk when it was read: it is not read again."""

    def follow(self, tx: Connection, wanted: Iterable[Scheduled], may_be_undone: bool = False) -> None:
        """Takes over what is in the database now, and forgets policies that stand nowhere any more.

        Args:
            tx: where it is read.
            wanted: pricers of policies that stand somewhere.
            may_be_undone: the transaction writes; if it is rolled back, others may solve other prices for its jobs.
        """
        before = self._lasting
        self._solved = {
            sha256: read_solved(tx, sha256, {row.due_at: row for row in before.get(sha256, ())})
            for sha256 in {scheduled.sha256 for scheduled in wanted}
        }
        if not may_be_undone:
            self._lasting = self._solved

    def solved(self, scheduled: Scheduled) -> tuple[Solved, ...]:
        """All that are known of a pricer, by the time of their jobs."""
        return self._solved.get(scheduled.sha256, ())

    def in_force(self, scheduled: Scheduled, now: int) -> Solved | None:
        """The latest that are valid, however old they are."""
        valid = [row for row in self._solved.get(scheduled.sha256, ()) if row.valid_from <= now]
        return valid[-1] if valid else None

    def standing(self, scheduled: Scheduled, now: int) -> PriceStanding:
        """How they stand."""
        solved = self.in_force(scheduled, now)
        if solved is None:
            return PriceStanding("none", None, None, scheduled.stale_seconds)
        is_stale = scheduled.is_stale(solved.solved_at, now)
        age = now - solved.solved_at
        return PriceStanding("stale" if is_stale else "fresh", solved.solved_at, age, scheduled.stale_seconds)

    def priced(self, question: Question, service: DecisionService, now: int) -> Question:
        """A question as a policy is to see it: with its bid prices, or with why it must not decide without.

        Args:
            question: as it was read, without prices.
            service: who decides.
            now: UTC seconds.
        """
        scheduled = service.scheduled
        if scheduled is None:
            return question
        if not question.is_kept:
            return replace(question, hindrance=question.hindrance or unpriced(question.moment))
        solved = self.in_force(scheduled, now)
        if solved is None:
            return replace(question, hindrance=question.hindrance or NONE_YET)
        if scheduled.is_stale(solved.solved_at, now):
            hours = (now - solved.solved_at) / 3600, scheduled.stale_seconds / 3600
            reason = f"the bid prices are {hours[0]:.1f} h old, more than {hours[1]:g} h"
            return replace(question, hindrance=question.hindrance or reason)
        rows = question.moment.stock
        cells = tuple(self._index.find_all(kind, "stock", rows) for kind in ("warehouse", "sku"))
        columns = [values_of(rows, field) for field in _WITHOUT_PRICE]
        stock = light_table(LightStock, list(zip(*columns, solved.table[cells].tolist(), strict=True)))
        return replace(question, moment=changed(question.moment, stock=stock))

    def case(self, question: Question, service: DecisionService, now: int) -> tuple[CaseDocument, str | None]:
        """The same as a case, and why the policy must not decide it."""
        priced = self.priced(question, service, now)
        return CaseDocument.model_construct(order=priced.order, snapshot=priced.moment), priced.hindrance
