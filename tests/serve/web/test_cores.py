"""Processes that keep to a core, and what is not bound to it."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from scenarios.errors import InputError
from serve.pricing import apart
from serve.web import cores
from serve.web.cores import check_cores, given_cores, keep_to_core

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
        return [os.sched_getaffinity(0), in_a_thread(lambda: os.sched_getaffinity(0))]

    assert given_cores() == []
    first = {min(unbound)}
    assert in_a_thread(work) == [first, first]
    assert os.sched_getaffinity(0) == unbound
    assert given_cores() == sorted(unbound)


def test_each_process_has_another_core(unbound: set[int]) -> None:
    def work(number: int) -> set[int]:
        keep_to_core(number)
        return os.sched_getaffinity(0)

    found = [in_a_thread(lambda number=number: work(number)) for number in range(len(unbound))]
    assert set.union(*found) == unbound
    assert all(len(own) == 1 for own in found)


def test_who_solves_bid_prices_is_not_bound_but_who_waits_for_them_is(
    monkeypatch: pytest.MonkeyPatch, unbound: set[int]
) -> None:
    """What solves is another process: here it only says which cores it may use."""
    telling = "import os, sys\nfrom serve.pricing import apart\napart.end_with = lambda parent: told()\n"
    telling += "def told(): sys.exit(f'cores {sorted(os.sched_getaffinity(0))}:')\napart.main()"
    run = subprocess.run

    def run_telling(command: list[str], **settings: Any) -> subprocess.CompletedProcess[bytes]:
        at = command.index("-m")
        return run([*command[:at], "-c", telling, *command[at + 2 :]], **settings)

    def work() -> tuple[str, set[int]]:
        keep_to_core(0)
        with pytest.raises(apart.NotSolved) as told:
            apart.solve_apart(None, None, None, 60.0)  # type: ignore[arg-type]
        return str(told.value), os.sched_getaffinity(0)

    monkeypatch.setattr(subprocess, "run", run_telling)
    told, own = in_a_thread(work)
    assert f"cores {sorted(unbound)}" in told
    assert own == {min(unbound)}
