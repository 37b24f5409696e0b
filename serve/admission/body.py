"""The body of a request, read whole and in bounded time before the request takes a place that others wait for."""

from __future__ import annotations

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

BODY_SECONDS = 10.0
"""In which a body must have come; at most 1 MiB has to."""


async def read_ahead(receive: Receive) -> Receive | None:
    """Reads all of a body.

    Args:
        receive: bounds the size.

    Returns:
        What gives it again, as one message, and then what comes after it; None if the sender went away.

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
    is_given = False

    async def again() -> Message:
        nonlocal is_given
        if is_given:
            return await receive()
        is_given = True
        return {"type": "http.request", "body": bytes(body), "more_body": False}

    return again
