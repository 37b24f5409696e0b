"""The endpoint: ``POST /v1/decisions`` and health paths."""

from __future__ import annotations

import logging
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

from fastapi import FastAPI, Request, Response
from pydantic import BaseModel

from scenarios.errors import InputError
from serve.answer import DecisionAnswer, PolicyVersion
from serve.arrival import Arrival
from serve.errors import ErrorAnswer, add_error_handlers, error_response
from serve.request import DecisionRequest
from serve.service import DecisionService

_log = logging.getLogger(__name__)

ERRORS: dict[int | str, dict[str, object]] = {
    413: {"model": ErrorAnswer, "description": "the body is too large"},
    422: {"model": ErrorAnswer, "description": "the request cannot be used; the error names the field"},
    503: {"model": ErrorAnswer, "description": "the bundle is not checked yet, or is not sound"},
}


class Health(BaseModel):
    """The state of the process."""

    status: Literal["live", "ready"]
    policy: PolicyVersion | None = None


class NotReady(Exception):
    """No service yet; the argument says why."""


class Loading:
    """Loads the service in the background, so that the process is live while rules compile."""

    def __init__(self, load: Callable[[], DecisionService], on_failure: Callable[[Exception], None]) -> None:
        self._load, self._on_failure = load, on_failure
        self._service: DecisionService | None = None
        self._problem = "wait and ask /health/ready: rules are being compiled and golden cases checked"

    def start(self) -> None:
        """Begins to load."""
        threading.Thread(target=self._run, name="bundle", daemon=True).start()

    def _run(self) -> None:
        try:
            self._service = self._load()
        except Exception as error:
            self._problem = str(error)
            _log.error("the bundle was refused: %s", error)
            self._on_failure(error)

    def service(self) -> DecisionService:
        """The service, once it is ready.

        Raises:
            NotReady: not yet, or never.
        """
        if self._service is None:
            raise NotReady(self._problem)
        return self._service


def create_app(
    load: Callable[[], DecisionService], on_failure: Callable[[Exception], None] = lambda error: None
) -> FastAPI:
    """The application.

    Args:
        load: makes the service; called in the background when the application starts.
        on_failure: is told why ``load`` failed.
    """
    loading = Loading(load, on_failure)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loading.start()
        yield

    app = FastAPI(
        title="routelab",
        version="1",
        summary="Which warehouse, which carrier, which collection: a routing decision for one order.",
        lifespan=lifespan,
    )
    app.add_middleware(Arrival)
    add_error_handlers(app)

    @app.exception_handler(NotReady)
    def wait_for_it(request: Request, error: NotReady) -> Response:
        detail = InputError("service", "not ready", "a checked bundle and compiled rules", str(error))
        return error_response(503, detail, {"Retry-After": "5"})

    @app.post("/v1/decisions", response_model=DecisionAnswer, responses=ERRORS, summary="Route one order")
    def decide(request: DecisionRequest, http: Request) -> DecisionAnswer:
        """The plan for an order, given what is known at this moment, with alternatives and reasons."""
        return loading.service().decide(request, http.scope["received"])

    @app.get("/health/live", response_model=Health, response_model_exclude_none=True, summary="Is the process alive?")
    def live() -> Health:
        return Health(status="live")

    @app.get("/health/ready", response_model=Health, responses={503: ERRORS[503]}, summary="Can orders be answered?")
    def ready() -> Health:
        return Health(status="ready", policy=loading.service().policy)

    return app
