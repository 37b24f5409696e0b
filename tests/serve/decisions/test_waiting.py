"""Orders that are held, and parcels that wait for a presale date, in the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from sqlalchemy import select

from agents.bundle import BundleAgent
from envs.snapshot import Snapshot
from scenarios.local_time import parse_utc
from serve.decisions.chain import Choice
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.service import DecisionService
from serve.main import load_desk
from serve.orders.order import describe_order
from serve.orders.tasks import lease_tasks
from serve.storage import tables
from serve.storage.database import Database
from tests.policy_bundles import make_bundle
from tests.serve.conftest import AMPLE_SECONDS
from tests.serve.decisions.test_desk import allocated, ask, ask_again, total


@contextmanager
def toy_desk(scenario: str, url: str, folder: Path, column: str) -> Iterator[tuple[Desk, dict[str, Any]]]:
    """A desk of a toy that chooses, where it can, a plan with something in ``column``; and the toy's first order."""
    agent = BundleAgent(make_bundle(folder / scenario, scenario, every=1))
    service = DecisionService(agent, AMPLE_SECONDS)

    def choose(snapshot: Snapshot, *_: object) -> Choice:
        wanted = np.flatnonzero(snapshot.plans.slots[column][: snapshot.num_plans])
        return Choice("policy", int(wanted[0]) if len(wanted) else 0, None, None, np.ones(32) / 32)

    service.chain.decide = choose  # type: ignore[method-assign,assignment]
    desk = load_desk(service, Database(url), DeskSettings(is_request_clock=True))
    order = agent.bundle.golden[0].document["order"]
    try:
        yield desk, {name: order[name] for name in ("id", "region", "promise_at", "placed_at", "lines")}
    finally:
        desk.database.close()


def test_a_hold_takes_nothing_and_ends_as_a_task(database_url: str, tmp_path: Path) -> None:
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        answer = ask(desk, order)
        assert (answer["plan"]["kind"], answer["reservation"], allocated(desk)) == ("hold", None, {})
        until = parse_utc("t", answer["plan"]["hold_until"])
        with desk.database.writing() as tx:
            assert describe_order(tx, order["id"]).state == "held"
            assert lease_tasks(tx, until - 1, 10, 60) == []
            tasks = lease_tasks(tx, until, 10, 60)
            assert [(task.kind, task.order_id) for task in tasks] == [("hold_ended", order["id"])]
        again = ask_again(desk, order["id"], until)
        row = tables.orders.c
        with desk.database.reading() as tx:
            held = tx.execute(select(row.num_holds, row.held_seconds).where(row.id == order["id"])).one()
        seconds = until - parse_utc("t", order["placed_at"])
        assert tuple(held) in ((1, seconds), (2, seconds))  # the second hold is a choice again
        assert again["plan"]["kind"] in ("ship", "hold")


def test_a_presale_parcel_is_released_on_its_date(database_url: str, tmp_path: Path) -> None:
    with toy_desk("toy-presale", database_url, tmp_path, "num_later_lines") as (desk, order):
        answer = ask(desk, order, confirm=True)
        later = [parcel for parcel in answer["plan"]["parcels"] if parcel["release_from"]]
        assert later
        assert sum(allocated(desk).values()) == sum(line["units"] for line in order["lines"])
        at_once = len(answer["plan"]["parcels"]) - len(later)
        assert total(desk, tables.stations.c.num_queued) == total(desk, tables.bookings.c.booked_parcels) == at_once
        date = max(parse_utc("t", parcel["release_from"]) for parcel in later)
        desk.keep_until(date - 1)
        assert total(desk, tables.stations.c.num_queued) < len(answer["plan"]["parcels"])
        desk.keep_until(date)
        assert total(desk, tables.stations.c.num_queued) == len(answer["plan"]["parcels"])
        row = tables.parcels.c
        with desk.database.reading() as tx:
            found = tx.execute(select(row.collection_at, row.stage).where(row.id == later[-1]["id"])).one()
        assert (found.stage, found.collection_at >= date) == ("queued", True)
