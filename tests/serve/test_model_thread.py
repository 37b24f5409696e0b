"""A model that stalls, raises or recovers."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from agents.bundle import PolicyError
from serve.model_thread import ModelThread

NOTHING = np.zeros(1, np.float32)


def test_answers_come_from_the_model() -> None:
    thread = ModelThread(lambda features, context: features + context)
    assert thread.scores(NOTHING + 1, NOTHING + 2, 30.0).tolist() == [3.0]


def test_what_the_model_raises_is_raised() -> None:
    def fail(features: np.ndarray, context: np.ndarray) -> np.ndarray:
        raise TimeoutError("from inside")

    with pytest.raises(TimeoutError, match="from inside"):
        ModelThread(fail).scores(NOTHING, NOTHING, 30.0)


def test_a_stalled_model_stalls_no_answer_and_is_asked_again_once_it_is_back() -> None:
    gate, num_calls = threading.Event(), 0

    def stall(features: np.ndarray, context: np.ndarray) -> np.ndarray:
        nonlocal num_calls
        num_calls += 1
        gate.wait(60)
        return features

    thread = ModelThread(stall)
    with pytest.raises(PolicyError, match="within 20 ms"):
        thread.scores(NOTHING, NOTHING, 0.02)
    for _ in range(3):  # the breaker is open: no waiting
        began = time.perf_counter()
        with pytest.raises(PolicyError, match="still busy"):
            thread.scores(NOTHING, NOTHING, 30.0)
        assert time.perf_counter() - began < 5
    assert num_calls == 1
    gate.set()
    for _ in range(1000):
        try:
            assert thread.scores(NOTHING + 7, NOTHING, 30.0).tolist() == [7.0]
            break
        except PolicyError:
            time.sleep(0.01)
    else:
        pytest.fail("the model was never asked again")


def test_calls_that_wait_behind_a_stalled_one_are_dropped() -> None:
    gate, seen = threading.Event(), []

    def stall(features: np.ndarray, context: np.ndarray) -> np.ndarray:
        seen.append(float(features[0]))
        gate.wait(60)
        return features

    thread = ModelThread(stall)
    errors: list[Exception] = []

    def ask(value: float) -> None:
        try:
            thread.scores(NOTHING + value, NOTHING, 0.3)
        except PolicyError as error:
            errors.append(error)

    callers = [threading.Thread(target=ask, args=(float(i),)) for i in range(4)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join(30)
    assert len(errors) == 4
    gate.set()
    for _ in range(1000):
        try:
            thread.scores(NOTHING + 9, NOTHING, 30.0)
            break
        except PolicyError:
            time.sleep(0.01)
    assert len(seen) == 2  # the first and the last; nobody waits for the three between
    assert seen[-1] == 9.0


def test_a_forgotten_model_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    threads = [ModelThread(lambda features, context: features) for _ in range(5)]
    assert threads[0].scores(NOTHING, NOTHING, 30.0).tolist() == [0.0]
    begun = [thread for thread in set(threading.enumerate()) - before if thread.name == "policy model"]
    assert len(begun) == 5
    threads.clear()
    for thread in begun:
        thread.join(30)
    assert [thread.name for thread in begun if thread.is_alive()] == []
