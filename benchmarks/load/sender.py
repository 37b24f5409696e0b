"""Sends requests at given moments, however slow the answers are, and notes how long each took from its moment."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass

LEAST_CONNECTIONS, MOST_CONNECTIONS = 16, 256
"""Kept open from the start, as a shop's pool does, so that the kernel can spread them over processes; beyond the most a
request waits, and its waiting counts."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What became of one request.

    Attributes:
        due: seconds after the start at which it was to be sent.
        seconds: from then to the whole answer.
        status: of the answer; 0 without one.
        retry_after: the header; None without it.
        body: of the answer, if it is not a decision or the sender keeps all.
        decision_id: of the decision, if it is one.
    """

    due: float
    seconds: float
    status: int
    retry_after: str | None = None
    body: bytes = b""
    decision_id: str | None = None


class _Connection(asyncio.Protocol):
    """One connection kept alive, one request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._length, self._start = -1, 0
        self._transport: asyncio.Transport | None = None
        self.answer: asyncio.Future[tuple[bytes, bytes]] | None = None

    @property
    def is_open(self) -> bool:
        """Whether another request can be sent."""
        return self._transport is not None and not self._transport.is_closing()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def ask(self, request: bytes) -> asyncio.Future[tuple[bytes, bytes]]:
        """Head and body of the answer."""
        assert self._transport is not None
        self._received.clear()
        self._length = -1
        self.answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self.answer

    def data_received(self, data: bytes) -> None:
        """Answers end where their Content-Length says."""
        received = self._received
        received += data
        if self._length < 0:
            end = received.find(b"\r\n\r\n")
            if end < 0:
                return
            self._start = end + 4
            self._length = int(_header(bytes(received[:end]), b"content-length") or b"0")
        if len(received) >= self._start + self._length and self.answer is not None:
            answer, self.answer = self.answer, None
            answer.set_result((bytes(received[: self._start]), bytes(received[self._start :])))

    def connection_lost(self, error: Exception | None) -> None:
        """It was closed; who waits is told."""
        self._transport = None
        if self.answer is not None and not self.answer.done():
            self.answer.set_exception(error or ConnectionResetError())


def _header(head: bytes, name: bytes) -> bytes | None:
    for line in head.split(b"\r\n")[1:]:
        key, _, value = line.partition(b":")
        if key.lower() == name:
            return value.strip()
    return None


class Sender:
    """Sends the bodies of an iterator to one path.

    Args:
        port: of an endpoint on this machine.
        path: that the bodies are posted to.
        bodies: JSON.
        keeps_bodies: of decisions, too.
    """

    def __init__(self, port: int, path: str, bodies: Iterator[bytes], keeps_bodies: bool = False) -> None:
        self._port, self._bodies, self._keeps_bodies = port, bodies, keeps_bodies
        self._head = f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n".encode()
        self._free: deque[_Connection] = deque()
        self._room = asyncio.Semaphore(MOST_CONNECTIONS)

    async def send(self, rate: float, seconds: float) -> list[Reply]:
        """Sends at an even rate for some seconds, and waits for all answers."""
        self._free += [await self._made() for _ in range(LEAST_CONNECTIONS - len(self._free))]
        began, sent = time.perf_counter(), []
        for number in range(round(rate * seconds)):
            due = number / rate
            ahead = began + due - time.perf_counter()
            if ahead > 0:
                await asyncio.sleep(ahead)
            sent.append(asyncio.ensure_future(self._one(began, due, next(self._bodies))))
        return list(await asyncio.gather(*sent))

    async def _one(self, began: float, due: float, body: bytes) -> Reply:
        request = self._head + b"Content-Length: %d\r\n\r\n" % len(body) + body
        async with self._room:
            try:
                connection = await self._connection()
                head, content = await connection.ask(request)
            except OSError:
                return Reply(due, time.perf_counter() - began - due, 0)
            self._free.append(connection)
        seconds, status = time.perf_counter() - began - due, int(head[9:12])
        if status != 200:
            retry_after = _header(head, b"retry-after")
            return Reply(due, seconds, status, None if retry_after is None else retry_after.decode(), content)
        _, mark, rest = content.partition(b'"decision_id":"')
        decision_id = rest[: rest.find(b'"')].decode() if mark else None
        return Reply(due, seconds, status, None, content if self._keeps_bodies else b"", decision_id)

    async def _connection(self) -> _Connection:
        while self._free:
            connection = self._free.popleft()  # all in turn, so that each process gets its share
            if connection.is_open:
                return connection
        return await self._made()

    async def _made(self) -> _Connection:
        _, made = await asyncio.get_running_loop().create_connection(_Connection, "127.0.0.1", self._port)
        return made
