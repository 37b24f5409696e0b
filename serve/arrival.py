"""What happens to a request before it is read: its arrival is noted and its size is bounded; then how long it took."""

from __future__ import annotations

import time

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.metrics import REQUESTS

MAX_BODY_BYTES = 1 << 20


class Arrival:
    """Notes ``scope["received"]`` (``time.perf_counter()``) and refuses bodies above a size, however they are sent."""

    def __init__(self, app: ASGIApp, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._app, self._max_body_bytes = app, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["received"] = time.perf_counter()
        num_bytes = 0

        async def bounded() -> Message:
            nonlocal num_bytes
            message = await receive()
            num_bytes += len(message.get("body", b""))
            if num_bytes > self._max_body_bytes:
                raise HTTPException(413, f"a body of at most {self._max_body_bytes} bytes")
            return message

        async def noted(message: Message) -> None:
            await send(message)
            if message["type"] == "http.response.start":
                route = scope.get("route")  # its pattern has no ids; what leads nowhere is counted together
                labels = (scope["method"], route.path) if route else ("any", "unknown")
                REQUESTS.labels(*labels, message["status"]).observe(time.perf_counter() - scope["received"])

        await self._app(scope, bounded, noted)
