"""What is refused outside development mode."""

from __future__ import annotations

from dataclasses import dataclass

from scenarios.errors import InputError
from serve.tokens import VARIABLE, Tokens

LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
"""Addresses that nobody else reaches."""

_REMEDY = "correct it, or say --development"


@dataclass(frozen=True, slots=True)
class Exposure:
    """How an endpoint was started, as far as it may be unsafe.

    Attributes:
        host: address that it listens at.
        tokens: who may ask; None: anyone.
        is_kept: whether there is a database, and so an audit log.
        is_request_clock: whether requests state the time.
    """

    host: str
    tokens: Tokens | None
    is_kept: bool
    is_request_clock: bool

    def is_development(self, is_asked_for: bool) -> bool:
        """Whether anything goes: it was asked for, or there are no tokens and nobody else can reach it.

        Raises:
            InputError: neither, and something is unsafe.
        """
        if is_asked_for or (self.tokens is None and self.host in LOCAL):
            return True
        if self.tokens is None:
            expected = f"tokens in {VARIABLE} before others than this machine can ask"
            raise InputError("--host", self.host, expected, "make them with `routelab token`, or say --development")
        if not self.is_kept:
            raise InputError("--database", "none", "a database, which holds the audit log", _REMEDY)
        if self.is_request_clock:
            raise InputError("--clock", "request", "wall: whoever states the time ends others' reservations", _REMEDY)
        return False
