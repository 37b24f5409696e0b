"""Whether the database answers, found out in bounded time, even if it takes what is asked and says nothing."""

from __future__ import annotations

import threading
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NoAnswer

from sqlalchemy.exc import TimeoutError as DatabaseTimeout

from serve.storage.database import Database

PATIENCE_SECONDS = 3.0


class Pulse:
    """Asks the database; as long as it owes an answer, it is not asked again.

    Args:
        database: that is asked.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._asked: Future[None] | None = None

    def check(self) -> None:
        """Returns if the database answers.

        Raises:
            sqlalchemy.exc.SQLAlchemyError: it does not, or not in time.
        """
        with self._lock:
            if self._asked is None or self._asked.done():
                self._asked = Future()
                threading.Thread(target=self._ask, args=(self._asked,), name="pulse", daemon=True).start()
            asked = self._asked
        try:
            asked.result(PATIENCE_SECONDS)
        except NoAnswer as error:
            raise DatabaseTimeout("the database does not answer") from error

    def _ask(self, asked: Future[None]) -> None:
        try:
            self._database.ping()
            asked.set_result(None)
        except Exception as error:
            asked.set_exception(error)
