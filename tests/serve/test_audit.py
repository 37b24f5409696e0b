"""The audit log: whatever is altered, it shows; what is erased is said to be."""

from __future__ import annotations

import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Executable, delete, select, update

from scenarios.errors import InputError
from serve import tables
from serve.audit import AuditWriter, Entry, complaints, hash_of, payload
from serve.audit_command import main
from serve.database import Database


@pytest.fixture
def writers(database: Database) -> list[AuditWriter]:
    """Two chains of three rows each, interleaved."""
    found = [AuditWriter(), AuditWriter()]
    for i in range(3):
        for writer in found:
            with database.writing() as tx:
                assert writer.write(tx, Entry("decided", "tester", f"order {i}", b"payload %d" % i)) == i + 1
    return found


def found_complaints(database: Database) -> list[str]:
    with database.reading() as tx:
        return list(complaints(tx))


def test_an_untouched_log_has_no_complaint(database: Database, writers: list[AuditWriter]) -> None:
    assert found_complaints(database) == []
    with database.reading() as tx:
        assert payload(tx, writers[0].id, 2) == b"payload 1"


def test_two_who_write_first_at_once(database: Database) -> None:
    """As threads of a process do that has just started under load: the second one waits, and follows."""
    writer = AuditWriter()

    def write() -> int:
        with database.writing() as tx:
            return writer.write(tx, Entry("decided", "tester", "two", b"second"))

    with ThreadPoolExecutor(1) as threads:
        with database.writing() as tx:
            assert writer.write(tx, Entry("decided", "tester", "one", b"first")) == 1
            second = threads.submit(write)
            time.sleep(0.2)  # until it has looked for the chain, on PostgreSQL
        assert second.result() == 2
    assert found_complaints(database) == []


ALTERED = {
    "at": 1,
    "kind": "cancelled",
    "actor": "nobody",
    "subject": "order 9",
    "payload_sha256": "0" * 64,
    "previous": "0" * 64,
    "hash": "0" * 64,
    "seq": 9,
    "writer": "somebody",
}


class GivenUp(Exception):
    """Ends a transaction that was only meant to be looked at."""


def complaints_after(database: Database, *statements: Executable) -> list[str]:
    """What is found when something was altered; it is given up afterwards."""
    found: list[str] = []

    def alter() -> None:
        with database.writing() as tx:
            for statement in statements:
                assert tx.execute(statement).rowcount
            found.extend(complaints(tx))
            raise GivenUp

    with pytest.raises(GivenUp):
        alter()
    return found


def test_any_altered_column_of_any_row_shows(database: Database, writers: list[AuditWriter]) -> None:
    row = tables.audit.c
    assert set(ALTERED) == {column.name for column in tables.audit.columns}
    for writer in writers:
        for seq in (1, 2, 3):
            for column, value in ALTERED.items():
                if (column, seq) != ("previous", 1):  # the first row follows nothing, as it says already
                    altered = update(tables.audit).where(row.writer == writer.id, row.seq == seq)
                    assert complaints_after(database, altered.values(**{column: value})), (seq, column)


def test_a_row_that_is_altered_with_its_hash_shows(database: Database, writers: list[AuditWriter]) -> None:
    row = tables.audit.c
    for seq in (1, 2, 3):
        where = (row.writer == writers[0].id, row.seq == seq)
        with database.reading() as tx:
            changed = dict(tx.execute(select(tables.audit).where(*where)).one()._mapping) | {"actor": "nobody"}
        altered = update(tables.audit).where(*where).values(actor="nobody", hash=hash_of(changed))
        assert complaints_after(database, altered), seq


def test_a_missing_row_shows(database: Database, writers: list[AuditWriter]) -> None:
    for seq in (1, 2, 3):
        row, content = (
            delete(table).where(table.c.writer == writers[0].id, table.c.seq == seq)
            for table in (tables.audit, tables.payloads)
        )
        assert complaints_after(database, row), seq
        assert complaints_after(database, row, content), seq


def test_a_missing_chain_shows(database: Database, writers: list[AuditWriter]) -> None:
    with database.writing() as tx:
        for table in (tables.audit, tables.payloads):
            tx.execute(delete(table).where(table.c.writer == writers[0].id))
    assert found_complaints(database) == [
        f"the end of writer {writers[0].id}: rows are missing, or its head was altered"
    ]


def test_an_altered_payload_shows(database: Database, writers: list[AuditWriter]) -> None:
    row = tables.payloads.c
    with database.writing() as tx:
        content = tx.execute(select(row.content).where(row.writer == writers[0].id, row.seq == 2)).scalar_one()
        altered = bytes([content[0] ^ 1]) + content[1:]
        tx.execute(update(tables.payloads).where(row.writer == writers[0].id, row.seq == 2).values(content=altered))
    assert found_complaints(database) == [f"row 2 of writer {writers[0].id}: its payload was altered"]


def test_erasing_is_said_and_removing_is_not(database: Database, writers: list[AuditWriter]) -> None:
    with database.writing() as tx:
        writers[0].erase(tx, writers[1].id, 2, "tester")
    assert found_complaints(database) == []
    with database.writing() as tx:
        assert payload(tx, writers[1].id, 2) is None
        tx.execute(delete(tables.payloads).where(tables.payloads.c.seq == 1))
    assert len(found_complaints(database)) == 2


def test_a_given_up_transaction_leaves_no_gap(database: Database) -> None:
    writer = AuditWriter()

    def fail() -> None:
        with database.writing() as tx:
            writer.write(tx, Entry("decided", "tester", "a", b""))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.writing() as tx:
        assert writer.write(tx, Entry("decided", "tester", "b", b"")) == 1
    assert found_complaints(database) == []


def test_the_command(tmp_path: Path, sqlite_template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "shop.db"
    path.write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{path}")
    with database.writing() as tx:
        AuditWriter().write(tx, Entry("decided", "tester", "a", b"x"))
    database.close()
    assert main(["verify", "--database", f"sqlite:///{path}"]) == 0
    assert capsys.readouterr().out == "1 row of 1 writer: no complaints\n"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE audit SET actor = 'nobody'")
    connection.close()
    assert main(["verify", "--database", f"sqlite:///{path}"]) == 1
    assert "was altered\n1 row of 1 writer: 1 complaint\n" in capsys.readouterr().out


def test_old_payloads_are_erased_and_that_is_no_complaint(
    tmp_path: Path, sqlite_template: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "shop.db"
    path.write_bytes(sqlite_template.read_bytes())
    database, writer = Database(f"sqlite:///{path}"), AuditWriter()
    with database.writing() as tx:
        for name in ("a", "b"):
            writer.write(tx, Entry("decided", "tester", name, b"x"))
    arguments = ["erase", "--database", f"sqlite:///{path}", "--older-than-days"]
    for days, erased in (("1", 0), ("0", 2), ("0", 0)):
        time.sleep(1.0 if erased else 0.0)  # the age is in whole seconds
        assert main([*arguments, days]) == 0
        assert capsys.readouterr().out == f"{erased} payloads erased\n"
    with database.reading() as tx:
        assert payload(tx, writer.id, 1) is None
    assert found_complaints(database) == []
    database.close()
    with pytest.raises(InputError, match="--older-than-days"):
        main(arguments[:-1])


def test_the_command_refuses_what_is_no_database(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="a file that is there"):
        main(["verify", "--database", f"sqlite:///{tmp_path / 'none.db'}"])
    (tmp_path / "text.db").write_text("hello " * 1000)
    with pytest.raises(InputError, match="a database of routelab serve"):
        main(["verify", "--database", f"sqlite:///{tmp_path / 'text.db'}"])
