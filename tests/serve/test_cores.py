"""Processes that keep to a core, and what is not bound to it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scenarios.errors import InputError
from serve import cores
from serve.cores import check_cores, keep_to_core, use_any_core
from serve.pricing import apart

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing is bound to a core")


@pytest.fixture(autouse=True)
def unbound(monkeypatch: pytest.MonkeyPatch) -> set[int]:
    """Cores of this process, in which no thread but those of a test is bound."""
    monkeypatch.setattr(cores, "_given", set())
    return os.sched_getaffinity(0)


def in_a_thread(act: Any) -> Any:
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(act).result()


def test_more_processes_than_cores_cannot_have_their_own(unbound: set[int]) -> None:
    check_cores("own", len(unbound))
    check_cores("any", len(unbound) + 1)
    with pytest.raises(InputError, match="one for each core"):
        check_cores("own", len(unbound) + 1)


def test_where_nothing_can_be_bound_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_setaffinity")
    check_cores("any", 1)
    with pytest.raises(InputError, match="any on this system"):
        check_cores("own", 1)


def test_threads_keep_to_the_core_of_who_starts_them(unbound: set[int]) -> None:
    def work() -> list[set[int]]:
        keep_to_core(0)
        own, started = os.sched_getaffinity(0), in_a_thread(lambda: os.sched_getaffinity(0))
        use_any_core()
        return [own, started, os.sched_getaffinity(0)]

    first = {min(unbound)}
    assert in_a_thread(work) == [first, first, unbound]
    assert os.sched_getaffinity(0) == unbound


def test_each_process_has_another_core(unbound: set[int]) -> None:
    def work(number: int) -> set[int]:
        keep_to_core(number)
        return os.sched_getaffinity(0)

    found = [in_a_thread(lambda number=number: work(number)) for number in range(len(unbound))]
    assert set.union(*found) == unbound
    assert all(len(own) == 1 for own in found)


def test_nobody_is_let_go_who_was_not_bound() -> None:
    def work() -> set[int]:
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # by whoever started it
        use_any_core()
        return os.sched_getaffinity(0)

    assert len(in_a_thread(work)) == 1


def test_who_solves_bid_prices_is_not_bound(monkeypatch: pytest.MonkeyPatch, unbound: set[int]) -> None:
    seen = list[set[int]]()

    def run(*command: object, **settings: object) -> subprocess.CompletedProcess[bytes]:
        seen.append(os.sched_getaffinity(0))
        raise subprocess.TimeoutExpired("solve", 1.0)

    def work() -> None:
        keep_to_core(0)
        with pytest.raises(apart.NotSolved):
            apart.solve_apart(None, None, None, 1.0)  # type: ignore[arg-type]

    monkeypatch.setattr(subprocess, "run", run)
    in_a_thread(work)
    assert seen == [unbound]
