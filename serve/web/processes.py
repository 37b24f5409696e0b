"""Several processes that serve one address together. The kernel spreads connections over them."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from types import FrameType
from typing import Any, TypeAlias

from scenarios.errors import InputError

MOST_PROCESSES = 64

Handler: TypeAlias = Any
"""Of a signal, as ``signal.signal`` gives and takes it."""

_PR_SET_PDEATHSIG = 1


def check_processes(number: int, port: int, is_kept: bool, is_request_clock: bool) -> None:
    """Refuses what processes cannot do together.

    Args:
        number: of processes.
        port: that they share.
        is_kept: whether there is a database, in which they meet.
        is_request_clock: whether requests state the time.

    Raises:
        InputError: names the option.
    """
    if not 1 <= number <= MOST_PROCESSES:
        raise InputError("--processes", number, f"1 to {MOST_PROCESSES}", "correct the number")
    if number == 1:
        return
    if not hasattr(os, "fork") or not hasattr(socket, "SO_REUSEPORT"):
        raise InputError("--processes", number, "1 on this system", "start one process")
    if port == 0:
        raise InputError("--port", port, "a port that all processes know", "choose one")
    if is_request_clock and is_kept:
        raise InputError("--processes", number, "1 with --clock request: a replay is one sequence", "start one process")


def bound_socket(host: str, port: int, is_shared: bool) -> socket.socket:
    """A socket of this process at an address.

    Args:
        host: of the address.
        port: 0: any that is free.
        is_shared: whether other processes of this endpoint have sockets there, too.

    Raises:
        InputError: somebody else listens there, or nobody may.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if is_shared:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        problem = error.strerror or type(error).__name__
        raise InputError("--port", port, f"a port that is free at {host}: {problem}", "choose another one") from error
    return made


def run_together(number: int, serve: Callable[[int], None]) -> int:
    """Serves in child processes until this one is told to end, or one of them ends.

    Args:
        number: of children.
        serve: what each does, told its number from 0; nothing may have been opened before that a process must not
            share.

    Returns:
        0 if they ended because they were told to, else 1: a process that is missed is for a service manager to notice.
    """
    children, is_told = set[int](), False

    def pass_on(number: int, frame: FrameType | None) -> None:
        nonlocal is_told
        is_told = True
        _end(children)

    before = {name: signal.signal(name, pass_on) for name in (signal.SIGTERM, signal.SIGINT)}
    for own in range(number):
        if not is_told:
            children.add(_child(partial(serve, own), before))
            if is_told:  # while it was made
                _end(children)
    while children:
        pid, _ = os.wait()
        children.discard(pid)
        _end(children)  # together or not at all
    return 0 if is_told else 1


def _child(serve: Callable[[], None], handlers: dict[signal.Signals, Handler]) -> int:
    """Forks. The child takes a signal only when its handlers are those that it should have."""
    sys.stdout.flush()
    parent = os.getpid()
    signal.pthread_sigmask(signal.SIG_BLOCK, handlers)
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)
        return pid
    code = 1
    try:
        end_with(parent)
        for name, handler in handlers.items():
            signal.signal(name, handler)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, handlers)
        serve()
        code = 0
    except InputError as error:
        print(error, file=sys.stderr)
    except Exception:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def end_with(parent: int) -> None:
    """Linux tells this process to end when its parent does, however it does."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was faster
            os._exit(1)


def _end(children: set[int]) -> None:
    for pid in tuple(children):
        with suppress(ProcessLookupError):  # it has just ended
            os.kill(pid, signal.SIGTERM)
