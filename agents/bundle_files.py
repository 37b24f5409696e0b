"""The files of a policy bundle and the manifest that seals them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agents.registry import MANIFEST
from scenarios.errors import InputError

FORMAT = "routelab.bundle"
BUNDLE_SCHEMA = 1
"""Bumped whenever a file of the bundle changes its meaning."""

FILES = (
    "model.onnx",
    "public.json",
    "features.json",
    "plan.json",
    "reference.json",
    "golden.json",
    "provenance.json",
)
"""Of every bundle."""

MORE_FILES = ("pricing.json", "past.npz")
"""Of a bundle whose bid prices are solved on a schedule, see ``agents.dual.pricer_file``."""

_REMEDY = "export the policy again with `routelab export`"


def bundle_error(path: Path, name: str, value: object, expected: str) -> InputError:
    """What is wrong with one file of the bundle."""
    return InputError(f"bundle {path} {name}", value, expected, _REMEDY)


def to_json(value: Any) -> bytes:
    """The one way in which a bundle's JSON files are written."""
    return (json.dumps(value, indent=1, sort_keys=True, allow_nan=False) + "\n").encode()


def manifest_of(contents: Mapping[str, bytes]) -> bytes:
    """The manifest for the contents of all files; it seals itself, too."""
    names = [name for name in (*FILES, *MORE_FILES) if name in FILES or name in contents]
    body = {
        "format": FORMAT,
        "schema_version": BUNDLE_SCHEMA,
        "files": {name: hashlib.sha256(contents[name]).hexdigest() for name in names},
    }
    return to_json({**body, "sha256": hashlib.sha256(to_json(body)).hexdigest()})


def read_sealed(path: Path) -> tuple[dict[str, bytes], str]:
    """Reads all files once and compares them with the manifest.

    Returns:
        Contents by name, and the manifest's SHA-256, which identifies the bundle.

    Raises:
        InputError: a missing, altered or foreign file.
    """
    raw = _read(path, MANIFEST)
    try:
        manifest = json.loads(raw)
        found = (manifest["format"], manifest["schema_version"])
    except (ValueError, KeyError, TypeError) as error:
        raise bundle_error(path, MANIFEST, "unreadable", "the manifest of a policy bundle") from error
    if found != (FORMAT, BUNDLE_SCHEMA):
        raise bundle_error(path, MANIFEST, found, f"{FORMAT} of schema version {BUNDLE_SCHEMA}")
    recorded = manifest.get("files")
    sealed = recorded if isinstance(recorded, dict) else {}
    contents = {name: _read(path, name) for name in (*FILES, *(name for name in MORE_FILES if name in sealed))}
    for name, content in contents.items():
        digest = hashlib.sha256(content).hexdigest()
        if sealed.get(name) != digest:
            raise bundle_error(path, name, f"SHA-256 {digest}", f"the file that {MANIFEST} was written for")
    if raw != manifest_of(contents):
        raise bundle_error(path, MANIFEST, "altered", "the manifest as it was written")
    return contents, str(manifest["sha256"])


def _read(path: Path, name: str) -> bytes:
    try:
        return (path / name).read_bytes()
    except OSError as error:
        raise bundle_error(path, name, error.strerror or "unreadable", "a file of the bundle") from error


def load_json(path: Path, name: str, content: bytes) -> dict[str, Any]:
    """A JSON object of the bundle."""
    try:
        data = json.loads(content)
    except ValueError as error:
        raise bundle_error(path, name, "unreadable", f"JSON ({error})") from error
    if not isinstance(data, dict):
        raise bundle_error(path, name, type(data).__name__, "a JSON object")
    return data
