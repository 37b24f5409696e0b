"""What every test shares: one thread, no screen, repeatable properties, fresh processes, real data."""

from __future__ import annotations

import os

# Before numpy and matplotlib are imported by a test.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

import routelab

ROOT = Path(__file__).resolve().parent.parent

# The first example compiles the rules, so no deadline; the same examples on every machine.
settings.register_profile("routelab", deadline=None, derandomize=True)
settings.load_profile("routelab")


@pytest.fixture(scope="session")
def repository() -> Path:
    """The folder that holds ``pyproject.toml``."""
    return ROOT


@pytest.fixture(scope="session")
def fresh_process() -> Callable[..., str]:
    """Runs Python code in a new interpreter at the repository root and returns its standard output."""

    def run(code: str, *arguments: str, **environment: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code, *arguments],
            cwd=ROOT,
            env={**os.environ, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def refused(capsys, monkeypatch) -> Callable[..., str]:
    """Runs a command that must be refused in one line, and returns that line."""
    monkeypatch.delenv("ROUTELAB_DEBUG", raising=False)

    def run(*arguments: str) -> str:
        assert routelab.main(list(arguments)) == 2
        words = capsys.readouterr().err
        assert words.startswith("routelab: ")
        assert words.count("\n") == 1
        return words

    return run


@pytest.fixture(scope="session")
def real_data() -> Path:
    """The folder with the public data sets, from ROUTELAB_DATA; the test is skipped without it."""
    folder = Path(os.environ.get("ROUTELAB_DATA") or "unset")
    if not folder.is_dir():
        pytest.skip("set ROUTELAB_DATA to a folder that holds olist_sample/ and the like")
    return folder
