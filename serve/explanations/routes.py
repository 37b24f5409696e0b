"""The path of explanations."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query

from agents.documents import Name
from serve.admission.aside import aside
from serve.decisions.desk import Desk
from serve.decisions.record import find_decision, read_record
from serve.explanations.explanation import Explanation, ExplanationAnswer
from serve.web.routes import ERRORS

Asked = Annotated[Name | None, Query(description="only this one, and why not from there")]


def add_explain_routes(desk_of: Callable[[], Desk]) -> APIRouter:
    """The path; ``desk_of`` gives the desk once it is open."""
    router = APIRouter(prefix="/v1", responses=ERRORS)

    @router.get("/decisions/{decision_id}/explain", summary="Why a decision is as it is")
    def explain(decision_id: str, warehouse: Asked = None) -> ExplanationAnswer:
        desk = desk_of()
        with aside():
            with desk.database.reading() as tx:
                found = find_decision(tx, decision_id)
                record = read_record(tx, found)
            service = desk.policies.find(found.bundle_sha256)
            return Explanation(service, record, record.weighed(service)).answer(warehouse)

    return router
