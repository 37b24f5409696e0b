"""Where a result comes from: commit, package versions, machine."""

from __future__ import annotations

import platform
import re
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from envs.compiling import source_hash

ROOT = Path(__file__).resolve().parent.parent
NO_CHECKOUT = "not a checkout"


def provenance() -> dict[str, Any]:
    """Facts that a record carries, as JSON."""
    return {
        "routelab": _version("routelab"),
        "rules": source_hash(),
        "git": git_state(ROOT),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "processor": processor(),
        "packages": package_versions(),
        "started_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def git_state(root: Path) -> dict[str, Any]:
    """Commit and whether files differ from it; ``not a checkout`` outside one or without git."""
    commit = git(root, "rev-parse", "HEAD")
    top = git(root, "rev-parse", "--show-toplevel")
    if not commit or not top or Path(top).resolve() != root.resolve():
        return {"commit": NO_CHECKOUT, "is_dirty": None}
    return {"commit": commit, "is_dirty": bool(git(root, "status", "--porcelain"))}


def git(root: Path, *arguments: str) -> str:
    """What a git command prints; nothing if it fails or git is not there."""
    try:
        done = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=True, timeout=30)
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()


def package_versions() -> dict[str, str]:
    """Installed versions of the packages that routelab asks for."""
    try:
        names = [re.split(r"[^A-Za-z0-9_.-]", text)[0] for text in requires("routelab") or () if "extra" not in text]
    except PackageNotFoundError:  # run from its folder without being installed
        names = ["gymnasium", "numba", "numpy", "onnxruntime", "scipy", "simpy", "stable-baselines3", "torch"]
    return {name: _version(name) for name in sorted(names)}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def processor() -> str:
    """Name of the processor as the operating system gives it."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()
