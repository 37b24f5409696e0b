"""How deep the brackets of a JSON text are nested, found out without reading it."""

from __future__ import annotations

import re

MAX_DEPTH = 32
"""Three times what any request needs."""

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)
"""Ends with the text, too, so that a missing quote does not make it look for others, again and again."""

_ONE_KIND = bytes.maketrans(b"{}", b"[]")
_NO_BRACKET = bytes(set(range(256)) - set(b"[]{}"))


def is_too_deep(text: bytes) -> bool:
    """Whether brackets are nested deeper than ``MAX_DEPTH``; in linear time, whatever the text is."""
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH:
        return False
    rest = _STRING.sub(b"", text).translate(_ONE_KIND, _NO_BRACKET)
    for _ in range(MAX_DEPTH):  # each round takes away the innermost pairs
        rest = rest.replace(b"[]", b"")
    return b"[]" in rest or rest.count(b"[") > MAX_DEPTH
