"""What a client makes of an answer: a document, or the endpoint's one error schema as an exception."""

from __future__ import annotations

from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from scenarios.errors import InputError
from serve.web.errors import ErrorAnswer

Answer = TypeVar("Answer", bound=BaseModel)


class EndpointError(InputError):
    """The endpoint refused, or did not answer: its one error schema as an exception.

    Attributes:
        status: of the answer; 0 if there was none.
    """

    def __init__(self, key: str, value: object, expected: str, remedy: str, status: int = 0) -> None:
        super().__init__(key, value, expected, remedy)
        self.status = status


def read_answer(answer: httpx.Response, kind: type[Answer]) -> Answer:
    """The document that was answered.

    Raises:
        EndpointError: it is not one of this endpoint.
    """
    try:
        return kind.model_validate_json(answer.content)
    except ValidationError as error:
        raise foreign(answer) from error


def refusal(answer: httpx.Response) -> EndpointError:
    """What an answer from 400 on says, to be raised."""
    try:
        told = ErrorAnswer.model_validate_json(answer.content).error
    except ValidationError:
        return foreign(answer)
    return EndpointError(told.key, told.value, told.expected, told.remedy, answer.status_code)


def foreign(answer: httpx.Response) -> EndpointError:
    """That an answer is not one of this endpoint, to be raised."""
    what = f"{answer.status_code} from {answer.request.url.path}"
    return EndpointError("endpoint", what, "an answer of routelab's endpoint", "correct the URL", answer.status_code)


def retry_after(answer: httpx.Response) -> float:
    """Seconds to wait at least; dates, which this endpoint never sends, count as none."""
    try:
        return max(0.0, float(answer.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0
