"""The command itself, killed under load: what clients were told is there when it is back, and no goods are lost.

The short form kills it a few times, `make kill` a hundred times on each database (`ROUTELAB_KILLS`).
"""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from agents.documents import OrderDocument
from serve.client import Client
from serve.storage import tables
from serve.storage.database import Database
from tests.serve.test_kill import check_it_adds_up
from tests.serve.web.test_processes import served, steady_port

NUM_KILLS = int(os.environ.get("ROUTELAB_KILLS", "3"))
NUM_CLIENTS = 4
READY_SECONDS = 15.0
AWAY_SECONDS = 3600
"""More than a reservation lasts."""


class Shoppers:
    """Clients that order one thing after another, and send an order again until it is answered.

    Args:
        url: of the endpoint.
        order: of which they order one line after another.

    Attributes:
        acknowledged: decisions by order, as they were answered.
    """

    def __init__(self, url: str, order: dict[str, Any]) -> None:
        self._url, self._order, self._is_over = url, order, threading.Event()
        self.acknowledged: dict[str, str] = {}

    def order(self, side: int) -> None:
        """Orders until it is over."""
        number = 0
        # Soon after it is back they are back, too: the next kill is to find it at work.
        with Client(self._url, sleep=lambda seconds: time.sleep(min(seconds, 0.2))) as client:
            while not self._is_over.is_set():
                number += 1
                lines = [self._order["lines"][number % len(self._order["lines"])]]
                order = OrderDocument.model_validate({**self._order, "id": f"order {side} {number}", "lines": lines})
                self.acknowledged[str(order.id)] = client.decide(order, key=f"key {side} {number}").decision_id

    def wait_for(self, number: int) -> None:
        """Returns when so many more orders than now have been answered."""
        wanted, until = len(self.acknowledged) + number, time.monotonic() + 60
        while len(self.acknowledged) < wanted:
            assert time.monotonic() < until
            time.sleep(0.005)

    @contextmanager
    def at_work(self) -> Iterator[Callable[[], None]]:
        """Gives what ends their work; the endpoint must be there then, for who waits for an answer gets it."""
        with ThreadPoolExecutor(NUM_CLIENTS) as threads:
            sides = [threads.submit(self.order, side) for side in range(NUM_CLIENTS)]

            def stop() -> None:
                self._is_over.set()
                for side in sides:
                    side.result()

            try:
                yield stop
            finally:
                self._is_over.set()


class Shop:
    """The database of an endpoint that is killed.

    Args:
        url: of the database.
        shoppers: who order from it.
    """

    def __init__(self, url: str, shoppers: Shoppers) -> None:
        self._database, self._shoppers = Database(url), shoppers

    def close(self) -> None:
        self._database.close()

    def check(self) -> None:
        """All is on record that was acknowledged, each order was decided once, and goods add up with parcels."""
        told = dict(self._shoppers.acknowledged)
        check_it_adds_up(self._database, list(told.values()))
        made = tables.decisions.c
        with self._database.reading() as tx:
            kept = tx.execute(select(made.order_id, made.id)).all()
        assert len({order_id for order_id, _ in kept}) == len(kept)  # however often it was sent
        assert told.items() <= {order_id: decision_id for order_id, decision_id in kept}.items()

    def pass_time(self) -> None:
        """Nobody is there until all reservations are past their limit: they are dated back by so much."""
        row = tables.orders.c
        with self._database.writing() as tx:
            tx.execute(update(tables.orders).values(expires_at=row.expires_at - AWAY_SECONDS))

    def wait_until_nothing_is_past_its_limit(self) -> None:
        """Fails where a reservation that ran out keeps its goods."""
        row, until = tables.orders.c, time.monotonic() + 60
        is_past = select(func.count()).select_from(tables.orders).where(row.expires_at <= time.time())
        while self._count(is_past):
            assert time.monotonic() < until
            time.sleep(0.1)

    def num_allocated(self) -> int:
        return self._count(select(func.sum(tables.stock.c.allocated_units)))

    def _count(self, query: Any) -> int:
        with self._database.reading() as tx:
            return int(tx.execute(query).scalar_one())


def waited_seconds(pid: int) -> float:
    """That the thread which waited longest for a core waited, as somebody else had it."""
    waited_ns = [0]
    for told in Path("/proc").glob(f"{pid}/task/*/schedstat"):
        with suppress(OSError):  # a thread that has just ended
            waited_ns.append(int(told.read_text().split()[1]))
    return max(waited_ns) / 1e9


@contextmanager
def killed_at_the_end(bundle: Path, url: str, port: int, ready_seconds: float) -> Iterator[None]:
    """The command is started, and ready in so many seconds, those aside in which others had the cores."""
    began = time.monotonic()
    with served(bundle, url, port=port) as (process, _), Client(f"http://127.0.0.1:{port}") as client:
        client.wait_until_ready()
        assert time.monotonic() - began - waited_seconds(process.pid) < ready_seconds
        yield
        assert process.poll() is None
        os.kill(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.slow
def test_a_command_that_is_killed_again_and_again_loses_nothing(
    sound_bundle: Path, database_url: str, make_request: Callable[..., dict[str, Any]]
) -> None:
    """Killed at random moments while clients order.

    That it is ready again within 15 s is a requirement and no measure of speed: the rules are compiled when it starts
    first, which takes minutes and is not counted, and read from their cache after that.
    """
    asked, port, moments = make_request()["order"], steady_port(), random.Random(NUM_KILLS)
    order = {"region": asked["region"], "promise_at": "2099-01-01T00:00:00Z"}
    order["lines"] = [{"sku": line["sku"], "units": 1} for line in asked["lines"]]
    shoppers = Shoppers(f"http://127.0.0.1:{port}", order)
    shop = Shop(database_url, shoppers)
    with shoppers.at_work() as stop:
        for number in range(NUM_KILLS):
            with killed_at_the_end(sound_bundle, database_url, port, READY_SECONDS if number else 600.0):
                shop.wait_until_nothing_is_past_its_limit()
                shoppers.wait_for(1)
                time.sleep(moments.uniform(0.0, 0.5))
            shop.check()
            assert shop.num_allocated()
            shop.pass_time()
        with killed_at_the_end(sound_bundle, database_url, port, READY_SECONDS):
            stop()
            shop.check()
            shop.pass_time()
            shop.wait_until_nothing_is_past_its_limit()
            assert shop.num_allocated() == 0
    shop.check()
    shop.close()
