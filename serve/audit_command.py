"""``routelab audit verify``: reads the whole audit log and says what does not fit."""

from __future__ import annotations

import argparse
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.exc import DBAPIError

from scenarios.errors import InputError
from serve import tables
from serve.audit import complaints
from serve.database import DEFAULT_URL, Database


def main(args: Sequence[str] | None = None) -> int:
    """Verifies the log.

    Returns:
        0 if it is as it was written, 1 if not; each complaint is a line.

    Raises:
        InputError: the database cannot be read.
    """
    parser = argparse.ArgumentParser(prog="routelab audit", description="Checks the endpoint's audit log.")
    parser.add_argument("action", choices=["verify"], help="read all rows and payloads, and say what does not fit")
    parser.add_argument("--database", default=DEFAULT_URL, metavar="URL", help="as of routelab serve (%(default)s)")
    options = parser.parse_args(args)
    database = Database(options.database, must_exist=True)
    try:
        with database.reading() as tx:
            found = list(complaints(tx))
            num_rows, num_writers = (
                tx.execute(select(func.count(), func.count(tables.audit.c.writer.distinct())).select_from(tables.audit))
            ).one()
    except DBAPIError as error:
        reason = type(error.orig).__name__
        raise InputError("--database", reason, "a database of routelab serve", "correct the URL") from error
    finally:
        database.close()
    for complaint in found:
        print(complaint)
    print(f"{num_rows} rows of {num_writers} writers: {len(found) or 'no'} complaint{'s' * (len(found) != 1)}")
    return 1 if found else 0
