"""The audit log: whatever is altered, it shows; what is erased is said to be."""

from __future__ import annotations

import hashlib
import sqlite3
import time
import zlib
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from pathlib import Path
from threading import Barrier

import pytest
from sqlalchemy import Connection, Executable, delete, select, text, update
from sqlalchemy.exc import IntegrityError

from scenarios.errors import InputError
from serve.audit.command import main
from serve.audit.kinds import ERASED, LastingKind
from serve.audit.log import Altered, AuditWriter, Entry, complaints, hash_of, payload
from serve.storage import tables
from serve.storage.database import Database


@pytest.fixture
def writers(database: Database) -> list[AuditWriter]:
    """Two chains, interleaved: of three rows, and of three that follow one which names the other chain's end."""
    found = [AuditWriter(), AuditWriter()]
    for i in range(3):
        for writer, first in zip(found, (1, 2), strict=True):
            assert write(database, writer, f"order {i}", b"payload %d" % i) == first + i
    return found


def write(database: Database, writer: AuditWriter, subject: str = "a", content: bytes = b"x") -> int:
    with database.writing() as tx:
        return writer.write(tx, Entry("decided", "tester", subject, content))


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


def take_guard_away(tx: Connection) -> None:
    """As who owns the schema can."""
    of_sqlite = ("audit_update", "audit_delete", "audit_insert")
    for trigger in of_sqlite if tx.dialect.name == "sqlite" else ("audit_append_only ON audit",):
        tx.execute(text(f"DROP TRIGGER {trigger}"))


def complaints_after(database: Database, *statements: Executable) -> list[str]:
    """What is found when something was altered past the guard; it is given up afterwards."""
    found: list[str] = []

    def alter() -> None:
        with database.writing() as tx:
            take_guard_away(tx)
            for statement in statements:
                assert tx.execute(statement).rowcount
            found.extend(complaints(tx))
            raise GivenUp

    with pytest.raises(GivenUp):
        alter()
    return found


def replacements(database: Database) -> list[Executable]:
    """Statements that insert, and change what is there already."""
    names = [column.name for column in tables.audit.columns]
    all_names, altered = ", ".join(names), ", ".join("'nobody'" if name == "actor" else name for name in names)
    source = f"SELECT {altered} FROM audit WHERE seq = 1"
    upsert = f"INSERT INTO audit ({all_names}) {source} ON CONFLICT (writer, seq) DO UPDATE SET actor = 'nobody'"
    with database.reading() as tx:
        if tx.dialect.name != "sqlite":
            return [text(upsert)]
    place = f"INSERT OR REPLACE INTO audit (rowid, {all_names}) SELECT rowid, {altered.replace('seq', 'seq + 90')}"
    return [
        text(upsert),
        text(f"INSERT OR REPLACE INTO audit ({all_names}) {source}"),
        text(f"REPLACE INTO audit ({all_names}) {source}"),
        text(f"{place} FROM audit WHERE seq = 1"),  # a row in the place of another one
    ]


@pytest.mark.parametrize("is_tampered_with", [False, True])
def test_rows_are_written_once(database: Database, writers: list[AuditWriter], is_tampered_with: bool) -> None:
    """No statement of ours, nor one that somebody types, changes a row while the guard is there."""
    with database.writing() as tx:
        if is_tampered_with:
            take_guard_away(tx)
    changes = [update(tables.audit).values(actor="nobody"), *replacements(database), delete(tables.audit)]
    for statement in changes:
        refused = nullcontext() if is_tampered_with else pytest.raises(IntegrityError, match="audit log is append-only")
        with refused, database.writing() as tx:
            tx.execute(statement)
    assert (found_complaints(database) == []) is not is_tampered_with


def test_any_altered_column_of_any_row_shows(database: Database, writers: list[AuditWriter]) -> None:
    row = tables.audit.c
    assert set(ALTERED) == {column.name for column in tables.audit.columns}
    for writer, length in zip(writers, (3, 4), strict=True):
        for seq in range(1, length + 1):
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
        take_guard_away(tx)
        for table in (tables.audit, tables.payloads):
            tx.execute(delete(table).where(table.c.writer == writers[0].id))
    gone = writers[0].id
    assert found_complaints(database) == [
        f"the end of writer {gone}: rows are missing, or its head was altered",
        f"row 1 of writer {gone}: is gone, but writer {writers[1].id} began after it",
    ]


CHAIN = (tables.audit, tables.payloads, tables.audit_heads)


def without(database: Database, *gone: AuditWriter) -> list[str]:
    """What is found when all that chains consist of was removed, their heads included."""
    return complaints_after(
        database, *(delete(table).where(table.c.writer == writer.id) for table in CHAIN for writer in gone)
    )


def test_a_chain_that_was_removed_with_its_head_is_missed_by_those_that_began_after_it(
    database: Database, writers: list[AuditWriter]
) -> None:
    first, second = writers
    missed = "began after it"
    assert without(database, first) == [f"row 1 of writer {first.id}: is gone, but writer {second.id} {missed}"]
    assert without(database, second) == []  # nobody began after it, and no decision was kept with it
    third = AuditWriter()
    assert write(database, third) == 2
    assert found_complaints(database) == []
    assert without(database, second) == [f"row 4 of writer {second.id}: is gone, but writer {third.id} {missed}"]
    write(database, AuditWriter())  # names the third one only: the ends of the others are named already
    assert without(database, first, second) == [
        f"row {end} of writer {writer.id}: is gone, but writer {third.id} {missed}"
        for end, writer in sorted(((3, first), (4, second)), key=lambda pair: pair[1].id)
    ]
    assert len(without(database, first, second, third)) == 1
    for writer in writers:  # they go on
        write(database, writer)
    assert found_complaints(database) == []


def test_a_chain_that_was_replaced_by_another_one_shows(database: Database, writers: list[AuditWriter]) -> None:
    """All its rows fit each other, and a head of its own; but they are not those that the other chain has named."""
    first, second = writers
    with database.writing() as tx:
        take_guard_away(tx)
        for table in CHAIN:
            tx.execute(delete(table).where(table.c.writer == first.id))
    for i in range(3):
        write(database, first, f"order {i}", b"payload %d" % i)
    assert found_complaints(database) == [
        f"row 1 of writer {first.id}: is another one than when writer {second.id} began",
    ]


def test_what_a_first_row_names_cannot_be_taken_away_from_it(database: Database, writers: list[AuditWriter]) -> None:
    """Erasing it would untie the chains: it is refused, and a row that says it was erased excuses nothing."""
    first, second = writers
    where = (tables.payloads.c.writer == second.id, tables.payloads.c.seq == 1)
    with pytest.raises(InputError, match="chain_begun"), database.writing() as tx:
        first.erase(tx, second.id, 1, "tester")
    with database.writing() as tx:
        tx.execute(delete(tables.payloads).where(*where))
        first.write(tx, Entry(ERASED, "tester", f"{second.id}/1", b""))
    gone = f"row 1 of writer {second.id}: its payload is gone, and no row says that it was erased"
    assert found_complaints(database) == [gone]


@pytest.mark.parametrize("content", [b"no JSON", b"[1]", b"7", b'[["a", "b", "c"]]', None], ids=range(5))
def test_a_first_row_that_cannot_be_read_is_a_complaint_and_no_end(
    database: Database, writers: list[AuditWriter], content: bytes | None
) -> None:
    stored = b"not compressed" if content is None else zlib.compress(content)
    row = tables.payloads.c
    altered = update(tables.payloads).where(row.writer == writers[1].id, row.seq == 1).values(content=stored)
    place = f"row 1 of writer {writers[1].id}"
    assert complaints_after(database, altered) == [
        f"{place}: its payload was altered",
        f"{place}: does not say which chains were there before",
    ]
    with database.writing() as tx:
        tx.execute(altered)
    assert write(database, AuditWriter()) == 2  # who begins then names all ends anew


def test_chains_from_before_they_were_tied_together_have_no_complaint(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, after = [AuditWriter(), AuditWriter()], AuditWriter()
    with monkeypatch.context() as patched:
        patched.setattr("serve.audit.log.open_ends", lambda tx, writer: [])
        assert [write(database, writer) for writer in before * 2] == [1, 1, 2, 2]
    assert found_complaints(database) == []
    assert write(database, after) == 2  # the next one ties them
    assert found_complaints(database) == []
    assert [len(without(database, writer)) for writer in before] == [1, 1]


def test_processes_that_begin_at_once_do_not_wait_for_each_other_in_a_circle(database: Database) -> None:
    begun, both = [AuditWriter() for _ in range(4)], Barrier(4)

    def begin(writer: AuditWriter) -> None:
        both.wait()
        for _ in range(3):
            write(database, writer)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(begin, begun))
    assert found_complaints(database) == []
    write(database, AuditWriter())
    assert found_complaints(database) == []
    assert all(without(database, writer) for writer in begun)


def decided_with(writer: str, seq: int, decision_id: str) -> dict[str, object]:
    nobody = {"order_id": "one", "decided_at": 0, "stage": "policy", "bundle_sha256": "0" * 64}
    return {"id": decision_id, "writer": writer, "seq": seq, **nobody}


def test_a_decision_without_its_row_shows(database: Database, writers: list[AuditWriter]) -> None:
    """So a chain that nobody began after is missed, too."""
    last = writers[1]
    with database.writing() as tx:
        kept = [decided_with(last.id, seq, f"order {seq - 2}") for seq in (2, 3, 4)]
        tx.execute(tables.decisions.insert(), kept)
    assert found_complaints(database) == []
    assert without(database, last) == [
        f"row {seq} of writer {last.id}: is not that of decision order {seq - 2}, which was kept with it"
        for seq in (2, 3, 4)
    ]
    moved = update(tables.decisions).where(tables.decisions.c.seq == 2).values(seq=3)
    assert len(complaints_after(database, moved)) == 1


def test_an_altered_payload_shows(database: Database, writers: list[AuditWriter]) -> None:
    row = tables.payloads.c
    with database.writing() as tx:
        content = tx.execute(select(row.content).where(row.writer == writers[0].id, row.seq == 2)).scalar_one()
        altered = bytes([content[0] ^ 1]) + content[1:]
        tx.execute(update(tables.payloads).where(row.writer == writers[0].id, row.seq == 2).values(content=altered))
    assert found_complaints(database) == [f"row 2 of writer {writers[0].id}: its payload was altered"]


def test_bytes_that_move_between_salt_and_payload_show(database: Database, writers: list[AuditWriter]) -> None:
    """The hash is over both: wherever they are divided, it is the same."""
    row, (writer, _) = tables.payloads.c, writers
    where = (row.writer == writer.id, row.seq == 2)
    with database.reading() as tx:
        salt, content = tx.execute(select(row.salt, row.content).where(*where)).one()
    both, parted = salt + content, update(tables.payloads).where(*where)
    for place in set(range(len(both) + 1)) - {len(salt)}:
        with database.writing() as tx:
            tx.execute(parted.values(salt=both[:place], content=both[place:]))
        assert found_complaints(database) == [f"row 2 of writer {writer.id}: its payload was altered"], place
        with pytest.raises(Altered, match="audit verify"), database.reading() as tx:
            payload(tx, writer.id, 2)


def test_a_payload_that_cannot_be_unpacked_shows_though_its_hash_fits(
    database: Database, writers: list[AuditWriter]
) -> None:
    kept, row, writer = tables.payloads.c, tables.audit.c, writers[0].id
    salt, content = b"s" * 16, b"not compressed"
    digest = hashlib.sha256(salt + content).hexdigest()
    altered = update(tables.payloads).where(kept.writer == writer, kept.seq == 2).values(salt=salt, content=content)
    audited = update(tables.audit).where(row.writer == writer, row.seq == 2).values(payload_sha256=digest)
    assert f"row 2 of writer {writer}: its payload was altered" in complaints_after(database, altered, audited)


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


LASTING: tuple[LastingKind, ...] = (
    "review_rules",
    "prices_solved",
    "policy_activated",
    "experiment_started",
    "baseline",
)


def test_what_decided_stays_for_good(tmp_path: Path, sqlite_template: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "shop.db"
    path.write_bytes(sqlite_template.read_bytes())
    database, before, writer = Database(f"sqlite:///{path}"), AuditWriter(), AuditWriter()
    write(database, before)
    with database.writing() as tx:
        lasting = [writer.write(tx, Entry(kind, "keeper", "a", kind.encode())) for kind in LASTING]
        passing = writer.write(tx, Entry("events", "shop", "e1", b"an order"))
    time.sleep(1.0)  # the age is in whole seconds
    assert main(["erase", "--database", f"sqlite:///{path}", "--older-than-days", "0"]) == 0
    assert capsys.readouterr().out == "2 payloads erased\n"
    with database.writing() as tx:
        assert payload(tx, writer.id, passing) is None
        assert [payload(tx, writer.id, seq) for seq in lasting] == [kind.encode() for kind in LASTING]
        assert payload(tx, writer.id, 1) is not None  # what ties the chains together
    for seq in lasting:
        with pytest.raises(InputError, match="stays for good"), database.writing() as tx:
            writer.erase(tx, writer.id, seq, "tester")
    assert found_complaints(database) == []
    database.close()


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
        connection.execute("DROP TRIGGER audit_update")
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
