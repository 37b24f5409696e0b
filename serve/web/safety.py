"""What is refused outside development mode."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from scenarios.errors import InputError
from serve.web.tokens import VARIABLE, Tokens

LOCAL = frozenset({"127.0.0.1", "::1", "localhost"})
"""Addresses that nobody else reaches."""

_PASSED_ON = frozenset({b"forwarded", b"via", b"x-real-ip"})
"""Headers with which a proxy says whom it asks for, beside those that begin with ``x-forwarded-``."""

_OWN_PAGES = frozenset({b"same-origin", b"none"})
"""What browsers say of requests that a page of this endpoint makes, such as ``/docs``, or their user; another port of
this machine would be ``same-site``, and anything may be served there."""

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


def check_near(headers: Iterable[tuple[bytes, bytes]]) -> None:
    """Refuses what a proxy has passed on, as far as it says so, what was meant for another machine, and what a browser
    was told to ask by a page that is not this endpoint's.

    Args:
        headers: names in small letters, and values.

    Raises:
        InputError: names the header.
    """
    num_hosts = 0
    for name, value in headers:
        if name == b"host":
            num_hosts += 1
            if _name_in(value) not in LOCAL:
                raise _afar("host", value)
        elif name == b"origin" and _name_in(value.partition(b"//")[2]) not in LOCAL:
            raise _foreign("origin", value)
        elif name == b"sec-fetch-site" and value.strip().lower() not in _OWN_PAGES:
            raise _foreign("sec-fetch-site", value)
        elif name in _PASSED_ON or name.startswith(b"x-forwarded-"):
            raise _afar(name.decode("latin-1"), value)
    if num_hosts != 1:
        raise _afar("host", b"%d of them" % num_hosts)


def _name_in(host: bytes) -> str:
    """Without the port; an address of IPv6 without its brackets."""
    text = host.decode("latin-1").strip().lower()
    return text[1:].partition("]")[0] if text.startswith("[") else text.partition(":")[0]


def _afar(name: str, value: bytes) -> InputError:
    expected = "a request from this machine: without tokens anyone may ask for anything"
    return InputError(f"header {name}", value.decode("latin-1"), expected, f"start the endpoint with {VARIABLE}")


def _foreign(name: str, value: bytes) -> InputError:
    expected = "a request of a program, or of a page of this endpoint: without tokens any page could ask for anything"
    remedy = f"ask from /docs or a program, or start the endpoint with {VARIABLE}"
    return InputError(f"header {name}", value.decode("latin-1"), expected, remedy)
