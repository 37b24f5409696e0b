"""An experiment, from its plan to decisions within it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import select

from scenarios.local_time import format_utc
from serve.decisions.desk import Desk
from serve.trials.tables import trials
from tests.serve.decisions import test_desk

Request = Callable[..., dict[str, Any]]
Harm = Callable[[int, bool], dict[str, Any]]


def order_of(make_request: Request, order_id: str, **changes: Any) -> dict[str, Any]:
    """One unit of one SKU, of which there is enough for a whole test."""
    order = test_desk.order_of(make_request, order_id, **changes)
    return {**order, "lines": [{**order["lines"][0], "units": 1}]}


def create(client: TestClient, treatment: str, name: str = "march", **changes: Any) -> dict[str, Any]:
    answer = client.post("/v1/experiments", json={"name": name, "treatment": treatment, **changes})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def begin(client: TestClient, treatment: str, name: str = "march", **changes: Any) -> dict[str, Any]:
    create(client, treatment, name, **changes)
    answer = client.post(f"/v1/experiments/{name}/start")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def decide(client: TestClient, order: dict[str, Any], at: int | None = None, **options: Any) -> dict[str, Any]:
    now = {} if "snapshot" in options else {"now": order["placed_at"] if at is None else format_utc(at)}
    answer = client.post("/v1/decisions", json={"order": order, **now, **options})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def arms(told: dict[str, Any], treatment: str) -> tuple[str, float]:
    """What an answer must say of its arm, given which policy decided."""
    return ("canary", 0.4) if told["policy"]["bundle_sha256"] == treatment else ("active", 0.6)


def kept(desk: Desk, order_id: str) -> Any:
    with desk.database.reading() as tx:
        return tx.execute(select(trials).where(trials.c.order_id == order_id)).one()


def expect(desk: Desk, num: int, cost_treated: int, *, begin_at: int = 0, harm: Harm | None = None) -> None:
    """Orders of an experiment, with what they are expected to cost, as if they had been decided.

    Args:
        desk: with the experiment.
        num: of orders.
        cost_treated: that the treatment is dearer, in millicents.
        begin_at: number of the first one, and the second in which it comes.
        harm: columns of a row that are otherwise, by the number of the order and whether it is treated.
    """
    experiment = desk.policies.slots.experiment
    assert experiment is not None
    rows = []
    for number in range(num):
        unit = f"unit {begin_at + number}"
        is_treated = experiment.assignment.is_treated(unit)
        cost = 500_000 + (7919 * number) % 1000 * 100 + (cost_treated if is_treated else 0)
        expected = {"cost_millicents": cost, "lateness_millicents": 0, "carbon_millicents": 0}
        rows.append(
            {
                "experiment_id": experiment.id,
                "order_id": unit,
                "unit": unit,
                "arm": "canary" if is_treated else "active",
                "entered_at": begin_at + number,
                "is_counted": True,
                "is_pending": False,
                "is_manual": False,
                "promise_at": begin_at + number + 86_400,
                **expected,
                "late_probability": 0.0,
                "num_parcels": 1,
                **(harm(number, is_treated) if harm else {}),
            }
        )
    with desk.database.writing() as tx:
        tx.execute(trials.insert(), rows)
