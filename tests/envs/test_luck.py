"""Luck is a pure integer hash, the same compiled and uncompiled."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from envs.luck import PICK, TRANSIT, luck, mix

KEYS = st.integers(0, 2**64 - 1)
SMALL = st.integers(0, 1000)


def plain_mix(state: int) -> int:
    """SplitMix64 in Python's own integers."""
    whole = 2**64 - 1
    z = (state + 0x9E3779B97F4A7C15) & whole
    z = ((z ^ (z >> 30)) * 0xBF58476D1CE4E5B9) & whole
    z = ((z ^ (z >> 27)) * 0x94D049BB133111EB) & whole
    return z ^ (z >> 31)


def test_the_published_test_vector():
    """First outputs of SplitMix64 seeded with 1234567 (reference implementation)."""
    golden, whole = 0x9E3779B97F4A7C15, 2**64 - 1
    states = [(1234567 + i * golden) & whole for i in range(3)]
    wanted = [6457827717110365317, 3203168211198807973, 9817491932198370423]
    assert [int(mix(np.uint64(state))) for state in states] == wanted


@given(KEYS, st.sampled_from([PICK, TRANSIT]), SMALL, SMALL, SMALL)
def test_compiled_uncompiled_and_plain_agree(key, stream, warehouse, service, attempt):
    z = key ^ stream
    for operand in (warehouse, service, attempt):
        z = plain_mix(z) ^ operand
    z = plain_mix(z)
    assert int(luck(np.uint64(key), stream, warehouse, service, attempt)) == z
    with np.errstate(over="ignore"):
        uncompiled = luck.py_func(np.uint64(key), stream, warehouse, service, attempt)
    assert int(uncompiled) == z


@pytest.mark.parametrize("operand", range(5))
def test_each_operand_alone_gives_uniform_luck(operand):
    """Chi square over 64 bins of the top bits, which pick a table's entry; and of the bottom ones."""
    values = []
    for i in range(6400):
        operands = [np.uint64(12345), PICK, 1, 2, 0]
        operands[operand] = np.uint64(i) if operand == 0 else i
        values.append(int(luck(*operands)))
    assert len(set(values)) == len(values)
    for shift in (58, 0):
        counts = np.bincount([(value >> shift) & 63 for value in values], minlength=64)
        assert ((counts - 100) ** 2 / 100).sum() < 110  # 63 degrees of freedom: exceeded once in 5,000


def test_neighbouring_operands_are_independent():
    """Half of the bits flip when one operand changes by one."""
    flips = [
        bin(int(luck(np.uint64(key), PICK, w, s, 0)) ^ int(luck(np.uint64(key), PICK, w + 1, s, 0))).count("1")
        for key in range(20)
        for w in range(10)
        for s in range(4)
    ]
    assert np.mean(flips) == pytest.approx(32, abs=0.6)
