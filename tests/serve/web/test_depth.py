"""How deep a body may be, and how long it takes to say so."""

from __future__ import annotations

import json
import random
import time

import pytest

from serve.web.arrival import MAX_BODY_BYTES
from serve.web.depth import MAX_DEPTH, is_too_deep


def nested(depth: int, opening: str = "[") -> str:
    closing = {"[": "]", '{"a":': "}"}[opening]
    return opening * depth + "1" + closing * depth


def depth_of(value: object) -> int:
    """The plain way, for comparison."""
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@pytest.mark.parametrize("opening", ["[", '{"a":'], ids=["lists", "objects"])
def test_the_limit_is_exact(opening: str) -> None:
    assert not is_too_deep(nested(MAX_DEPTH, opening).encode())
    assert is_too_deep(nested(MAX_DEPTH + 1, opening).encode())


def test_breadth_is_no_depth() -> None:
    assert not is_too_deep(json.dumps([{"rows": [[i]]} for i in range(1000)]).encode())


def test_brackets_in_strings_do_not_count() -> None:
    for text in ("[" * 100, "]" * 100, '"[{\\' * 50, "\\", '\\"' * 50):
        assert not is_too_deep(json.dumps([[text]] * 100).encode()), text
        assert is_too_deep(nested(MAX_DEPTH).replace("1", json.dumps([text])).encode()), text


def test_it_agrees_with_a_parser() -> None:
    rng = random.Random(3)

    def grow(depth: int) -> object:
        if depth == 0:
            return rng.choice([1, None, 'a"]}[{\\', ""])
        inner = [grow(depth - 1), *([grow(0)] * rng.randrange(3))]
        rng.shuffle(inner)
        return inner if rng.random() < 0.5 else {f"{i}[": value for i, value in enumerate(inner)}

    seen = set()
    for _ in range(300):
        value = [grow(rng.randrange(1, 2 * MAX_DEPTH))] + [[]] * MAX_DEPTH
        expected = depth_of(value) > MAX_DEPTH
        seen.add(expected)
        assert is_too_deep(json.dumps(value).encode()) is expected
    assert seen == {True, False}


@pytest.mark.parametrize(
    "unit", [b"[", b"]", b"[]", b"{", b'"', b'\\"', b'["', b'"\\"[', b"[\\", b'{"a":[', b"[[]"], ids=range(11)
)
def test_no_body_takes_long(unit: bytes) -> None:
    body = (b"[" * (MAX_DEPTH + 1) + b'"' + unit * MAX_BODY_BYTES)[:MAX_BODY_BYTES]
    for text in (body, body.replace(b'"', b"", 1)):
        began = time.perf_counter()
        is_too_deep(text)
        assert time.perf_counter() - began < 5
