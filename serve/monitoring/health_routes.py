"""The path of the health report, and of what it is compared with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import Connection, select

from agents.documents import Name, Time
from scenarios.errors import InputError
from serve.audit.log import Entry
from serve.decisions.desk import Desk
from serve.monitoring.health import HealthAnswer, HealthReport, compare, make_report
from serve.orders.order import NotFound
from serve.stated_time import stated_utc
from serve.storage import tables
from serve.storage.database import insert
from serve.storage.retry import retried
from serve.web.actor import Who
from serve.web.routes import ERRORS

Since = Annotated[Time, Query(description="first second of the period")]
Until = Annotated[Time, Query(description="end of the period, not in it")]
Baseline = Annotated[Name | None, Query(description="a recorded period to compare with")]


def add_health_routes(desk_of: Callable[[], Desk]) -> APIRouter:
    """The paths; ``desk_of`` gives the desk once it is open."""
    router = APIRouter(prefix="/v1", responses=ERRORS)

    @router.get("/health-report", summary="Where orders break, wait, or need a hand")
    def health(since: Since, until: Until, baseline: Baseline = None) -> HealthAnswer:
        desk, (begin, end) = desk_of(), period(since, until)
        with desk.database.reading() as tx:
            report = make_report(tx, begin, end, _now(desk))
            before = None if baseline is None else _baseline(tx, baseline)
        changes = [] if before is None else compare(report, before)
        return HealthAnswer(report=report, baseline=before, changes=changes)

    @router.put("/health-report/baselines/{name:name}", summary="Record a period to compare others with")
    def record(name: Name, since: Since, until: Until, who: Who) -> HealthReport:
        desk, (begin, end) = desk_of(), period(since, until)

        def once() -> HealthReport:
            with desk.database.writing() as tx:
                report = make_report(tx, begin, end, _now(desk))
                kept = {"document": report.model_dump_json()}
                row = insert(tx, tables.baselines).values(name=name, **kept)
                tx.execute(row.on_conflict_do_update(index_elements=["name"], set_=kept))
                desk.audit.write(tx, Entry("baseline", who.name, name, kept["document"].encode()))
                return report

        return retried(once)

    return router


def period(since: str, until: str) -> tuple[int, int]:
    """Seconds of both ends.

    Raises:
        InputError: a time that cannot be used, or it does not end after it begins.
    """
    begin, end = stated_utc("since", since), stated_utc("until", until)
    if begin >= end:
        raise InputError("until", until, "a time after since", "correct one of them")
    return begin, end


def _now(desk: Desk) -> int | None:
    """UTC seconds; None where requests state the time, as those for reports do not."""
    return None if desk.settings.is_request_clock else desk.now()


def _baseline(tx: Connection, name: str) -> HealthReport:
    found = tx.execute(select(tables.baselines.c.document).where(tables.baselines.c.name == name)).scalar()
    if found is None:
        raise NotFound("baseline", name)
    return HealthReport.model_validate_json(found)
