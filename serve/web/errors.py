"""One error schema for everything that goes wrong."""

from __future__ import annotations

import json
import logging
from http import HTTPStatus
from typing import Any, get_args

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from sqlalchemy.exc import DataError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException

from agents.documents import field_error
from scenarios.errors import InputError
from serve.audit.log import Altered
from serve.orders.event import AnyEvent
from serve.orders.order import Conflict, NotFound
from serve.storage.postgres_server import Unacknowledged
from serve.storage.retry import Contended
from serve.web.actor import Forbidden

_log = logging.getLogger(__name__)
_LONGEST_VALUE = 200

_KINDS = frozenset(get_args(event.model_fields["kind"].annotation)[0] for event in get_args(get_args(AnyEvent)[0]))
"""What the checker of requests puts into the path of a field of an event; the sender's path has it not."""

_EXPECTED = {  # status: expectation and remedy, where the framework only says what went wrong
    400: ("a body of JSON in UTF-8", "send valid JSON"),
    404: ("a path of this service", "see /docs"),
    405: ("a method that this path has", "see /docs"),
}


class ErrorDetail(BaseModel):
    """What is wrong and what to do."""

    key: str = Field(description="the field, such as order.lines[0].units")
    value: Any = Field(description="what was given, shortened")
    expected: str
    remedy: str


class ErrorAnswer(BaseModel):
    """The body of every answer with status 400 or above."""

    error: ErrorDetail


def error_response(status: int, error: InputError, headers: dict[str, str] | None = None) -> Response:
    """An answer in the error schema; any value, even NaN or broken text, becomes valid JSON."""
    detail = {"key": error.key, "value": _plain(error.value), "expected": error.expected, "remedy": error.remedy}
    content = json.dumps({"error": detail}, allow_nan=False, ensure_ascii=True)
    return Response(content, status, headers, media_type="application/json")


def http_response(method: str, path: str, error: HTTPException) -> Response:
    """An answer in the error schema to what the framework, or a reader of bodies, refuses."""
    expected, remedy = _EXPECTED.get(error.status_code, (str(error.detail), "correct the request"))
    detail = InputError(f"{method} {path}", error.status_code, expected, remedy)
    return error_response(error.status_code, detail, dict(error.headers or {}))


def _plain(value: object) -> object:
    """The value itself if it is short and valid JSON, else a shortened text of it."""
    if value is None or isinstance(value, bool | int):
        text = str(value)
        return value if len(text) <= 20 else text[:_LONGEST_VALUE]
    if isinstance(value, float):
        return value if abs(value) < 1e300 else str(value)  # false for NaN
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 1] + "…"


def add_error_handlers(app: FastAPI) -> None:
    """Gives every failure of ``app`` the same form."""

    @app.exception_handler(InputError)
    def refuse(request: Request, error: InputError) -> Response:
        return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, error)

    @app.exception_handler(RequestValidationError)
    def refuse_shape(request: Request, error: RequestValidationError) -> Response:
        first = error.errors()[0]
        if isinstance(first.get("input"), bytes):  # the body was not even looked at
            given = request.headers.get("content-type", "none")
            detail = InputError("header Content-Type", given, "application/json", "send this header with the JSON body")
            return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, detail)
        path = [part for part in first["loc"] if part not in _KINDS]
        if first["type"].startswith("union_tag"):  # the checker names the event, whose kind it does not know
            path, first = [*path, "kind"], {**first, "input": first["input"].get("kind")}
        return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, field_error({**first, "loc": path}, skip=("body",)))

    @app.exception_handler(HTTPException)
    def refuse_http(request: Request, error: HTTPException) -> Response:
        return http_response(request.method, request.url.path, error)

    @app.exception_handler(NotFound)
    def miss(request: Request, error: NotFound) -> Response:
        kind, name = error.args
        return error_response(HTTPStatus.NOT_FOUND, InputError(kind, name, f"the id of a kept {kind}", "correct it"))

    @app.exception_handler(Conflict)
    def disagree(request: Request, error: Conflict) -> Response:
        return error_response(HTTPStatus.CONFLICT, error.detail)

    @app.exception_handler(Altered)
    def distrust(request: Request, error: Altered) -> Response:
        return error_response(HTTPStatus.CONFLICT, error.detail)

    @app.exception_handler(Forbidden)
    def forbid(request: Request, error: Forbidden) -> Response:
        return error_response(HTTPStatus.FORBIDDEN, error.detail)

    @app.exception_handler(Contended)
    def give_up(request: Request, error: Contended) -> Response:
        return error_response(HTTPStatus.SERVICE_UNAVAILABLE, error.detail, {"Retry-After": "1"})

    @app.exception_handler(DataError)
    def refuse_data(request: Request, error: DataError) -> Response:
        where = f"{request.method} {request.url.path}"
        detail = InputError(where, "text or a number", "what a database can hold: no zero characters", "correct the id")
        return error_response(HTTPStatus.UNPROCESSABLE_ENTITY, detail)

    @app.exception_handler(Unacknowledged)
    def leave_open(request: Request, error: Unacknowledged) -> Response:
        _log.error("the database went away in a commit")
        where = f"{request.method} {request.url.path}"
        remedy = "look how it stands; what has a key or an id of its own may be sent again"
        detail = InputError(where, "may be kept", "a database that says so", remedy)
        return error_response(HTTPStatus.GATEWAY_TIMEOUT, detail, {"Retry-After": "1"})

    @app.exception_handler(OperationalError)
    @app.exception_handler(InterfaceError)
    @app.exception_handler(PoolTimeout)
    def wait_for_database(request: Request, error: Exception) -> Response:
        _log.error("the database is away: %s", type(error).__name__)
        detail = InputError("database", "away", "a database", "send it again: nothing was kept")
        return error_response(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "1"})

    @app.exception_handler(Exception)
    def confess(request: Request, error: Exception) -> Response:
        detail = InputError("server", type(error).__name__, "an answer", "report this, with the request that caused it")
        return error_response(HTTPStatus.INTERNAL_SERVER_ERROR, detail)
