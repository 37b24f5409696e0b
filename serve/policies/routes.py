"""The paths of policies: load, shadow, canary, activate, withdraw, roll back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import Connection

from scenarios.local_time import format_utc
from serve.decisions.desk import Desk
from serve.policies.answer import Canary, Load, PolicyAnswer, ShadowAnswer, SlotsAnswer
from serve.policies.slots import Standing
from serve.policies.standings import loads_of
from serve.trials.design import Sha256
from serve.web.actor import Who
from serve.web.routes import ERRORS

Bundle = Annotated[Sha256, Path()]


def add_policy_routes(desk_of: Callable[[], Desk]) -> APIRouter:
    """The paths; ``desk_of`` gives the desk once it is open."""
    router = APIRouter(prefix="/v1/policies", responses=ERRORS)

    @router.get("", summary="Who decides, and who is to")
    def policies() -> SlotsAnswer:
        desk = desk_of()
        return describe(desk, desk.policies.slots.standing)

    @router.post("", summary="Verify a bundle and put it into the second slot")
    def load(wanted: Load, who: Who) -> SlotsAnswer:
        who.check("rule_editor")
        desk = desk_of()
        return describe(desk, desk.policies.load(wanted.folder, who))

    @router.post("/{sha256}/shadow", summary="Let the candidate decide beside, for the record")
    def shadow(sha256: Bundle, who: Who) -> SlotsAnswer:
        who.check("rule_editor")
        desk = desk_of()
        return describe(desk, desk.policies.shadow(sha256, who))

    @router.post("/{sha256}/canary", summary="Let the candidate decide a share of the orders")
    def canary(sha256: Bundle, wanted: Canary, who: Who) -> SlotsAnswer:
        who.check("approver")
        desk = desk_of()
        return describe(desk, desk.policies.canary(sha256, wanted.share, who))

    @router.post("/{sha256}/activate", summary="Let the candidate decide")
    def activate(sha256: Bundle, who: Who) -> SlotsAnswer:
        who.check("approver")
        desk = desk_of()
        return describe(desk, desk.policies.activate(sha256, who))

    @router.post("/{sha256}/withdraw", summary="Empty the second slot")
    def withdraw(sha256: Bundle, who: Who) -> SlotsAnswer:
        who.check("rule_editor")
        desk = desk_of()
        return describe(desk, desk.policies.withdraw(sha256, who))

    @router.post("/{sha256}/rollback", summary="Give up the active policy for the one before it")
    def roll_back(sha256: Bundle, who: Who) -> SlotsAnswer:
        who.check("approver")
        desk = desk_of()
        return describe(desk, desk.policies.roll_back(sha256, who))

    return router


def describe(desk: Desk, standing: Standing) -> SlotsAnswer:
    """The slots in words."""
    with desk.database.reading() as tx:
        active, previous, candidate = (
            _policy(tx, desk, sha256) if sha256 else None
            for sha256 in (standing.active, standing.previous, standing.candidate)
        )
    assert active is not None
    shadow = None
    if standing.candidate:
        found = desk.shadows.compare(standing.candidate)
        same_share = found.num_same / found.count if found.count else None
        shadow = ShadowAnswer(
            count=found.count, same_share=same_share, mean_latency_ms=found.mean_ms, max_latency_ms=found.max_ms
        )
    return SlotsAnswer(
        number=standing.number,
        active=active,
        previous=previous,
        candidate=candidate,
        mode=standing.mode,
        share=standing.share,
        experiment=standing.experiment_id,
        shadow=shadow,
    )


def _policy(tx: Connection, desk: Desk, sha256: str) -> PolicyAnswer:
    loads, service = loads_of(tx, sha256), desk.policies.slots.services.get(sha256)
    return PolicyAnswer(
        bundle_sha256=sha256,
        name=loads[0].name if loads else desk.service.policy.name,
        loaded_by=[load.loaded_by for load in loads],
        loaded_at=format_utc(loads[0].loaded_at) if loads else None,
        reliability=None if service is None else service.reliability,
    )
