"""A sound bundle, and how to tamper with a copy of it."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from agents.bundle_files import FILES, manifest_of
from agents.registry import MANIFEST
from tests.policy_bundles import make_bundle


@pytest.fixture(scope="session")
def sound_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of the hand-made policy for ``metro-small``; not to be changed."""
    return make_bundle(tmp_path_factory.mktemp("bundles") / "policy")


@pytest.fixture
def bundle(sound_bundle: Path, tmp_path: Path) -> Path:
    """A copy that may be damaged."""
    return Path(shutil.copytree(sound_bundle, tmp_path / "policy"))


@pytest.fixture
def reseal() -> Callable[[Path], None]:
    """Writes a new manifest, as somebody would who edits a bundle on purpose."""

    def write(folder: Path) -> None:
        (folder / MANIFEST).write_bytes(manifest_of({name: (folder / name).read_bytes() for name in FILES}))

    return write
