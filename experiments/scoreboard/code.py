"""What code decides a result: a hash over a module and all that it imports, so that nothing stale is reused.

Comments and docstrings decide nothing and are left out, so a better word does not cost hours of training.
"""

from __future__ import annotations

import ast
import hashlib
import re
from functools import lru_cache
from pathlib import Path

import numba

from experiments.provenance import ROOT

_LAYOUTS = ("scenarios.network", "scenarios.trace", "scenarios.handling")
_MODULE = re.compile(r"[a-z_]+(\.[a-z_]+)+$")


def code_hash(modules: tuple[str, ...], rooms: tuple[str, ...] = ("agents",), root: Path = ROOT) -> str:
    """Hash over the code of modules and of all that they import from some rooms, lazily or not.

    Args:
        modules: names such as ``agents.dual.router``.
        rooms: top-level packages, or single modules of others, that are followed.
        root: the folder that holds them.
    """
    return _hash_of(tuple(sorted(modules)), tuple(sorted(rooms)), root)


RULES = ("envs.simulation", *_LAYOUTS)
"""Whence the world's reaction is found: the clocks with all their rules, and the array layouts."""


def rules_hash() -> str:
    """Hash over the rules that a simulation plays by, and over numba's version, which compiles them."""
    return code_hash(RULES, ("envs", *_LAYOUTS)) + numba.__version__


@lru_cache(maxsize=64)
def _hash_of(modules: tuple[str, ...], rooms: tuple[str, ...], root: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(_closure(modules, rooms, root)):
        content = path.read_bytes()
        digest.update(path.relative_to(root).as_posix().encode() + b"\0")
        digest.update(_read(content)[1].encode() if path.suffix == ".py" else content)
    return digest.hexdigest()[:16]


def _closure(modules: tuple[str, ...], rooms: tuple[str, ...], root: Path) -> set[Path]:
    """Files of the modules, and data files that lie beside them."""
    found: set[Path] = set()
    waiting = list(modules)
    while waiting:
        path = _file_of(waiting.pop(), rooms, root)
        if path is None or path in found:
            continue
        found.add(path)
        waiting += _read(path.read_bytes())[0]
    data = {
        file
        for folder in {path.parent for path in found}
        for file in folder.iterdir()
        if file.is_file() and file.suffix in (".csv", ".json", ".yaml")
    }
    return found | data


def _file_of(module: str, rooms: tuple[str, ...], root: Path) -> Path | None:
    """Its file; None outside the rooms, and for a name in a module that is no module."""
    if module not in rooms and module.partition(".")[0] not in rooms:
        return None
    path = root.joinpath(*module.split("."))
    return next((file for file in (path.with_suffix(".py"), path / "__init__.py") if file.is_file()), None)


@lru_cache(maxsize=1024)
def _read(source: bytes) -> tuple[list[str], str]:
    """Modules that a file names, and what it means; each content is parsed once."""
    tree = ast.parse(source)
    return _named_in(tree), _meaning(tree)


def _named_in(tree: ast.Module) -> list[str]:
    """Modules that a file imports, or names in a text to import them later."""
    names: list[str] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names += [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and _MODULE.match(node.value):
            names.append(node.value)
    return names


def meaning_of(source: str) -> str:
    """Hash of a piece of program, without comments, docstrings and layout."""
    return _meaning(ast.parse(source))


def _meaning(tree: ast.Module) -> str:
    """Hash of the program without comments, docstrings and layout, which it takes out of the tree."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _is_text(part)]
    return hashlib.sha256(ast.dump(tree).encode()).hexdigest()


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def modules_in(source: str) -> tuple[str, ...]:
    """Modules that a piece of source names in quotes, as a factory does that imports lazily."""
    return tuple(sorted(set(re.findall(r'"([a-z_]+(?:\.[a-z_]+)+)"', source))))
