"""The body of a request, read whole and in bounded time before the request takes a place that others wait for."""

from __future__ import annotations

import asyncio
import re

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

BODY_SECONDS = 10.0
"""In which a body must have come; at most 1 MiB has to."""


_NAME = b'"deadline_ms"'
_STATED = re.compile(_NAME + rb"\s*:\s*([0-9.eE+-]+)")


class Body:
    """One that has come.

    Args:
        content: all of it.
        receive: what comes after it.
    """

    def __init__(self, content: bytes, receive: Receive) -> None:
        self.content = content
        self._receive, self._is_given = receive, False

    async def again(self) -> Message:
        """The body as one message, and then what comes after it."""
        if self._is_given:
            return await self._receive()
        self._is_given = True
        return {"type": "http.request", "body": self.content, "more_body": False}

    def deadline_ms(self) -> float | None:
        """The ``deadline_ms`` that it states, found without reading all else; what cannot be one counts as none.

        Nothing hangs on a name that is written otherwise, or in the wrong place: its turn only comes later, and then
        all is read.
        """
        if _NAME not in self.content:
            return None
        try:
            return next((ms for ms in map(float, _STATED.findall(self.content)[-1:]) if ms > 0), None)
        except ValueError:
            return None


async def read_ahead(receive: Receive) -> Body | None:
    """Reads all of a body.

    Args:
        receive: bounds the size.

    Returns:
        The body; None if the sender went away.

    Raises:
        HTTPException: 408, it did not come in time; or what ``receive`` raises.
    """
    body, is_whole = bytearray(), False
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while not is_whole:
                message = await receive()
                if message["type"] == "http.disconnect":
                    return None
                body += message.get("body", b"")
                is_whole = not message.get("more_body", False)
    except TimeoutError as error:
        detail = f"the whole body within {BODY_SECONDS:g} s"
        raise HTTPException(408, detail, {"Connection": "close"}) from error
    return Body(bytes(body), receive)
