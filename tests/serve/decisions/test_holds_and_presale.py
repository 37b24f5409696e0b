"""Orders that are held, and parcels that wait for a presale date, in answers."""

from __future__ import annotations

import copy
from typing import Any

import numpy as np

from agents.bundle import BundleAgent
from agents.document_reader import DocumentReader
from agents.documents import CaseDocument, parse_case
from envs.costs import WAITING
from envs.prices import Pricing
from envs.snapshot import Snapshot
from scenarios.local_time import format_utc, parse_utc
from scenarios.registry import load_scenario
from serve.decisions.chain import Chain
from serve.decisions.plan_writer import PlanWriter
from serve.explanations.reasons import describe_plan, explain
from tests.policy_bundles import record
from tests.serve.conftest import AMPLE_SECONDS

HOLD_SECONDS = 1800  # of toy-hold


def first_request(scenario: str) -> tuple[dict[str, Any], DocumentReader]:
    """The first decision of a toy, and who reads it."""
    reader = DocumentReader(load_scenario(scenario).public(), Pricing.CLOSED_FORM)
    return copy.deepcopy(record(scenario)[0].document), reader


def read(document: dict[str, Any], reader: DocumentReader) -> tuple[CaseDocument, Snapshot]:
    case = parse_case(document)
    return case, reader.read(case)


def held_slot(snapshot: Snapshot) -> int:
    slots = snapshot.plans.slots[: snapshot.num_plans]
    return int(np.flatnonzero(slots["hold_seconds"] == HOLD_SECONDS)[0])


def test_a_hold_states_until_when() -> None:
    document, reader = first_request("toy-hold")
    case, snapshot = read(document, reader)
    held = held_slot(snapshot)
    plan = PlanWriter(snapshot, case, reader.names).write(held, None)
    assert (plan.kind, plan.parcels, plan.quoted_delivery_at) == ("hold", [], None)
    assert plan.hold_until == format_utc(parse_utc("now", document["snapshot"]["now"]) + HOLD_SECONDS)
    assert plan.total_millicents == plan.cost_millicents["waiting"] == snapshot.plans.costs[held, WAITING]
    other = PlanWriter(snapshot, case, reader.names).write(1 - held, None)
    assert (other.kind, other.hold_until) == ("ship", None)
    assert [parcel.release_from for parcel in other.parcels] == [None]


def test_a_hold_is_not_compared_by_cost() -> None:
    _, snapshot = read(*(pair := first_request("toy-hold")))
    names, held = pair[1].names, held_slot(snapshot)
    sent = 1 - held
    assert describe_plan(snapshot, names, held) == "hold the order for 30 minutes"
    as_runner_up, as_choice = explain(snapshot, names, sent, held), explain(snapshot, names, held, sent)
    assert "The runner-up (hold the order for 30 minutes) is not compared by cost." in as_runner_up[0]
    assert f"The runner-up ({describe_plan(snapshot, names, sent)}) is not compared by cost." == as_choice[0]
    assert as_choice[1].startswith("The choice is to hold the order for 30 minutes and decide again")
    for sentence in as_runner_up + as_choice:
        assert "less than" not in sentence
        assert "more than" not in sentence
        assert "as much as" not in sentence


def test_a_hold_is_no_stock_that_a_backorder_passes_over() -> None:
    document, reader = first_request("toy-hold")
    home = document["snapshot"]["stock"][0]
    for row in document["snapshot"]["stock"]:
        row.update(on_hand_units=0, allocated_units=0)
    document["snapshot"]["receipts"] = [
        {
            "id": "truck-7",
            "warehouse": home["warehouse"],
            "sku": document["order"]["lines"][0]["sku"],
            "expected_at": format_utc(parse_utc("now", document["snapshot"]["now"]) + 7200),
            "expected_units": 50,
        }
    ]
    case, snapshot = read(document, reader)
    held = held_slot(snapshot)
    slot = int(np.flatnonzero(snapshot.plans.slots["num_backordered_lines"][: snapshot.num_plans])[0])
    reasons = explain(snapshot, reader.names_of(case.order), slot, held)
    assert PlanWriter(snapshot, case, reader.names).write(slot, None).kind == "backorder"
    assert "It waits for a receipt because stock alone cannot serve the whole order." in reasons


def test_a_person_decides_when_only_a_hold_and_declining_are_left(agent: BundleAgent) -> None:
    document, reader = first_request("toy-hold")
    for row in document["snapshot"]["stock"]:
        row.update(on_hand_units=0, allocated_units=0)
    document["snapshot"]["receipts"] = []
    _, snapshot = read(document, reader)
    assert not snapshot.network.settings["is_decline_a_choice"][0]
    assert snapshot.plans.slots["hold_seconds"][: snapshot.num_plans].any()
    choice = Chain(agent, AMPLE_SECONDS).decide(snapshot)
    assert (choice.stage, choice.slot, choice.fallback_reason) == ("review", None, "no feasible plan")


def test_a_presale_parcel_states_its_date() -> None:
    document, reader = first_request("toy-presale")
    case, snapshot = read(document, reader)
    slots = snapshot.plans.slots[: snapshot.num_plans]
    split = int(np.flatnonzero((slots["num_parcels"] == 2) & (slots["num_later_lines"] == 1))[0])
    plan = PlanWriter(snapshot, case, reader.names).write(split, None)
    now = parse_utc("now", document["snapshot"]["now"])
    at_once, later = sorted(plan.parcels, key=lambda parcel: parcel.release_from or "")
    assert (plan.kind, at_once.release_from) == ("ship", None)
    assert later.release_from is not None
    dates = [row["ship_from"] for row in case.model_dump()["order"]["lines"] if row["ship_from"]]
    assert later.release_from in dates
    assert now < parse_utc("release", later.release_from) < parse_utc("collection", later.collection_at)
    words = describe_plan(snapshot, reader.names, split)
    assert words.count(" from ") == 1
    assert f"{later.warehouse} by {later.service} from {later.release_from}" in words
