"""The paths of experiments: create, start, stop, look, estimate."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import Row

from agents.documents import Document, Name
from scenarios.local_time import format_utc
from serve.admission.aside import alone, aside
from serve.decisions.desk import Desk
from serve.trials.design import Design, Sha256
from serve.trials.estimate import EstimateAnswer, estimate
from serve.trials.kept import experiment_of, find_row, list_rows
from serve.trials.metric import MetricName
from serve.trials.results import Results, make_results
from serve.web.actor import Who
from serve.web.routes import ERRORS

Id = Annotated[Name, Path(description="name of the experiment")]
_ESTIMATING = threading.Lock()
"""One estimate at a time; it makes up to thousands of decisions again, and steps aside after each of them."""

State = Literal["draft", "running", "stopped"]


class Stop(Document):
    """Why an experiment ends."""

    reason: Annotated[str, Field(min_length=1, max_length=500)] = "stopped by hand"


class ExperimentAnswer(BaseModel):
    """One experiment, and how it stands."""

    name: str
    state: State
    design: dict[str, Any]
    salt: str | None = Field(description="null before the start, so that nobody can choose where an order falls")
    created_by: str = Field(description="who may not start it")
    created_at: str
    control: str | None = Field(description="the policy that was active at the start")
    started_by: str | None
    started_at: str | None
    stopped_by: str | None
    stopped_at: str | None
    stop_reason: str | None
    alarmed_at: str | None = Field(description="when units did not fall to the arms as planned: trust no result")
    results: Results | None = Field(default=None, description="of one that was started, where one is asked for")


class ExperimentsAnswer(BaseModel):
    """All experiments, the latest first, without results."""

    experiments: list[ExperimentAnswer]


def add_experiment_routes(desk_of: Callable[[], Desk]) -> APIRouter:
    """The paths; ``desk_of`` gives the desk once it is open."""
    router = APIRouter(prefix="/v1/experiments", responses=ERRORS)

    @router.get("", summary="All experiments")
    def experiments() -> ExperimentsAnswer:
        with desk_of().database.reading() as tx:
            return ExperimentsAnswer(experiments=[_describe(row) for row in list_rows(tx)])

    @router.post("", summary="Plan an experiment")
    def create(design: Design, who: Who) -> ExperimentAnswer:
        who.check("rule_editor")
        desk = desk_of()
        desk.experiments.create(design, who)
        return _find(desk, design.name)

    @router.get(  # before the next one, which would take it for a name
        "/{name:name}/estimate",
        summary="What a policy would have given, from plans drawn by chance",
    )
    def estimated(
        name: Id,
        who: Who,
        policy: Annotated[Sha256, Query()],
        metric: Annotated[MetricName, Query()] = "total",
        limit: Annotated[int, Query(ge=1, le=10_000, description="decisions to be made again, the latest")] = 1000,
        now: Annotated[str | None, Query(description="of a replay: known by then")] = None,
    ) -> EstimateAnswer:
        who.check("rule_editor")
        desk = desk_of()
        question = (policy, metric, desk.now(now) if now else int(time.time()))
        with alone(_ESTIMATING), desk.database.reading() as tx:
            return estimate(tx, desk.policies, experiment_of(find_row(tx, name)), question, limit)

    @router.get("/{name:name}", summary="One experiment with its results")
    def experiment(
        name: Id, now: Annotated[str | None, Query(description="of a replay: known by then")] = None
    ) -> ExperimentAnswer:
        desk = desk_of()
        at = desk.now(now) if now else int(time.time())
        with aside():
            return _find(desk, name, at)

    @router.post("/{name:name}/start", summary="Let its units fall to the arms")
    def start(name: Id, who: Who) -> ExperimentAnswer:
        who.check("approver")
        desk = desk_of()
        desk.experiments.start(name, who)
        return _find(desk, name)

    @router.post("/{name:name}/stop", summary="Let all orders fall to the control")
    def stop(name: Id, who: Who, wanted: Stop | None = None) -> ExperimentAnswer:
        who.check("approver")
        desk = desk_of()
        desk.experiments.stop(name, who, (wanted or Stop()).reason)
        return _find(desk, name)

    return router


def _find(desk: Desk, name: str, now: int | None = None) -> ExperimentAnswer:
    with desk.database.reading() as tx:
        row = find_row(tx, name)
        results = None if now is None or row.control is None else make_results(tx, experiment_of(row), now)
    return _describe(row, results)


def _describe(row: Row[Any], results: Results | None = None) -> ExperimentAnswer:
    shown: dict[str, Any] = {
        key: getattr(row, key) for key in ExperimentAnswer.model_fields if key not in ("name", "results")
    }
    for key in ("created_at", "started_at", "stopped_at", "alarmed_at"):
        shown[key] = None if shown[key] is None else format_utc(shown[key])
    if row.state == "draft":
        shown["salt"] = None
    design = Design.model_validate_json(row.design).model_dump()
    return ExperimentAnswer.model_validate(shown | {"name": row.id, "design": design, "results": results})
