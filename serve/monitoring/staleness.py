"""How old what is known of a warehouse is: from what is stale the policy keeps away, from what is too old everybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from sqlalchemy import Connection, select

from agents.light_documents import changed
from scenarios.local_time import parse_utc
from serve.decisions.asked import Question
from serve.monitoring import tables
from serve.orders.known import Known
from serve.storage.database import insert

Freshness = Literal["fresh", "stale", "too_old", "never"]


@dataclass(frozen=True, slots=True)
class Staleness:
    """From which age on what is known of a warehouse is doubted.

    Attributes:
        stale_seconds: older: a heuristic decides, not the policy, which never saw such a state; None: never.
        too_old_seconds: older: nothing is promised from there; None: never.
    """

    stale_seconds: int | None = None
    too_old_seconds: int | None = None

    @property
    def gone(self) -> frozenset[Freshness]:
        """From where nothing is promised."""
        return frozenset() if self.too_old_seconds is None else frozenset({"too_old", "never"})

    @property
    def is_on(self) -> bool:
        """Whether anything is doubted."""
        return self.stale_seconds is not None or self.too_old_seconds is not None

    def of(self, age_seconds: int | None) -> Freshness:
        """What an age comes to; None: nothing was ever told."""
        if age_seconds is None:
            return "never"
        if self.too_old_seconds is not None and age_seconds > self.too_old_seconds:
            return "too_old"
        return "stale" if self.stale_seconds is not None and age_seconds > self.stale_seconds else "fresh"


def hear(tx: Connection, told: Mapping[str, int]) -> None:
    """Notes until when (UTC seconds) warehouses have told how they stand; what is told late makes nothing newer."""
    for name in sorted(told):
        row = insert(tx, tables.news).values(warehouse=name, heard_at=told[name])
        newer = tables.news.c.heard_at < row.excluded.heard_at
        tx.execute(row.on_conflict_do_update(index_elements=["warehouse"], set_={"heard_at": told[name]}, where=newer))


def last_heard(tx: Connection) -> dict[str, int]:
    """UTC second of the last news of each warehouse of which there was any."""
    return {name: int(at) for name, at in tx.execute(select(tables.news.c.warehouse, tables.news.c.heard_at))}


def doubted(tx: Connection, question: Question, now: int, staleness: Staleness, known: Known) -> Question:
    """A question without the stock of which nothing is known any more, and why the policy must not decide the rest.

    Args:
        tx: a reading transaction.
        question: what is to be decided.
        now: UTC seconds.
        staleness: what is doubted.
        known: the network.
    """
    if not staleness.is_on:
        return question
    names, moment = known.names.warehouses, question.moment
    heard = last_heard(tx) if question.is_kept else dict.fromkeys(names, parse_utc("snapshot.now", moment.now))
    found = {name: staleness.of(now - heard[name] if name in heard else None) for name in names}
    gone = {name for name, state in found.items() if state in staleness.gone}
    if gone:
        nothing = {"on_hand_units": 0, "allocated_units": 0, "reference_units": 0}
        stock = [changed(row, **nothing) if row.warehouse in gone else row for row in moment.stock]
        receipts = [row for row in moment.receipts if row.warehouse not in gone]
        moment = changed(moment, stock=stock, receipts=receipts)
    used = {row.warehouse for row in moment.stock if row.on_hand_units > row.allocated_units}
    used |= {row.warehouse for row in moment.receipts}
    stale = sorted(name for name in used if found[name] != "fresh")
    hindrance = f"the last news of {', '.join(stale)} is too long ago for the policy" if stale else None
    return replace(question, moment=moment, hindrance=hindrance)
