"""Whether there is a bundle where somebody says so, before anything is said about its files."""

from __future__ import annotations

import os
from pathlib import Path

from agents.registry import MANIFEST
from scenarios.errors import InputError


def check_bundle_folder(key: str, path: str | os.PathLike[str]) -> None:
    """Refuses what is no folder with a manifest; ``agents.bundle.read_bundle`` checks what is in one.

    Args:
        key: what was to name it.
        path: the folder.

    Raises:
        InputError: it does not name a bundle.
    """
    if not (Path(path) / MANIFEST).is_file():
        remedy = "correct the path, or write `routelab export run=RUN bundle=FOLDER`"
        raise InputError(key, str(path), "a folder made by `routelab export`", remedy)
