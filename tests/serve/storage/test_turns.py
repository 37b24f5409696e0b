"""Writers that wait for each other share a transaction, and none answers for another."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select, text
from sqlalchemy.exc import OperationalError

from serve.storage import tables
from serve.storage.database import Database
from serve.storage.turns import MOST_TOGETHER, Turns

_NAMES = select(tables.baselines.c.name).order_by(tables.baselines.c.name)


def writing(name: str, *, fails: bool = False) -> Callable[[Connection], str]:
    def act(tx: Connection) -> str:
        tx.execute(tables.baselines.insert(), {"name": name, "document": "{}"})
        if fails:
            raise KeyError(name)
        return name

    return act


@pytest.fixture
def busy(sqlite_file: Database) -> Iterator[Callable[..., list[Future[Any]]]]:
    """Lets writers come while another one writes, and goes on when they wait."""
    with ThreadPoolExecutor(64) as threads:

        def wait_together(*acts: Callable[[Connection], Any]) -> list[Future[Any]]:
            has_begun, may_end = threading.Event(), threading.Event()

            def hold(tx: Connection) -> None:
                has_begun.set()
                may_end.wait()

            first = threads.submit(sqlite_file.write, hold)
            has_begun.wait()
            found = []
            for number, act in enumerate(acts, start=1):
                found.append(threads.submit(sqlite_file.write, act))
                while len(sqlite_file._kept._turns._waiting) < number:
                    pass
            may_end.set()
            first.result()
            return found

        yield wait_together


@pytest.fixture
def sqlite_file(sqlite_template: Path, tmp_path: Path) -> Iterator[Database]:
    path = tmp_path / "shop.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    yield database
    database.close()


def names(database: Database) -> list[str]:
    with database.reading() as tx:
        return list(tx.execute(_NAMES).scalars())


def test_one_who_fails_takes_nobody_along(sqlite_file: Database, busy: Callable[..., list[Future[Any]]]) -> None:
    first, second, third = busy(writing("a"), writing("b", fails=True), writing("c"))
    assert (first.result(), third.result()) == ("a", "c")
    with pytest.raises(KeyError, match="b"):
        second.result()
    assert names(sqlite_file) == ["a", "c"]


def test_they_are_one_transaction(sqlite_file: Database, busy: Callable[..., list[Future[Any]]]) -> None:
    """What cannot be committed has not happened, to none of them."""

    def close(tx: Connection) -> None:
        tx.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        tx.execute(text("INSERT INTO lines VALUES ('nobody', 0, 'lamp', 1, 'open', NULL, NULL, NULL)"))

    found = busy(writing("a"), close, writing("c"))
    errors = [future.exception() for future in found]
    assert all(errors)
    assert names(sqlite_file) == []
    assert sqlite_file.write(writing("d")) == "d"


def test_many_are_written_in_several_transactions(
    sqlite_file: Database, busy: Callable[..., list[Future[Any]]]
) -> None:
    wanted = [f"{i:03}" for i in range(2 * MOST_TOGETHER + 3)]
    assert [future.result() for future in busy(*map(writing, wanted))] == wanted
    assert names(sqlite_file) == wanted


def test_one_alone_fails_alone(sqlite_file: Database) -> None:
    with pytest.raises(KeyError):
        sqlite_file.write(writing("a", fails=True))
    assert sqlite_file.write(writing("b")) == "b"
    assert names(sqlite_file) == ["b"]


def test_a_statement_that_fails_is_an_error_of_sqlalchemy(sqlite_file: Database) -> None:
    """Sent straight to the driver or not: answers depend on the kind of error."""
    from serve.storage.sending import fetch

    with pytest.raises(OperationalError, match="nowhere"), sqlite_file.reading() as tx:
        fetch(tx, select(text("1")).select_from(text("nowhere")))


def wait_until(is_so: Callable[[], bool]) -> None:
    """For two seconds at most: what is asserted later then fails."""
    late = time.monotonic() + 2
    while not is_so() and time.monotonic() < late:
        time.sleep(0.001)


def test_who_comes_after_one_who_waits_in_vain_waits_himself() -> None:
    """The other process goes on just after the first one's patience has ended."""
    has_begun, may_fail, database = threading.Event(), threading.Event(), []

    @contextmanager
    def begin() -> Iterator[Connection]:
        has_begun.set()
        if not database:
            may_fail.wait()
            database.append("there again")
            raise TimeoutError
        yield None  # type: ignore[misc]

    turns = Turns(begin)
    with ThreadPoolExecutor(2) as threads:
        first = threads.submit(turns.take, lambda tx: "a")
        has_begun.wait()
        second = threads.submit(turns.take, lambda tx: "b")
        wait_until(lambda: len(turns._waiting) == 2)
        may_fail.set()
        assert isinstance(first.exception(), TimeoutError)
        assert second.result() == "b"


def test_those_who_come_while_another_process_writes_share_a_transaction(sqlite_file: Database) -> None:
    begun: list[int] = []
    turns = sqlite_file._kept._turns
    begin = turns._begin
    turns._begin = lambda: begun.append(1) or begin()
    other = Database(str(sqlite_file._kept._engine.url))
    with ThreadPoolExecutor(3) as threads:
        with other.writing():
            found = [threads.submit(sqlite_file.write, writing("a"))]
            wait_until(lambda: bool(begun))  # the first leads, and waits for the other process
            found += [threads.submit(sqlite_file.write, writing(name)) for name in "bc"]
            wait_until(lambda: len(turns._waiting) == 3)
        assert sorted(each.result() for each in found) == ["a", "b", "c"]
    other.close()
    assert begun == [1]
    assert names(sqlite_file) == ["a", "b", "c"]
