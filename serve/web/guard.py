"""The door: who asks is found out before anything of a request is read, and whoever may not ask is turned away."""

from __future__ import annotations

from fastapi import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from scenarios.errors import InputError
from serve.web.actor import ANYONE, Actor, Forbidden, Role
from serve.web.errors import error_response
from serve.web.safety import check_near
from serve.web.tokens import Tokens

OPEN = frozenset({"/health/live", "/health/ready", "/docs", "/openapi.json"})
"""Paths that tell nothing of orders and change nothing."""


class Guard:
    """Sets ``scope["actor"]``. To look takes a viewer, to change anything a planner; some paths ask for more.

    Args:
        app: what is behind the door.
        tokens: who is who; None: development mode, anyone may do anything; see ``Near``, too.
    """

    def __init__(self, app: ASGIApp, tokens: Tokens | None = None) -> None:
        self._app, self._tokens = app, tokens

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what may pass."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            refusal = self._refusal(scope)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Response | None:
        if self._tokens is None:
            scope["actor"] = ANYONE
            return None
        actor = self._actor(scope, self._tokens)
        if actor is None:
            detail = InputError(
                "header Authorization", "no known token", "Bearer and a token", "send a token of this endpoint"
            )
            return error_response(401, detail, {"WWW-Authenticate": "Bearer"})
        role: Role = "viewer" if scope["method"] in ("GET", "HEAD", "OPTIONS") else "planner"
        try:
            actor.check(role)
        except Forbidden as error:
            return error_response(403, error.detail)
        scope["actor"] = actor
        return None

    @staticmethod
    def _actor(scope: Scope, tokens: Tokens) -> Actor | None:
        sent = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(sent) != 1:
            return None
        kind, _, token = sent[0].decode("latin-1").partition(" ")
        return tokens.find(token.strip()) if kind.lower() == "bearer" else None


class Near:
    """Lets in what programs of this machine ask, where there are no tokens and nobody has said that others may ask.

    Args:
        app: what is behind it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes on what may pass."""
        if scope["type"] == "http" and scope["path"] not in OPEN:
            try:
                check_near(scope["headers"])
            except InputError as error:
                await error_response(403, error)(scope, receive, send)
                return
        await self._app(scope, receive, send)
