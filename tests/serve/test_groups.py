"""A new order joins what is held for its customer; from then on they are decided together and end by themselves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from scenarios.local_time import format_utc, parse_utc
from serve.desk import Desk
from serve.ending import Ending, cancel_order
from serve.order import OrderAnswer, describe_order
from serve.tasks import lease_tasks
from tests.serve.test_desk import allocated, ask, ask_again, change
from tests.serve.test_waiting import toy_desk


def described(desk: Desk, order_id: str) -> OrderAnswer:
    with desk.database.reading() as tx:
        return describe_order(tx, order_id)


def another(order: dict[str, Any], order_id: str, sku: str, at: int, **changes: Any) -> dict[str, Any]:
    line = {"sku": sku, "units": 1}
    return {**order, "id": order_id, "lines": [line], "placed_at": format_utc(at), **changes}


def test_a_held_order_is_joined(database_url: str, tmp_path: Path) -> None:
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        order["customer"] = "c-17"
        asked = {line["sku"] for line in order["lines"]}
        sku, now = next(name for name in desk.known.names.skus if name not in asked), parse_utc("t", order["placed_at"])
        first = ask(desk, order)
        assert (first["plan"]["kind"], first["joined_orders"]) == ("hold", [])
        stranger = ask(desk, another(order, "stranger", sku, now + 60, customer="c-18"), at=now + 60)
        same_goods = ask(desk, another(order, "same", next(iter(asked)), now + 60), at=now + 60)
        assert stranger["joined_orders"] == same_goods["joined_orders"] == []
        assert described(desk, "same").group_id == "same"

        # The latest order of the customer counts, and that is held alone now: the other may join it.
        answer = ask(desk, another(order, "late", sku, now + 90), at=now + 90)
        assert answer["joined_orders"] == ["same"]
        assert described(desk, "late").group_id == "same"
        while answer["plan"]["kind"] == "hold":
            until = parse_utc("t", answer["plan"]["hold_until"])
            with desk.database.writing() as tx:
                due = {task.order_id for task in lease_tasks(tx, until, 10, 1)}
            assert "same" in due
            assert "late" not in due
            answer = ask_again(desk, "late", until)  # whichever of them is named
        owners = {line["sku"]: line["order_id"] for parcel in answer["plan"]["parcels"] for line in parcel["lines"]}
        assert owners == {next(iter(asked)): "same", sku: "late"}
        assert described(desk, "same").state == described(desk, "late").state == "reserved"
        assert sum(allocated(desk).values()) == 2

        change(desk, lambda tx, changes: cancel_order(tx, desk.known, changes, Ending("same", until)))
        assert (described(desk, "same").state, described(desk, "late").state) == ("cancelled", "reserved")
        assert {cell[1]: units for cell, units in allocated(desk).items()} == {sku: 1}
        desk.keep_until(until + 100_000)
        assert (described(desk, "late").state, allocated(desk)) == ("expired", {})
        again = ask_again(desk, "late", until + 100_000)
        assert [line["sku"] for parcel in again["plan"]["parcels"] for line in parcel["lines"]] == [sku]
