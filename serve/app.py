"""The endpoint: ``POST /v1/decisions`` and health paths."""

from __future__ import annotations

import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Literal

from fastapi import APIRouter, FastAPI, Request, Response
from fastapi.responses import PlainTextResponse
from fastapi.routing import APIRoute
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel, Field
from sqlalchemy.exc import OperationalError

from scenarios.errors import InputError
from serve.admission.limits import Limits
from serve.admission.porter import Porter
from serve.background import Background, stop
from serve.decisions.answer import DecisionAnswer, PolicyVersion
from serve.decisions.asked import Asked
from serve.decisions.desk import Desk
from serve.decisions.plan_writer import to_json
from serve.decisions.request import DecisionRequest
from serve.decisions.service import DecisionService
from serve.explanations.routes import add_explain_routes
from serve.monitoring.health_routes import add_health_routes
from serve.monitoring.metrics import told
from serve.monitoring.routes import add_monitoring_routes
from serve.policies.lifecycle import Lacking
from serve.policies.routes import add_policy_routes
from serve.pricing.bid_prices import PriceStanding
from serve.reviews.routes import add_review_routes
from serve.trials.routes import add_experiment_routes
from serve.web.actor import Who
from serve.web.arrival import Arrival
from serve.web.description import Described
from serve.web.errors import ErrorAnswer, add_error_handlers, error_response
from serve.web.guard import Guard
from serve.web.path_names import know_names
from serve.web.routes import ERRORS, Key, add_routes, answer_once
from serve.web.short_way import ShortWay
from serve.web.tokens import Tokens

_log = logging.getLogger(__name__)

TOO_MANY: dict[int | str, dict[str, object]] = {
    429: {"model": ErrorAnswer, "description": "a rate is used up; Retry-After says for how long"}
}

_RETRY_SECONDS = 1.0
"""Until a database that could not be reached is tried again."""


class Health(BaseModel):
    """The state of the process."""

    status: Literal["live", "ready"]
    policy: PolicyVersion | None = None
    bid_prices: PriceStanding | None = Field(
        default=None, description="of the active policy, if they are solved on a schedule"
    )


class NotReady(Exception):
    """No service yet; the argument says why."""


class Loading:
    """Loads the service in the background, so that the process is live while rules compile."""

    def __init__(
        self,
        load: Callable[[], DecisionService],
        open_desk: Callable[[DecisionService], Desk] | None,
        on_failure: Callable[[Exception], None],
        on_ready: Callable[[], None],
    ) -> None:
        self._load, self._open_desk, self._on_failure, self._on_ready = load, open_desk, on_failure, on_ready
        self._loop = Background("bundle", self._try, _RETRY_SECONDS)
        self._is_stopped = False
        self._loaded: DecisionService | None = None
        self._service: DecisionService | None = None
        self._desk: Desk | None = None
        self._problem = "wait and ask /health/ready: rules are being compiled and golden cases checked"

    def start(self) -> None:
        """Begins to load."""
        self._loop.start()

    def stop(self) -> None:
        """Ends what was begun."""
        self._is_stopped = True
        stop([self._loop])
        if self._desk is not None:
            self._desk.stop()

    def _try(self) -> None:
        """Loads and opens; if the database cannot be reached, that is tried again."""
        try:
            if self._loaded is None:
                self._loaded = self._load()
            if self._open_desk is not None:
                self._desk = self._open_desk(self._loaded)
                if self._is_stopped:
                    self._desk.stop()
            self._service = self._loaded
            self._on_ready()
        except OperationalError:
            self._problem = "wait: the database cannot be reached"
            raise
        except Exception as error:
            self._problem = str(error)
            _log.error("the bundle was refused", exc_info=error)  # the command says why: a message may name orders
            self._on_failure(error)
        self._loop.end()

    def service(self) -> DecisionService:
        """The service, once it is ready.

        Raises:
            NotReady: not yet, or never.
        """
        if self._service is None:
            raise NotReady(self._problem)
        return self._service

    def desk(self) -> Desk:
        """The desk, once it is open.

        Raises:
            NotReady: not yet, or never.
        """
        if self._desk is None:
            raise NotReady(self._problem)
        return self._desk


def create_app(
    load: Callable[[], DecisionService],
    on_failure: Callable[[Exception], None] = lambda error: None,
    open_desk: Callable[[DecisionService], Desk] | None = None,
    on_ready: Callable[[], None] = lambda: None,
    tokens: Tokens | None = None,
    limits: Limits | None = None,
) -> FastAPI:
    """The application.

    Args:
        load: makes the service; called in the background when the application starts.
        open_desk: opens the database that the service decides from; None: it decides from snapshots alone.
        on_failure: is told why ``load`` failed.
        on_ready: is told when orders can be answered.
        tokens: who may ask for what; None: development mode, anyone for anything.
        limits: how much is let in.
    """
    know_names()
    loading = Loading(load, open_desk, on_failure, on_ready)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        loading.start()
        yield
        loading.stop()

    app = Described(
        title="routelab",
        version="1",
        summary="Which warehouse, which carrier, which collection: a routing decision for one order.",
        lifespan=lifespan,
        redoc_url=None,  # what is not described as open is not there
        swagger_ui_oauth2_redirect_url=None,
    )
    add_error_handlers(app)

    @app.exception_handler(NotReady)
    def wait_for_it(request: Request, error: NotReady) -> Response:
        detail = InputError("service", "not ready", "a checked bundle and compiled rules", str(error))
        return error_response(503, detail, {"Retry-After": "5"})

    @app.exception_handler(Lacking)
    def lack(request: Request, error: Lacking) -> Response:
        return error_response(503, error.detail, {"Retry-After": "5"})

    orders = APIRouter()
    refusals = ERRORS | TOO_MANY

    @orders.post("/v1/decisions", response_model=DecisionAnswer, responses=refusals, summary="Route one order")
    def decide(request: DecisionRequest, who: Who, http: Request, key: Key = None) -> Response:
        """The plan for an order, given what is known at this moment, with alternatives and reasons."""
        request.check()
        service, received = loading.service(), http.scope["received"]
        if open_desk is None:
            return Response(to_json(service.decide(request, received)), media_type="application/json")
        desk = loading.desk()
        if request.snapshot is not None:
            return answer_once(desk, Asked(request, who.name, key, received, int(time.time())))
        now = desk.now(request.now)
        desk.keep_until(now)
        return answer_once(desk, Asked(request, who.name, key, received, now))

    app.include_router(orders)
    (route,) = (route for route in orders.routes if isinstance(route, APIRoute))
    app.add_middleware(ShortWay, route=route, handlers=app.exception_handlers)
    app.add_middleware(Porter, limits=limits or Limits())
    app.add_middleware(Guard, tokens=tokens)  # around the porter, who goes by names
    app.add_middleware(Arrival)  # around both: refusals are counted, too
    if open_desk is not None:
        app.include_router(add_routes(loading.desk))
        app.include_router(add_explain_routes(loading.desk))
        app.include_router(add_review_routes(loading.desk))
        app.include_router(add_health_routes(loading.desk))
        app.include_router(add_policy_routes(loading.desk))
        app.include_router(add_monitoring_routes(loading.desk))
        app.include_router(add_experiment_routes(loading.desk))

    @app.get("/health/live", response_model=Health, response_model_exclude_none=True, summary="Is the process alive?")
    def live() -> Health:
        return Health(status="live")

    @app.get("/health/ready", response_model=Health, responses={503: ERRORS[503]}, summary="Can orders be answered?")
    def ready() -> Health:
        service, prices = loading.service(), None
        if open_desk is not None:
            desk = loading.desk()
            desk.pulse.check()
            desk.policies.check()
            service = desk.policies.active
            if service.scheduled is not None:
                prices = desk.prices.standing(service.scheduled, desk.pricing.now)
        return Health(status="ready", policy=service.policy, bid_prices=prices)

    @app.get("/metrics", response_class=PlainTextResponse, summary="Numbers for Prometheus")
    def metrics() -> Response:
        return Response(told(), media_type=CONTENT_TYPE_LATEST)

    return app
