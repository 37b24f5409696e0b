"""Names that others gave, as parts of paths: ``{order_id:name}`` is all of an id like ``2026/0001``.

A server tells a path with ``%2F`` as it tells one with ``/``, so such a part reaches over slashes, to what follows it
or to the end. A path that changes something ends in what is done; one that only looks ends in the name itself, or in a
word that ``check_last_word`` keeps names from.
"""

from __future__ import annotations

from urllib.parse import quote

from starlette.convertors import Convertor, register_url_convertor

from scenarios.errors import InputError


class _NameConvertor(Convertor[str]):
    """Any text, but not none; other than the framework's ``path`` with line breaks, too."""

    regex = r"[\s\S]+"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return in_path(value)


def know_names() -> None:
    """Makes ``{...:name}`` known to paths that are added from now on."""
    register_url_convertor("name", _NameConvertor())


def in_path(name: str) -> str:
    """A name as one part of a path, whatever characters it has; dots alone would be taken for directions."""
    return quote(name, safe="") if name.strip(".") else "%2E" * len(name)


def check_last_word(key: str, name: str, word: str) -> None:
    """Refuses a name whose path would be that of something else.

    Args:
        key: of the name.
        name: that is to be kept.
        word: that ends a path below a name.

    Raises:
        InputError: it ends in that word after a slash.
    """
    if name.endswith(f"/{word}"):
        raise InputError(key, name, f"a name that does not end in /{word}", "choose another name")
