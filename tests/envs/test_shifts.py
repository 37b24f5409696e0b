"""Shift arithmetic against a simulation that ticks off one second after the other."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from envs import shifts as rules
from scenarios.network import FOREVER_SECONDS, SHIFTS, WAREHOUSES
from tests.worlds import random_trace


@st.composite
def calendars(draw):
    """Up to four short shifts, some adjoining, then one for ever."""
    edges = sorted(draw(st.sets(st.integers(0, 60), min_size=1, max_size=9)))
    hours = [(a, b) for a, b in zip(edges[:-1:2], edges[1::2], strict=False)]
    if len(edges) % 2 == 0 and draw(st.booleans()):
        hours = list(itertools.pairwise(edges))  # adjoining
        last = edges[-1]
    else:
        last = edges[-1] + draw(st.integers(0, 5))
    return [*hours, (last, FOREVER_SECONDS)]


def network_of(hours):
    """A network whose second warehouse has these shifts."""
    rows, before = [(0, FOREVER_SECONDS, 0)], 0
    for opens, closes in hours:
        rows.append((opens, closes, before))
        before += closes - opens
    warehouses = np.zeros(2, WAREHOUSES)
    warehouses["first_shift"], warehouses["num_shifts"] = (0, 1), (1, len(hours))
    return random_trace(0).network._replace(shifts=np.array(rows, SHIFTS), warehouses=warehouses)


@given(calendars(), st.integers(0, 80))
def test_is_open(hours, seconds):
    assert rules.is_open(network_of(hours), 1, seconds) == any(opens <= seconds < closes for opens, closes in hours)


@given(calendars(), st.integers(0, 80), st.integers(0, 60))
def test_after_open_seconds(hours, start, work):
    def opened(second):
        return any(opens <= second < closes for opens, closes in hours)

    second, left = start, work
    while left or not opened(second):
        left -= opened(second)
        second += 1
    assert rules.after_open_seconds(network_of(hours), 1, start, work) == second


@given(calendars(), st.integers(0, 80), st.integers(0, 40), st.integers(0, 40))
def test_work_adds_up(hours, start, one, two):
    network = network_of(hours)
    between = rules.after_open_seconds(network, 1, start, one)
    assert rules.after_open_seconds(network, 1, between, two) == rules.after_open_seconds(network, 1, start, one + two)
