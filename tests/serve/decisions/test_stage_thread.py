"""A stage that stalls, raises or recovers."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from contextlib import suppress

import pytest

from serve.decisions.stage_thread import StageThread, Stalled


def test_answers_come_from_what_is_called() -> None:
    assert StageThread("adder").call(lambda: 1 + 2, 30.0) == 3


def test_what_it_raises_is_raised() -> None:
    def fail() -> None:
        raise TimeoutError("from inside")

    with pytest.raises(TimeoutError, match="from inside"):
        StageThread("model").call(fail, 30.0)


def test_a_stalled_call_stalls_no_answer_and_others_are_made_once_it_is_back() -> None:
    gate, num_calls = threading.Event(), 0

    def stall() -> None:
        nonlocal num_calls
        num_calls += 1
        gate.wait(60)

    thread = StageThread("the model")
    with pytest.raises(Stalled, match="the model gave no answer within 20 ms"):
        thread.call(stall, 0.02)
    for _ in range(3):  # no waiting
        began = time.perf_counter()
        with pytest.raises(Stalled, match="the model is still busy"):
            thread.call(stall, 30.0)
        assert time.perf_counter() - began < 5
    assert num_calls == 1
    gate.set()
    for _ in range(1000):
        try:
            assert thread.call(lambda: 7, 30.0) == 7
            break
        except Stalled:
            time.sleep(0.01)
    else:
        pytest.fail("nothing was ever called again")


def test_what_a_stalled_call_held_is_let_go_without_a_collection_of_garbage() -> None:
    class Model:
        def __init__(self) -> None:
            self.thread = StageThread("the model")

        def decide(self) -> None:
            with suppress(Stalled):
                self.thread.call(lambda: self.answer(), 0.001)

        def answer(self) -> None:
            time.sleep(0.05)

    gc.collect()
    gc.disable()
    try:
        model = Model()
        model.decide()
        assert model.thread._stalled is not None
        forgotten = weakref.ref(model)
        del model
        for _ in range(500):
            if forgotten() is None:
                return
            time.sleep(0.01)
        pytest.fail("it is still there")
    finally:
        gc.enable()


def test_calls_that_wait_behind_a_stalled_one_are_dropped() -> None:
    gate, seen = threading.Event(), []

    def stall(value: float) -> None:
        seen.append(value)
        gate.wait(60)

    thread = StageThread("model")
    errors: list[Exception] = []

    def ask(value: float) -> None:
        try:
            thread.call(lambda: stall(value), 0.3)
        except Stalled as error:
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
            thread.call(lambda: stall(9.0), 30.0)
            break
        except Stalled:
            time.sleep(0.01)
    assert len(seen) == 2  # the first and the last; nobody waits for the three between
    assert seen[-1] == 9.0


def test_a_forgotten_stage_leaves_no_thread() -> None:
    before = set(threading.enumerate())
    threads = [StageThread("forgotten") for _ in range(5)]
    assert threads[0].call(lambda: 0.0, 30.0) == 0.0
    begun = [thread for thread in set(threading.enumerate()) - before if thread.name == "forgotten"]
    assert len(begun) == 5
    threads.clear()
    for thread in begun:
        thread.join(30)
    assert [thread.name for thread in begun if thread.is_alive()] == []
