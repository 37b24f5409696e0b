"""The short way of a plain request: JSON to checked document to thread, past what FastAPI does for every other case.

Whatever is not plain, and whatever does not fit, is handed to FastAPI, which describes the path and words what is wrong
with a request: the short way only ever answers what the long one would have answered alike, in half the time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Any, get_type_hints

from fastapi import Request, Response
from fastapi.routing import APIRoute
from pydantic import BaseModel, ValidationError
from starlette.types import ASGIApp, Message, Receive, Scope, Send

_THREADS = ThreadPoolExecutor(64, "short way")
"""More than decisions may be in flight by default; more of them wait here."""

MOST_KEY = 255
"""Characters of an ``Idempotency-Key``."""


class ShortWay:
    """Middleware right before FastAPI's own.

    Args:
        app: the long way.
        route: of an endpoint ``(request: document, who, http, key) -> Response`` that is not a coroutine.
        handlers: the application's, by kind of exception.
    """

    def __init__(self, app: ASGIApp, route: APIRoute, handlers: Mapping[Any, Callable[..., Any]]) -> None:
        self._app, self._route, self._handlers = app, route, handlers
        self._document: type[BaseModel] = get_type_hints(route.endpoint)["request"]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers what is plain, and passes on the rest."""
        if scope["type"] != "http" or scope["path"] != self._route.path or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        message = await receive()
        plain = None if message.get("more_body", False) else self._plain(scope, message.get("body", b""))
        if plain is None:
            await self._app(scope, _again(message, receive), send)
            return
        scope["route"] = self._route
        http = Request(scope)
        try:
            # in the request's context, in which its line of the log is made
            act = partial(copy_context().run, self._route.endpoint, plain[0], scope["actor"], http, plain[1])
            answer: Response = await asyncio.get_running_loop().run_in_executor(_THREADS, act)
        except Exception as error:
            handler = next((self._handlers[kind] for kind in type(error).__mro__ if kind in self._handlers), None)
            if handler is None or handler is self._handlers.get(Exception):
                raise
            answer = handler(http, error)
        await answer(scope, receive, send)

    def _plain(self, scope: Scope, body: bytes) -> tuple[Any, str | None] | None:
        """Document and key of a request that is as requests should be; None of any other."""
        keys = [value for name, value in scope["headers"] if name == b"idempotency-key"]
        types = [value for name, value in scope["headers"] if name == b"content-type"]
        if types != [b"application/json"] or len(keys) > 1 or (keys and not 0 < len(keys[0]) <= MOST_KEY):
            return None
        try:
            asked = self._document.model_validate_json(body)
        except ValidationError:
            return None
        return asked, keys[0].decode("latin-1") if keys else None


def _again(message: Message, receive: Receive) -> Receive:
    """Gives a message that was received once more, and then what comes after it."""
    given = [message]

    async def receive_again() -> Message:
        return given.pop() if given else await receive()

    return receive_again
