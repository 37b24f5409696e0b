"""Cores of this machine: a process that keeps to one answers sooner.

Its threads take turns at Python's lock. On several cores who gets the lock has to be woken on another one, where what
he works with is in no cache, and whoever wants it back waits for that; on one core they simply follow each other.
"""

from __future__ import annotations

import os

from scenarios.errors import InputError

CHOICES = ("any", "own")

_given: set[int] = set()
"""See ``given_cores``."""


def check_cores(choice: str, num_processes: int) -> None:
    """Refuses cores that are not there.

    Args:
        choice: of ``CHOICES``.
        num_processes: each of which wants one, if it is ``own``.

    Raises:
        InputError: names the option.
    """
    if choice == "any":
        return
    if not hasattr(os, "sched_setaffinity"):
        raise InputError("--cores", choice, "any on this system", "leave it out")
    num_cores = len(os.sched_getaffinity(0))
    if num_processes > num_cores:
        expected = f"at most {num_cores}, one for each core, with --cores own"
        raise InputError("--processes", num_processes, expected, "start fewer, or use --cores any")


def keep_to_core(number: int) -> None:
    """This thread, and all that are started from now on, run on one core only.

    Args:
        number: of the process, from 0; each has another core.
    """
    _given.update(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {sorted(_given)[number]})


def given_cores() -> list[int]:
    """Cores that this process might use before it was bound to one, for what it starts; empty: it was not bound."""
    return sorted(_given)
