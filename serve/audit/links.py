"""What ties the chains of the audit log together: each begins with the ends of those that were there before it.

A chain that is removed as a whole is missed by the first rows that name it. Only ends are named that no first row names
already: whoever removes those who name a chain, too, is betrayed by the next one, which names them.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator

from sqlalchemy import Connection, select

from serve.audit.kinds import BEGUN
from serve.storage import tables

Link = tuple[str, int, str]
"""A row of another chain: writer, number and hash."""


def open_ends(tx: Connection, writer: str) -> list[Link]:
    """Ends of the other chains that no first row names yet, in the order of their writers; ``writer`` begins one."""
    head, row, kept = tables.audit_heads.c, tables.audit.c, tables.payloads.c
    first = select(row.writer).where(row.writer.in_(select(head.writer)), row.seq == 1, row.kind == BEGUN)
    begun = select(kept.content).where(kept.writer.in_(first), kept.seq == 1)  # by keys: a join reads all payloads
    named = {link for content in tx.execute(begun).scalars() for link in links_in(content) or ()}
    ends = tx.execute(select(head.writer, head.seq, head.hash).where(head.writer != writer).order_by(head.writer))
    return [end for end in map(_link, ends) if end not in named]


def _link(found: Iterable[object]) -> Link:
    writer, seq, digest = found
    return str(writer), int(str(seq)), str(digest)


def written(links: list[Link]) -> tuple[str, bytes]:
    """Subject and payload of the row that names them."""
    content = json.dumps(links, separators=(",", ":")).encode()
    return hashlib.sha256(content).hexdigest(), content


def links_in(compressed: bytes) -> list[Link] | None:
    """What a stored payload names; None if it cannot be read."""
    try:
        return [_link(found) for found in json.loads(zlib.decompress(compressed))]
    except (zlib.error, ValueError, TypeError):
        return None


def link_complaints(tx: Connection, begun: Iterable[tuple[str, bytes]]) -> Iterator[str]:
    """Rows that first rows name and that are not there, or are others.

    Args:
        tx: a transaction.
        begun: writers of first rows, and their stored payloads.
    """
    row = tables.audit.c
    for writer, content in begun:
        links = links_in(content)
        if links is None:
            yield f"row 1 of writer {writer}: does not say which chains were there before"
            continue
        for other, seq, digest in links:
            found = tx.execute(select(row.hash).where(row.writer == other, row.seq == seq)).scalar()
            if found is None:
                yield f"row {seq} of writer {other}: is gone, but writer {writer} began after it"
            elif found != digest:
                yield f"row {seq} of writer {other}: is another one than when writer {writer} began"
