"""``routelab audit``: verifies the endpoint's audit log, and erases payloads whose time is over."""

from __future__ import annotations

import time
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from scenarios.arguments import Arguments
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS
from serve.audit.kinds import ERASABLE
from serve.audit.log import AuditWriter, complaints
from serve.storage import tables
from serve.storage.database import DEFAULT_URL, Database
from serve.web.actor import RETENTION

_AT_ONCE = 500


def main(args: Sequence[str] | None = None) -> int:
    """Verifies the log, or erases old payloads of what happened to orders and goods.

    Returns:
        0; 1 if the log is not as it was written, each complaint a line.

    Raises:
        InputError: the database cannot be read.
    """
    parser = Arguments(prog="routelab audit", description="The endpoint's audit log.")
    parser.add_argument("action", choices=["verify", "erase"], help="say what does not fit; erase old payloads")
    parser.add_argument("--database", default=DEFAULT_URL, metavar="URL", help="as of routelab serve (%(default)s)")
    parser.add_argument("--older-than-days", type=int, metavar="N", help="which payloads are erased")
    options = parser.parse_args(args)
    days = options.older_than_days
    if options.action == "erase" and (days is None or days < 0):
        raise InputError("--older-than-days", days, "days, 0 or more", "say which payloads are to be erased")
    database = Database(options.database, must_exist=True)
    try:
        return _verify(database) if options.action == "verify" else _erase(database, days)
    except DBAPIError as error:
        reason = type(error.orig).__name__
        raise InputError("--database", reason, "a database of routelab serve", "correct the URL") from error
    finally:
        database.close()


def _verify(database: Database) -> int:
    counts = select(func.count(), func.count(tables.audit.c.writer.distinct())).select_from(tables.audit)
    with database.reading() as tx:
        found = list(complaints(tx))
        num_rows, num_writers = tx.execute(counts).one()
    for complaint in found:
        print(complaint)
    print(f"{_counted(num_rows, 'row')} of {_counted(num_writers, 'writer')}: ", end="")
    print(_counted(len(found), "complaint") if found else "no complaints")
    return 1 if found else 0


def _erase(database: Database, days: int) -> int:
    row, kept, writer = tables.audit.c, tables.payloads.c, AuditWriter()
    before = 1_000_000 * (int(time.time()) - days * DAY_SECONDS)
    both = tables.audit.join(tables.payloads, (row.writer == kept.writer) & (row.seq == kept.seq))
    old = select(row.writer, row.seq).select_from(both).where(row.at < before, row.kind.in_(ERASABLE)).limit(_AT_ONCE)
    num_erased = 0
    while True:
        with database.writing() as tx:
            found = tx.execute(old).all()
            for chain, seq in found:
                writer.erase(tx, chain, seq, RETENTION)
        num_erased += len(found)
        if len(found) < _AT_ONCE:
            print(f"{num_erased} payloads erased")
            return 0


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' * (number != 1)}"
