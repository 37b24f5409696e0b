"""Tokens of the endpoint: the environment holds their hashes, so that nothing that can be read here opens anything."""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets

from scenarios.errors import InputError
from serve.web.actor import OWN_NAMES, ROLES, Actor

VARIABLE = "ROUTELAB_TOKENS"

_NAME, _DIGEST = re.compile(r"[a-z][a-z0-9._-]{0,63}"), re.compile(r"[0-9a-f]{64}")


class Tokens:
    """Who is who.

    Args:
        text: entries ``NAME:ROLE:SHA256`` with white space or commas between them.

    Raises:
        InputError: an entry that cannot be used; its hash is not shown.
    """

    def __init__(self, text: str) -> None:
        self._actors: dict[bytes, Actor] = {}
        for i, entry in enumerate(text.replace(",", " ").split()):
            key = f"{VARIABLE}[{i}]"
            name, role, digest = entry.split(":") if entry.count(":") == 2 else ("", "", "")
            if not _NAME.fullmatch(name) or not _DIGEST.fullmatch(digest):
                expected = "NAME:ROLE:SHA256, the name in small letters, the hash in 64 hexadecimal digits"
                raise InputError(key, name or "an entry of another form", expected, "make it with `routelab token`")
            if name in OWN_NAMES:
                raise InputError(key, name, "a name that is not the endpoint's own", "choose another name")
            if role not in ROLES:
                raise InputError(f"{key} role", role, "one of " + ", ".join(ROLES), "correct the role")
            if bytes.fromhex(digest) in self._actors:
                raise InputError(key, name, "a token of its own", "make one with `routelab token`")
            self._actors[bytes.fromhex(digest)] = Actor(name, role)
        if not self._actors:
            raise InputError(VARIABLE, "empty", "at least one token", "make one with `routelab token`")

    def find(self, token: str) -> Actor | None:
        """Who has this token. Takes the same time whichever it is."""
        asked, found = digest_of(token), None
        for digest, actor in self._actors.items():
            if hmac.compare_digest(digest, asked):
                found = actor
        return found


def digest_of(token: str) -> bytes:
    """A plain SHA-256: tokens are 256 random bits, which nobody guesses however fast the hash is."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def make_token() -> str:
    """A new one."""
    return secrets.token_urlsafe(32)


def tokens_from_environment() -> Tokens | None:
    """Those of this process; None if the variable is not set."""
    text = os.environ.get(VARIABLE)
    return None if text is None else Tokens(text)
