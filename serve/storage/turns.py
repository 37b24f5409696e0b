"""Turns at a database that one writes to at a time: who waits together is written together, in one transaction."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Generic, TypeVar

from sqlalchemy import Connection, text

from serve.storage.sending import change

T = TypeVar("T")

MOST_TOGETHER = 16
"""Of one transaction: the first of them waits for the last."""

_SAVE, _TAKE_BACK, _RELEASE = text("SAVEPOINT own"), text("ROLLBACK TO own"), text("RELEASE own")


class _Turn(Generic[T]):
    """One who waits.

    Attributes:
        act: what he does in the transaction.
        woken: released when it is his turn to lead, or when he is done.
        is_done: whether somebody else did it for him; else he leads.
        result: of ``act``.
        error: what ``act`` or the commit raised.
    """

    __slots__ = ("act", "error", "is_done", "result", "woken")

    def __init__(self, act: Callable[[Connection], T]) -> None:
        self.act, self.woken = act, threading.Lock()
        self.woken.acquire()
        self.is_done, self.error = False, None
        self.result: T

    is_done: bool
    error: BaseException | None


class Turns:
    """The queue of writers.

    While one transaction is on its way to the disk, those who come wait; then the first of them leads: all that wait
    act one after another, each behind a savepoint of its own, so that one who fails takes nobody along, and one commit
    puts all of them on disk. None of them goes on before that. Who comes while the leader still waits for another
    process that writes is of his group.

    Args:
        begin: a writing transaction that is on disk when the block ends.
    """

    def __init__(self, begin: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._begin = begin
        self._lock = threading.Lock()
        self._waiting: list[_Turn[Any]] = []
        self._is_led = False

    def take(self, act: Callable[[Connection], T]) -> T:
        """What ``act`` returns, or raises, once it is on disk; it may run in another thread."""
        turn = _Turn(act)
        with self._lock:
            self._waiting.append(turn)
            is_leader, self._is_led = not self._is_led, True
        if not is_leader:
            turn.woken.acquire()
        if not turn.is_done:
            self._lead()
        try:
            if turn.error is not None:
                raise turn.error
            return turn.result
        finally:
            del turn  # an error knows this frame: together they would stay until garbage is collected

    def _lead(self) -> None:
        with self._lock:
            num_first = min(len(self._waiting), MOST_TOGETHER)
        group: list[_Turn[Any]] = []
        try:
            with self._begin() as tx:
                group = self._those_who_wait(MOST_TOGETHER)
                if len(group) == 1:
                    group[0].result = group[0].act(tx)
                else:
                    for turn in group:
                        _act(tx, turn)
        except BaseException as error:  # nothing of the group has happened
            group = group or self._those_who_wait(num_first)  # who came later may wait for as long as these did
            for turn in group:
                turn.error = error
        for turn in group:
            turn.is_done = True
        with self._lock:
            following = self._waiting[0] if self._waiting else None
            self._is_led = following is not None
        for turn in group:
            turn.woken.release()  # of the leader, too, who does not look at it any more
        if following is not None:
            following.woken.release()

    def _those_who_wait(self, most: int) -> list[_Turn[Any]]:
        """The leader and who came after him, be it while he waited for other processes that write."""
        with self._lock:
            group, self._waiting = self._waiting[:most], self._waiting[most:]
        return group


def _act(tx: Connection, turn: _Turn[Any]) -> None:
    """Does what one wants, or nothing of it."""
    change(tx, _SAVE)
    try:
        turn.result = turn.act(tx)
    except Exception as error:
        turn.error = error
        change(tx, _TAKE_BACK)
    change(tx, _RELEASE)
