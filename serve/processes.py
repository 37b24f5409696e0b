"""Several processes that serve one address together. The kernel spreads connections over them."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable
from types import FrameType

from scenarios.errors import InputError

MOST_PROCESSES = 64


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


def shared_socket(host: str, port: int) -> socket.socket:
    """A socket of this process at an address that others have sockets at, too."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind((host, port))
    return made


def run_together(number: int, serve: Callable[[], None]) -> int:
    """Serves in child processes until this one is told to end, or one of them ends.

    Args:
        number: of children.
        serve: what each does; nothing may have been opened before that a process must not share.

    Returns:
        0 if they ended because they were told to, else 1: a process that is missed is for a service manager to notice.
    """
    children = {_child(serve) for _ in range(number)}
    is_told = False

    def pass_on(number: int, frame: FrameType | None) -> None:
        nonlocal is_told
        is_told = True
        _end(children)

    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, pass_on)
    while children:
        pid, _ = os.wait()
        children.discard(pid)
        _end(children)  # together or not at all
    return 0 if is_told else 1


def _child(serve: Callable[[], None]) -> int:
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        serve()
        code = 0
    except InputError as error:
        print(error, file=sys.stderr)
    finally:
        sys.stdout.flush()
        os._exit(code)


def _end(children: set[int]) -> None:
    for pid in children:
        os.kill(pid, signal.SIGTERM)
