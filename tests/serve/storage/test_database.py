"""The database itself: schema, transactions, what is refused."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, inspect, select, text, update
from sqlalchemy.exc import OperationalError

from scenarios.errors import InputError
from serve.audit.command import main as audit
from serve.main import main as serve
from serve.storage import tables
from serve.storage.database import Database, insert_new
from serve.storage.sending import fetch
from tests.cluster import GUARDED, USER, NoCluster, find_program
from tests.serve.conftest import Server, without_postgres


def test_the_migrations_make_the_tables(empty_url: str) -> None:
    database = Database(empty_url)
    for _ in range(2):  # the second time there is nothing to do
        database.migrate()
    with database.reading() as tx:
        assert compare_metadata(MigrationContext.configure(tx), tables.metadata) == []
        checks = {check["name"] for check in inspect(tx).get_check_constraints("stock")}
    assert checks == {"ck_stock_never_below_zero"}
    database.close()


def go_back(tx: Connection, revision: str) -> None:
    """Brings a database to an older schema."""
    config = Config()
    config.set_main_option("script_location", str(Path(tables.__file__).parent / "migrations"))
    config.attributes["connection"] = tx
    command.downgrade(config, revision)


def test_orders_that_were_kept_with_their_customers_forget_them(database: Database) -> None:
    with database.writing() as tx:
        go_back(tx, "0011")
        for order_id, customer in (("one", "whoever"), ("two", None)):
            document = {"id": order_id, "customer": customer, "lines": [{"sku": "a", "units": 2}]}
            row = {"document": json.dumps(document), "state": "declined", "decision_id": "any", "is_again": False}
            tx.execute(tables.orders.insert().values(id=order_id, num_holds=0, held_seconds=0, **row))
    database.migrate()
    with database.reading() as tx:
        kept = {row.id: json.loads(row.document) for row in tx.execute(select(tables.orders))}
    assert kept == {name: {"id": name, "lines": [{"sku": "a", "units": 2}]} for name in ("one", "two")}


def test_what_broke_before_causes_were_kept_is_counted_as_unknown(database: Database) -> None:
    with database.writing() as tx:
        go_back(tx, "0010")
        for kind in ("plan_broke", "hold_ended"):
            tx.execute(tables.tasks.insert().values(kind=kind, order_id="one", due_at=5))
    database.migrate()
    with database.writing() as tx:
        assert tx.execute(select(tables.breaks)).all() == [(1, "one", "unknown", 5)]
        tx.execute(tables.breaks.insert().values(order_id="two", cause="count", broke_at=6))  # numbers go on


def test_decisions_of_orders_that_nobody_kept_were_advice(database: Database) -> None:
    with database.writing() as tx:
        go_back(tx, "0015")
        columns = "id, document, state, decision_id, is_again"
        tx.execute(text(f"INSERT INTO orders ({columns}) VALUES ('kept', '', '', '', :is_again)"), {"is_again": False})
        columns = "id, order_id, decided_at, stage, bundle_sha256, writer, seq"
        for order_id in ("kept", "cart"):
            values = {"id": order_id, "of": order_id}
            tx.execute(text(f"INSERT INTO decisions ({columns}) VALUES (:id, :of, 5, 'policy', '', '', 0)"), values)
    database.migrate()
    with database.reading() as tx:
        found = tx.execute(select(tables.decisions.c.id, tables.decisions.c.is_kept)).all()
    assert {row.id: row.is_kept for row in found} == {"kept": True, "cart": False}


def test_lines_that_ended_before_times_were_kept_ended_long_ago(database: Database) -> None:
    with database.writing() as tx:
        go_back(tx, "0015")
        of_order = "INSERT INTO orders (id, document, state, decision_id, is_again) VALUES (:id, '', :state, '', :no)"
        of_line = "INSERT INTO lines (order_id, position, sku, units, state) VALUES (:id, :position, 'a', 1, :state)"
        for order_id in ("expired", "review"):
            tx.execute(text(of_order), {"id": order_id, "state": order_id, "no": False})
            for i, state in enumerate(("open", "planned", "delivered", "cancelled", "declined")):
                tx.execute(text(of_line), {"id": order_id, "position": i, "state": state})
    database.migrate()
    with database.reading() as tx:
        line = tables.lines.c
        found = tx.execute(select(line.order_id, line.state).where(line.ended_at == 0)).all()
        others = tx.execute(select(line.state).where(line.ended_at.is_(None))).all()
    assert {tuple(row) for row in found} == {
        ("expired", "open"),
        *((name, state) for name in ("expired", "review") for state in ("cancelled", "declined")),
    }
    assert len(others) == 5


def test_several_may_start_at_once(empty_url: str) -> None:
    failures = []

    def start() -> None:
        own = Database(empty_url)
        try:
            own.migrate()
        except Exception as error:
            failures.append(error)
        own.close()

    threads = [threading.Thread(target=start) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_sqlite_syncs_every_commit_and_writes_ahead(tmp_path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'shop.db'}")
    with database.reading() as tx:
        assert tx.execute(text("PRAGMA synchronous")).scalar() == 2  # FULL
        assert tx.execute(text("PRAGMA journal_mode")).scalar() == "wal"
    database.close()


def write_some(database: Database, num: int) -> None:
    """As many commits of one page or more."""
    for units in range(num):
        with database.writing() as tx:
            tx.execute(update(tables.stations).values(num_open=units))


@pytest.fixture
def small_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    """A file whose log should begin anew after ten pages."""
    monkeypatch.setattr("serve.storage.sqlite_file._LOG_PAGES", 10)
    database = Database(f"sqlite:///{tmp_path / 'shop.db'}")
    database.migrate()
    with database.writing() as tx:
        insert_new(tx, tables.stations, warehouse="north", num_open=0)
    yield database
    database.close()


def test_the_log_begins_anew_when_it_is_long(
    small_log: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where there is always somebody who reads: else it would only grow."""
    monkeypatch.setattr("serve.storage.sqlite_file._READERS_MS", 10_000)
    query, reads = select(tables.stations.c.num_open), threading.Event()
    seen: list[int | None] = []

    def read() -> None:
        with small_log.reading() as tx:
            seen.append(tx.execute(query).scalar())
            reads.set()
            time.sleep(0.3)

    for _ in range(3):
        write_some(small_log, 20)
        size = (tmp_path / "shop.db-wal").stat().st_size
        reads.clear()
        reader = threading.Thread(target=read)
        reader.start()
        assert reads.wait(10)
        small_log.tidy()  # waits for the reader, whom the next commit would meet
        write_some(small_log, 5)
        reader.join()
        assert (tmp_path / "shop.db-wal").stat().st_size == size  # written over from its begin
    assert seen == [19] * 3
    with closing(sqlite3.connect(tmp_path / "shop.db")) as other:
        assert other.execute(str(query)).fetchall() == [(4,)]


def test_a_log_that_somebody_reads_is_left_alone(small_log: Database, tmp_path: Path) -> None:
    query = select(tables.stations.c.num_open)
    with small_log.reading() as reader:
        before = reader.execute(query).scalar()
        write_some(small_log, 20)
        began = time.perf_counter()
        small_log.tidy()
        assert time.perf_counter() - began < 5  # far from the ten seconds for which a writer waits
        write_some(small_log, 5)
        assert reader.execute(query).scalar() == before
    small_log.tidy()
    size = (tmp_path / "shop.db-wal").stat().st_size
    write_some(small_log, 5)
    assert (tmp_path / "shop.db-wal").stat().st_size == size


def test_a_read_sees_one_moment(database: Database) -> None:
    with database.writing() as tx:
        insert_new(tx, tables.stations, warehouse="north", num_open=1)
    query = select(tables.stations.c.num_open)
    with database.reading() as reader:
        assert reader.execute(query).scalar() == 1
        with database.writing() as tx:
            tx.execute(update(tables.stations).values(num_open=2))
        assert reader.execute(query).scalar() == 1
    with database.reading() as reader:
        assert reader.execute(query).scalar() == 2


def test_a_read_sees_what_is_done_before_it(database: Database) -> None:
    def before() -> None:
        with database.writing() as tx:
            insert_new(tx, tables.stations, warehouse="north", num_open=1)

    with database.reading(before) as tx:
        assert tx.execute(select(tables.stations.c.warehouse)).scalars().all() == ["north"]


def test_a_failed_read_leaves_no_transaction_behind(database: Database) -> None:
    """Connections are used again: what one has begun must not be what the next one sees."""

    def fail() -> None:
        with database.reading() as tx:
            fetch(tx, select(tables.stations))
            raise ZeroDivisionError

    for _ in range(2):
        with pytest.raises(ZeroDivisionError):
            fail()
    with database.writing() as tx:
        insert_new(tx, tables.stations, warehouse="north", num_open=1)
    with database.reading() as tx:
        assert len(fetch(tx, select(tables.stations))) == 1


def test_a_failed_block_leaves_nothing(database: Database) -> None:
    def fail() -> None:
        with database.writing() as tx:
            insert_new(tx, tables.stations, warehouse="north", num_open=1)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    with database.reading() as tx:
        assert tx.execute(select(tables.stations)).all() == []


def test_a_row_is_new_once(database: Database) -> None:
    with database.writing() as tx:
        assert insert_new(tx, tables.stations, warehouse="north", num_open=1)
        assert not insert_new(tx, tables.stations, warehouse="north", num_open=7)
        assert tx.execute(select(tables.stations.c.num_open)).scalar() == 1


def test_ci_does_not_skip_postgresql(monkeypatch: pytest.MonkeyPatch) -> None:
    error = NoCluster("initdb is not installed")
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match="initdb"):
        without_postgres(error)
    monkeypatch.delenv("CI")
    with pytest.raises(pytest.skip.Exception, match="initdb"):
        without_postgres(error)


def test_a_missing_program_is_named() -> None:
    with pytest.raises(NoCluster, match="no-such-program is not installed"):
        find_program("no-such-program")


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "sqlite://", "", "sqlite+nonsense:///file"])
def test_other_databases_are_refused(url: str) -> None:
    with pytest.raises(InputError, match="--database"):
        Database(url)


MISTYPED = [
    "postgresql:/shop:SECRET@h/x",
    "postgresql://shop:SECRET@h:port/x",
    "postgresql://shop:SECRET@h:70000/x",
    "postgresql://shop:SECRET@h:0/x",
    "postgresql://shop:SECRET@h:/x",
    "postgresql://shop:SECRET/x",  # which would be the port
    "postgresql://shop:s@SECRET@h/x",  # which would be the host
    "postgresql://shop@h/x?port=SECRET",
    "mysql://h/x?password=SECRET",
    "sqlite://shop:SECRET@h/x",
]


@pytest.mark.parametrize("url", MISTYPED)
def test_no_password_is_repeated(url: str, sound_bundle: Path) -> None:
    for main, options in ((audit, ["verify"]), (serve, ["--bundle", str(sound_bundle)])):
        with pytest.raises(InputError, match=r"^--database.*postgresql://USER@HOST:PORT/NAME.*PGPASSWORD") as caught:
            main([*options, "--database", url])
        assert "SECRET" not in "".join(traceback.format_exception(caught.value))


@pytest.fixture
def guarded_url(server: Server) -> Iterator[str]:
    """Of a database whose user must give a password, which is not in it."""
    server.execute(f"CREATE ROLE {GUARDED} LOGIN PASSWORD 'from elsewhere'")
    name = server.create()
    server.execute(f"ALTER DATABASE {name} OWNER TO {GUARDED}")
    yield server.url(name).replace(f"//{USER}@", f"//{GUARDED}@")
    server.drop(name)
    server.execute(f"DROP ROLE {GUARDED}")


@pytest.mark.parametrize("way", ["PGPASSWORD", "PGPASSFILE"])
def test_a_password_may_come_from_the_environment(
    guarded_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], way: str
) -> None:
    """As the driver's library knows it: it is in no command line, where others of the machine could read it."""
    file = tmp_path / "pgpass"
    file.touch(mode=0o600)
    monkeypatch.setenv("PGPASSFILE", str(file))
    monkeypatch.delenv("PGPASSWORD", raising=False)
    without = Database(guarded_url)
    with pytest.raises(OperationalError, match="password"):
        without.ping()
    without.close()
    file.write_text(f"*:*:*:{GUARDED}:from elsewhere\n" if way == "PGPASSFILE" else "")
    if way == "PGPASSWORD":
        monkeypatch.setenv("PGPASSWORD", "from elsewhere")
    database = Database(guarded_url)
    database.migrate()
    database.close()
    assert audit(["verify", "--database", guarded_url]) == 0
    assert "no complaints" in capsys.readouterr().out


def test_any_number_of_readers_leave_room_for_a_writer(tmp_path: Path) -> None:
    """Connections are made as they are needed; none waits for one that somebody else has given back elsewhere."""
    database = Database(f"sqlite:///{tmp_path / 'many.db'}")
    database.migrate()
    for _ in range(2):  # the second time some are kept
        with ExitStack() as readers:
            for _ in range(60):
                readers.enter_context(database.reading())
            with database.writing() as tx:
                tx.execute(select(func.count()).select_from(tables.stock))
    database.close()
