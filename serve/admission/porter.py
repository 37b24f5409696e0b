"""The porter: turns away at once what the endpoint could not answer in time, so that what it lets in stays fast."""

from __future__ import annotations

import math
import time

from fastapi import Response
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Receive, Scope, Send

from scenarios.errors import InputError
from serve.admission.body import Body, read_ahead
from serve.admission.bucket import Bucket, Buckets
from serve.admission.limits import Limits
from serve.admission.line import Line
from serve.monitoring.metrics import REFUSED
from serve.storage.retry import NoTurn
from serve.web.actor import ANYONE
from serve.web.errors import error_response, http_response
from serve.web.guard import OPEN

FREE = OPEN | {"/metrics"}
"""Paths that no limit holds for: who looks after an endpoint must see it when it is busiest."""


class Porter:
    """Middleware behind the guard, which has found out who asks.

    Args:
        app: what is to be protected.
        limits: how much is let in.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app, self._limits, burst = app, limits, limits.burst_seconds
        self._line = Line(limits.in_flight, limits.waiting)
        self._clients = Buckets(limits.client_rate, burst * limits.client_rate) if limits.client_rate else None
        rate = limits.decision_rate
        self._decisions = Bucket(rate, burst * rate, time.monotonic()) if rate else None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Lets in, lets wait, or turns away."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        is_decision = _decides(scope)
        refusal = None if scope["path"] in FREE else self._refusal(scope, is_decision)
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        try:
            body = await read_ahead(receive)  # who sends slowly takes nobody's place, and stays for so long only
        except HTTPException as error:  # here the application's handlers do not see it
            await http_response(scope["method"], scope["path"], error)(scope, receive, send)
            return
        if body is None:
            return
        if not is_decision:
            await self._app(scope, body.again, send)
            return
        if self._line.is_full():  # by those who came meanwhile
            await self._full()(scope, receive, send)
            return
        late = await self._turn(scope, body)
        if late is not None:
            await late(scope, receive, send)
            return
        try:
            await self._app(scope, body.again, send)
        finally:
            self._line.leave()

    async def _turn(self, scope: Scope, body: Body) -> Response | None:
        """Waits for this one's turn, but not beyond its deadline; then it says so."""
        deadline_ms = None if self._line.is_free() else body.deadline_ms()
        if deadline_ms is None:
            await self._line.enter()
            return None
        seconds = scope["received"] + deadline_ms / 1000 - time.perf_counter()
        try:
            await self._line.enter(seconds)
        except TimeoutError:
            detail = NoTurn(deadline_ms, seconds).counted().detail
            return error_response(503, detail, {"Retry-After": "1"})
        return None

    def _refusal(self, scope: Scope, is_decision: bool) -> Response | None:
        now = time.monotonic()
        if self._clients is not None:
            wait = self._clients.take(client_of(scope), now)
            if wait:
                return _refuse(429, "client rate", f"at most {self._limits.client_rate:g} requests a second", wait)
        if not is_decision:
            return None
        if self._line.is_full():
            return self._full()
        if self._decisions is not None:
            wait = self._decisions.take(now)
            if wait:
                return _refuse(429, "decision rate", f"at most {self._limits.decision_rate:g} decisions a second", wait)
        return None

    def _full(self) -> Response:
        return _refuse(503, "queue", f"at most {self._limits.waiting} decisions that wait", 1.0)


def client_of(scope: Scope) -> str:
    """Whose rate counts: the token's name, or the address of who has none."""
    actor = scope["actor"]
    if actor is not ANYONE:
        return f"token {actor.name}"
    return f"address {scope['client'][0]}" if scope.get("client") else "unknown"


def _decides(scope: Scope) -> bool:
    path = scope["path"]
    return scope["method"] == "POST" and (path == "/v1/decisions" or path.endswith("/redecide"))


def _refuse(status: int, limit: str, expected: str, wait: float) -> Response:
    """In the one error schema, with the whole seconds after which it is worth trying again."""
    REFUSED.labels(limit.replace(" ", "_")).inc()
    seconds = max(1, math.ceil(wait))
    detail = InputError(limit, "used up", expected, f"send it again after {seconds} s")
    return error_response(status, detail, {"Retry-After": str(seconds)})
