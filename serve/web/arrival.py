"""What happens to a request before it is read: arrival noted, size and depth bounded; then what came of it."""

from __future__ import annotations

import time
import uuid

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serve.monitoring.logs import begin_notes, pseudonym, write_request
from serve.monitoring.metrics import REQUESTS
from serve.web.depth import MAX_DEPTH, is_too_deep

MAX_BODY_BYTES = 1 << 20


class Arrival:
    """Notes ``scope["received"]`` (``time.perf_counter()``) and refuses bodies too large or too deep, however sent."""

    def __init__(self, app: ASGIApp, max_body_bytes: int = MAX_BODY_BYTES) -> None:
        self._app, self._max_body_bytes = app, max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        scope["received"] = time.perf_counter()
        begin_notes()
        body, status = bytearray(), 0

        async def bounded() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            if len(body) > self._max_body_bytes:
                raise HTTPException(413, f"a body of at most {self._max_body_bytes} bytes")
            if message["type"] == "http.request" and not message.get("more_body", False) and is_too_deep(bytes(body)):
                raise HTTPException(422, f"JSON of at most {MAX_DEPTH} levels")
            return message

        async def noted(message: Message) -> None:
            nonlocal status
            status = message.get("status", status)
            await send(message)

        try:
            await self._app(scope, bounded, noted)
        except Exception:
            status = status or 500  # which is answered outside, where all that nobody expected ends
            raise
        finally:
            if status:
                _tell(scope, status)


def _tell(scope: Scope, status: int) -> None:
    """What came of a request, once its answer is sent: it need not wait for a line of the log."""
    route = scope.get("route")  # its pattern has no ids; what leads nowhere is counted together
    method, path = (scope["method"], route.path_format) if route else ("any", "unknown")
    seconds = time.perf_counter() - scope["received"]
    REQUESTS.labels(method, path, status).observe(seconds)
    actor = {"actor": pseudonym(scope["actor"].name)} if "actor" in scope else {}
    told = {"method": method, "path": path, "status": status, "ms": round(1000 * seconds, 3)}
    write_request(id=uuid.uuid4().hex, **told, **actor)
