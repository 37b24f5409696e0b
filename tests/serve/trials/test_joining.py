"""An order that joins what is held in an experiment: one plan, one unit, and every order counts."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Row, select, update

from scenarios.local_time import parse_utc
from serve.decisions.desk import Desk
from serve.policies.slots import Slots, Standing
from serve.storage import tables
from serve.trials.design import Design
from serve.trials.kept import create, experiment_of, find_row
from serve.trials.streams import Counts, count_units, read_orders, read_streams
from serve.trials.tables import trials
from tests.serve.decisions.test_desk import ask, ask_again
from tests.serve.decisions.test_groups import another
from tests.serve.decisions.test_waiting import toy_desk
from tests.serve.reviewed import empty_shelves


def run_experiment(desk: Desk) -> Design:
    """All fall to the control, which is the treatment, too."""
    own = desk.service.policy.bundle_sha256
    design = Design.model_validate({"name": "march", "treatment": own, "share": 1e-9})
    with desk.database.writing() as tx:
        create(tx, design, "salt", "anna")
        experiment = experiment_of(find_row(tx, "march"))
    standing = Standing(99, own, None, own, "experiment", design.share, "march")
    desk.policies.slots = Slots(standing, {own: desk.service}, experiment)
    return design


def kept(desk: Desk) -> dict[str, Row[tuple[object, ...]]]:
    with desk.database.reading() as tx:
        return {row.order_id: row for row in tx.execute(select(trials))}


def test_orders_that_are_decided_together_have_one_plan(database_url: str, tmp_path: Path) -> None:
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        design = run_experiment(desk)
        order["customer"] = "c-17"
        asked = {line["sku"] for line in order["lines"]}
        sku, now = next(name for name in desk.known.names.skus if name not in asked), parse_utc("t", order["placed_at"])
        assert ask(desk, order)["plan"]["kind"] == "hold"
        assert kept(desk)[order["id"]].is_pending
        answer = ask(desk, another(order, "late", sku, now + 90), at=now + 90)
        assert answer["joined_orders"] == [order["id"]]
        assert answer["unit"] == order["id"]
        while answer["plan"]["kind"] == "hold":
            assert all(row.is_pending for row in kept(desk).values())
            until = parse_utc("t", answer["plan"]["hold_until"])
            answer = ask_again(desk, "late", until)
        first, joined = (kept(desk)[name] for name in (order["id"], "late"))
        assert (first.unit, first.arm, first.is_pending) == (joined.unit, joined.arm, joined.is_pending)
        assert not first.is_pending
        total = sum(getattr(first, name) for name in ("cost_millicents", "lateness_millicents", "carbon_millicents"))
        assert (total, joined.cost_millicents) == (answer["plan"]["total_millicents"], 0)
        promise = parse_utc("t", answer["promise_at"])
        with desk.database.writing() as tx:
            of_late = select(tables.lines.c.parcel_id).where(tables.lines.c.order_id == "late")
            tx.execute(update(tables.parcels).values(delivered_at=promise))
            there = update(tables.parcels).where(tables.parcels.c.id.in_(of_late))
            tx.execute(there.values(delivered_at=promise + 3600))
        with desk.database.reading() as tx:
            assert count_units(tx, "march") == Counts(0, 1, num_orders=2, num_pending=0)
            streams = read_streams(tx, "march", design, promise + 86_400)
        assert streams["total"].sizes.sum() == streams["delivered_late"].sizes.sum() == 2
        assert streams["total"].sums.sum() == pytest.approx(total)
        assert streams["split"].sizes.sum() == streams["manual"].sizes.sum() == 1
        assert streams["delivered_late"].sums.sum() >= 1  # both, if they are in one parcel


def test_what_is_declined_at_once_is_owed_to_nobody(database_url: str, tmp_path: Path) -> None:
    with toy_desk("toy-presale", database_url, tmp_path, "num_later_lines") as (desk, order):
        run_experiment(desk)
        empty_shelves(desk)
        assert ask(desk, order)["plan"]["kind"] == "decline"
        assert set(kept(desk)) == {order["id"]}
        with desk.database.reading() as tx:
            assert read_orders(tx, "march", "delivered_late", 10**10) == {}
