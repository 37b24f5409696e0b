"""Replays of decisions in which chance had a part: what is made again and compared, and what is not."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from fastapi.testclient import TestClient

from serve.decisions import record as records
from serve.decisions.answer import DecisionAnswer
from serve.decisions.desk import Desk
from serve.decisions.plan_writer import LightDecision
from serve.decisions.record import OF_THE_DRAW, OF_THE_MOMENT, Record, find_decision, read_record
from tests.serve.trials.march import Request, begin, decide, order_of

LATER = "2030-01-01T00:00:00Z"


def altered(told: dict[str, Any]) -> dict[str, Any]:
    """Another value of each field of an answer."""
    return {
        "decision_id": "another",
        "order_id": "another",
        "joined_orders": ["another"],
        "stage": "static",
        "fallback_reason": "another",
        "plan": None,
        "promise_at": LATER,
        "quoted_delivery_at": LATER,
        "quote_level": 0.125,
        "confidence": 0.125,
        "num_plans": 33,
        "alternatives": [told["plan"]],
        "reasons": ["another"],
        "policy": {**told["policy"], "name": "another"},
        "arm": "active" if told["arm"] == "canary" else "canary",
        "propensity": 0.125,
        "plan_propensity": 0.125,
        "experiment": "april",
        "unit": "another",
        "reservation": None,
        "review": {"reasons": ["rule"], "due_at": LATER},
        "review_rules": "another",
        "latency_ms": 0.125,
    }


def read(desk: Desk, told: dict[str, Any]) -> Record:
    with desk.database.reading() as tx:
        return read_record(tx, find_decision(tx, told["decision_id"]))


def unseen(desk: Desk, record: Record, told: dict[str, Any]) -> set[str]:
    """Fields of a recorded answer that can be altered without a replay's answer being another one."""

    def is_same(name: str, value: Any) -> bool:
        fields = dict(json.loads(record.answer)) | {name: value}
        ordered = {key: fields[key] for key in LightDecision.__struct_fields__ if key in fields}
        text = msgspec.json.encode(ordered)
        service = desk.policies.find(told["policy"]["bundle_sha256"])
        return replace(record, answer=text).replay(service).is_same

    values = altered(told)
    assert values.keys() == DecisionAnswer.model_fields.keys()
    assert is_same("order_id", told["order_id"])  # written as the endpoint writes it
    return {name for name, value in values.items() if is_same(name, value)}


@pytest.mark.parametrize(
    "design", [{}, {"unit": "customer", "block_minutes": 60}, {"unit": "region_block", "block_minutes": 60}], ids=str
)
def test_whatever_is_altered_in_an_answer_shows_unless_it_is_said_to_be_taken_from_there(
    client: TestClient, desk: Desk, make_request: Request, treatment: str, design: dict[str, Any]
) -> None:
    begin(client, treatment, share=0.4, **design)
    told = decide(client, order_of(make_request, "one", customer="c-17"))
    assert (told["experiment"], told["propensity"] in (0.4, 0.6)) == ("march", True)
    again = client.post(f"/v1/decisions/{told['decision_id']}/replay").json()
    assert (again["is_same"], again["taken_as_recorded"]) == (True, list(OF_THE_MOMENT))
    assert unseen(desk, read(desk, told), told) <= set(OF_THE_MOMENT)


def test_of_a_record_from_before_draws_were_kept_they_are_taken_and_that_is_said(
    client: TestClient, desk: Desk, make_request: Request, treatment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin(client, treatment, share=0.4)
    told = decide(client, order_of(make_request, "one"))
    kept = records.payload

    def older(*args: Any) -> bytes:
        content = json.loads(kept(*args) or b"")
        del content["draw"]
        return json.dumps(content).encode()

    monkeypatch.setattr(records, "payload", older)
    again = client.post(f"/v1/decisions/{told['decision_id']}/replay").json()
    assert (again["is_same"], again["taken_as_recorded"]) == (True, [*OF_THE_MOMENT, *OF_THE_DRAW])
    assert set(OF_THE_DRAW) < unseen(desk, read(desk, told), told) <= {*OF_THE_MOMENT, *OF_THE_DRAW}
