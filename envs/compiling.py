"""How rules are compiled: numba, cached across processes, never stale.

numba's own cache looks only at the file of the cached function, not at the files of its callees, so
the cache directory carries a hash of every rule source in its name. ``NUMBA_DISABLE_JIT=1`` runs the
very same code uncompiled, for debugging.
"""

from __future__ import annotations

import hashlib
import os
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numba

_ROOT = Path(__file__).resolve().parent
_SHARED = ("network.py", "trace.py", "handling.py")


def rule_sources(root: Path = _ROOT) -> list[Path]:
    """Files whose text can change compiled code: all of ``envs`` and the shared array layouts."""
    shared = [root.parent / "scenarios" / name for name in _SHARED]
    return sorted(root.glob("*.py")) + [path for path in shared if path.exists()]


def source_hash(root: Path = _ROOT) -> str:
    """Hash over names and texts of all rule sources."""
    digest = hashlib.sha256(numba.__version__.encode())
    for path in rule_sources(root):
        digest.update(path.name.encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def cache_directory() -> Path:
    """``$ROUTELAB_CACHE`` or the user's cache folder, one subfolder per state of the sources."""
    base = os.environ.get("ROUTELAB_CACHE")
    if base is None:
        base = os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "routelab")
    return Path(base) / f"numba-{source_hash()}"


@cache
def tell_of_compiling() -> None:
    """Says on standard error, once a process, that rules will be compiled, unless the cache has them."""
    if not any(cache_directory().rglob("decisions.make_table*.nbi")):
        print("routelab: compiling the rules, about a minute, once for this state of the sources", file=sys.stderr)


numba.config.CACHE_DIR = str(cache_directory())  # type: ignore[attr-defined]

numba.config.OPT = type(numba.config.OPT)(1)  # type: ignore[attr-defined]
"""LLVM's first level: half the compile time of its third, and rules that are, measured, at least as fast."""

_njit: Any = numba.njit  # its published types do not know ``no_cpython_wrapper``

compiled = numba.njit(cache=True)
"""Decorator of every rule."""

internal = _njit(cache=True, no_cpython_wrapper=True)
"""Decorator of rules that only compiled rules call: unpacking Python's arrays would double their compile time."""

inlined = numba.njit(cache=True, forceinline=True)
"""Decorator of small rules on the path of every option: a call would copy all array headers of its groups."""

woven = _njit(cache=True, forceinline=True, no_cpython_wrapper=True)
"""Decorator of small rules inside the loops of plan enumeration that only compiled rules call: inlined and internal."""
