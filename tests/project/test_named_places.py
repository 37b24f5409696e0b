"""Where the documents say ``path/file.py: name``, that file defines that name; and every module they name is there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

SPAN = re.compile(r"`([\w./-]+\.py)(?:(?:: |::)([^`]+))?`")
"""A code span with a module, and what stands after its colon."""


def pages(repository: Path) -> dict[str, str]:
    """README and the documents, by their relative names."""
    paths = [repository / "README.md", *sorted((repository / "docs").glob("*.md"))]
    return {str(path.relative_to(repository)): path.read_text(encoding="utf-8") for path in paths}


def named_places(text: str) -> list[tuple[str, str | None]]:
    """(module, name or None) of all places that a page names; ``file.py: one, other`` names two."""
    found: list[tuple[str, str | None]] = []
    for path, names in SPAN.findall(text):
        found += [(path, name.strip().removesuffix("()")) for name in names.split(",")] if names else [(path, None)]
    return found


def defined_names(source: str) -> set[str]:
    """What a module defines at its top: functions, classes with their members as ``Class.member``, and variables."""
    found = set()
    for statement in ast.parse(source).body:
        own = names_of(statement)
        found |= own
        if isinstance(statement, ast.ClassDef):
            found |= {f"{statement.name}.{name}" for member in statement.body for name in names_of(member)}
    return found


def names_of(statement: ast.stmt) -> set[str]:
    """Names that one statement defines; an import defines none here, for it is not where the thing stands."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        return {statement.name}
    targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
    return {node.id for target in targets if target is not None for node in ast.walk(target) if type(node) is ast.Name}


def complaint(repository: Path, path: str, name: str | None) -> str | None:
    """What is wrong with a named place, if anything."""
    if not (repository / path).is_file():
        return f"there is no {path}"
    if name is not None and name not in defined_names((repository / path).read_text(encoding="utf-8")):
        return f"{path} does not define {name}"
    return None


def test_every_named_place_exists(repository):
    places = [(page, *place) for page, text in pages(repository).items() for place in named_places(text)]
    assert sum(name is not None for _, _, name in places) > 10
    found = [(page, told) for page, path, name in places if (told := complaint(repository, path, name))]
    assert not found


@pytest.mark.parametrize(
    ("span", "place"),
    [
        ("`envs/luck.py: key_of`", ("envs/luck.py", "key_of")),
        ("`envs/luck.py: key_of()`", ("envs/luck.py", "key_of")),
        ("`tests/a/test_b.py::test_c`", ("tests/a/test_b.py", "test_c")),
        ("`envs/luck.py`", ("envs/luck.py", None)),
    ],
)
def test_the_reader_reads(span, place):
    assert named_places(f"so it is ({span}).") == [place]


def test_the_reader_reads_two_names():
    assert named_places("`a/b.py: c, d`") == [("a/b.py", "c"), ("a/b.py", "d")]


def test_what_a_module_defines():
    source = (
        "from x import y\nA, B = 1, 2\nC: int = 3\nclass D:\n    e: int\n    def f(self): ...\ndef g():\n    h = 1\n"
    )
    assert defined_names(source) == {"A", "B", "C", "D", "D.e", "D.f", "g"}


@pytest.mark.parametrize(
    ("path", "name"),
    [("envs/no_such_module.py", None), ("envs/luck.py", "no_such_name"), ("envs/metrics.py", "World")],
)
def test_what_is_not_there_is_found(repository, path, name):
    assert complaint(repository, path, name)
