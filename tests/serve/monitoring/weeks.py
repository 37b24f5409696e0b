"""Simulated weeks of ``metro-small`` as a watch sees them, and shifts put into them."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np

from agents.recording import Decision, Recorder, reference_histograms
from agents.registry import load_agent
from agents.shift import stability_index
from envs.simulation import simulate
from scenarios.draw import draw_trace
from scenarios.local_time import DAY_SECONDS
from scenarios.registry import load_scenario
from scenarios.seeds import TEST, VALIDATION
from serve.monitoring.reference import Counts, Reference

NUM_REFERENCE = 16
EVERY = 2


def week(seed: int, every: int = EVERY) -> list[Decision]:
    """Decisions of one week."""
    trace = draw_trace(load_scenario("metro-small"), seed)
    recorder = Recorder(load_agent("primal-dual"), trace.names, every, has_documents=False)
    simulate(trace, recorder, level="none")
    return recorder.decisions


@cache
def reference_weeks() -> tuple[list[Decision], ...]:
    """The weeks that the reference is made of."""
    return tuple(week(VALIDATION.start + i) for i in range(NUM_REFERENCE))


@cache
def reference_document() -> dict[str, Any]:
    """As a bundle holds it."""
    return dict(json.loads(json.dumps(reference_histograms(reference_weeks(), 7 * DAY_SECONDS))))


def later_weeks(number: int, first: int = 0) -> Iterator[list[Decision]]:
    """Weeks that no reference has seen; every order of them."""
    return (week(TEST.start + 50_000 + first + i, every=1) for i in range(number))


def counts_of(reference: Reference, decisions: Sequence[Decision]) -> Counts:
    """As a window holds them."""
    features = [row.features[: row.num_plans] for row in decisions]
    return reference.count(features, [row.context for row in decisions], [row.slot for row in decisions])


def shifted(counts: np.ndarray, reference: np.ndarray, psi: float) -> np.ndarray:
    """Shares by bin, moved towards the bin that is rarest in ``reference`` until they are ``psi`` from it."""
    shares, target = counts / counts.sum(), np.zeros(len(counts))
    target[int(reference.argmin())] = 1.0
    low, high = 0.0, 1.0
    for _ in range(40):
        middle = (low + high) / 2
        mixed = (1 - middle) * shares + middle * target
        low, high = (middle, high) if stability_index(reference, mixed * counts.sum()) < psi else (low, middle)
    return (1 - high) * shares + high * target
