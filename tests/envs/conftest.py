"""Traces of named scenarios; those from real data are skipped without it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scenarios.trace import Trace
from tests.named_traces import NEEDS_DATA, short_trace


@pytest.fixture
def trace_of(request: pytest.FixtureRequest) -> Callable[..., Trace]:
    """A short trace of a named scenario."""

    def draw(name: str, seed: int = 3) -> Trace:
        if name in NEEDS_DATA:
            return short_trace(name, seed, request.getfixturevalue("real_data") / "olist_sample")
        return short_trace(name, seed)

    return draw
