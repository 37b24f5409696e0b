"""Nested documents, changed in one place."""

from __future__ import annotations

from typing import Any


def put(document: dict[str, Any], path: str, value: Any) -> None:
    """Sets one field of a nested document by its path."""
    *parts, last = path.replace("[", ".[").split(".")
    for part in parts:
        document = document[int(part[1:-1])] if part.startswith("[") else document[part]
    document[last] = value
