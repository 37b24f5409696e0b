"""From a request to an answer in plain words."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.bundle import BundleAgent
from envs.costs import PART_NAMES
from scenarios.errors import InputError
from scenarios.local_time import format_utc, parse_utc
from scenarios.public import PublicScenario
from serve.decisions.answer import DecisionAnswer, PlanAnswer
from serve.decisions.plan_writer import to_json
from serve.decisions.request import DecisionRequest
from serve.decisions.service import DecisionService

Request = Callable[..., dict[str, Any]]


def ask(service: DecisionService, document: dict[str, Any]) -> DecisionAnswer:
    return service.decide(DecisionRequest.model_validate(document))


def test_the_answer_states_plan_promise_and_policy(
    service: DecisionService, sound_agent: BundleAgent, make_request: Request
) -> None:
    document = make_request()
    answer = ask(service, document)
    assert answer.plan is not None
    assert answer.order_id == document["order"]["id"]
    assert answer.promise_at == document["order"]["promise_at"]
    assert answer.quoted_delivery_at == max(parcel.quoted_delivery_at for parcel in answer.plan.parcels)
    assert answer.quote_level == sound_agent.bundle.public.settings.quote_level
    assert answer.confidence == answer.plan.probability
    assert answer.policy.bundle_sha256 == sound_agent.bundle.sha256
    assert answer.policy.scenario_id == "metro-small@1"
    assert answer.latency_ms > 0
    assert ask(service, document).decision_id != answer.decision_id


def test_every_plan_sends_every_line_once_and_its_parts_add_up(
    service: DecisionService, sound_agent: BundleAgent, make_request: Request
) -> None:
    public = sound_agent.bundle.public
    for position in range(len(sound_agent.bundle.golden)):
        document = {**make_request(position), "max_alternatives": 31}
        answer = ask(service, document)
        assert answer.plan is not None
        assert len(answer.alternatives) == answer.num_plans - 1
        wanted = sorted((line["sku"], line["units"]) for line in document["order"]["lines"])
        for plan in [answer.plan, *answer.alternatives]:
            assert tuple(plan.cost_millicents) == PART_NAMES
            assert sum(plan.cost_millicents.values()) == plan.total_millicents
            if plan.kind != "decline":
                sent = sorted((line.sku, line.units) for parcel in plan.parcels for line in parcel.lines)
                assert sent == wanted
            _check_hard_constraints(plan, public, document)
        probabilities = [plan.probability for plan in (answer.plan, *answer.alternatives)]
        assert probabilities == sorted(probabilities, reverse=True)  # type: ignore[type-var]
        assert sum(probabilities) == pytest.approx(1.0)  # type: ignore[arg-type]


def _check_hard_constraints(plan: PlanAnswer, public: PublicScenario, document: dict[str, Any]) -> None:
    """Stock, handling and times of a plan, checked against the entities rather than the arrays."""
    warehouses = {warehouse.name: warehouse for warehouse in public.warehouses}
    skus = {sku.name: sku for sku in public.skus}
    stock = {(row["warehouse"], row["sku"]): row for row in document["snapshot"]["stock"]}
    receipts = {row["id"]: row for row in document["snapshot"]["receipts"]}
    now = parse_utc("now", document["snapshot"]["now"])
    assert len(plan.parcels) <= public.settings.max_parcels
    for parcel in plan.parcels:
        for line in parcel.lines:
            assert not skus[line.sku].requirements & ~warehouses[parcel.warehouse].capabilities & 7
            row = stock[parcel.warehouse, line.sku]
            if parcel.receipt is None:
                assert row["on_hand_units"] - row["allocated_units"] >= line.units
            else:
                receipt = receipts[parcel.receipt.id]
                assert (receipt["warehouse"], receipt["sku"]) == (parcel.warehouse, line.sku)
                assert receipt["expected_units"] - receipt["claimed_units"] >= line.units
        times = [parse_utc("t", text) for text in (parcel.collection_at, parcel.expected_delivery_at)]
        assert now <= times[0] <= times[1]
        assert 0 <= parcel.late_probability <= 1


def test_alternatives_are_as_many_as_asked_for(service: DecisionService, make_request: Request) -> None:
    assert len(ask(service, {**make_request(), "max_alternatives": 0}).alternatives) == 0
    assert len(ask(service, {**make_request(), "max_alternatives": 3}).alternatives) == 3


def test_weights_of_the_request_change_the_plan(service: DecisionService, make_request: Request) -> None:
    chosen = set()
    for weights in ((1.0, 1.0, 1.0), (0.0, 1000.0, 0.0), (0.0, 0.0, 1000.0)):
        document = make_request()
        document["snapshot"]["weights"] = dict(zip(("cost", "lateness", "carbon"), weights, strict=True))
        answer = ask(service, document)
        assert answer.plan is not None
        chosen.add(tuple((parcel.warehouse, parcel.service) for parcel in answer.plan.parcels))
    assert len(chosen) > 1


def test_reasons_name_the_runner_up_and_what_excluded_warehouses(
    service: DecisionService, make_request: Request
) -> None:
    document = make_request()
    sku = document["order"]["lines"][0]["sku"]
    first, second = [row for row in document["snapshot"]["stock"] if row["sku"] == sku][:2]
    first.update(on_hand_units=0, allocated_units=0)
    answer = ask(service, document)
    assert answer.plan is not None
    runner_up = answer.alternatives[0]
    words = ", ".join(f"{parcel.warehouse} by {parcel.service}" for parcel in runner_up.parcels)
    gap = abs(answer.plan.total_millicents - runner_up.total_millicents) / 100_000
    assert f"the runner-up ({words}" in answer.reasons[0]
    assert f"{gap:.2f}" in answer.reasons[0]
    excluded = next(reason for reason in answer.reasons if reason.startswith(sku))
    assert first["warehouse"] in excluded
    assert second["warehouse"] != first["warehouse"]


def test_a_split_says_why(service: DecisionService, make_request: Request) -> None:
    document = make_request()
    lines = document["order"]["lines"] = document["order"]["lines"][:2]  # as many parcels as a plan may have
    assert len(lines) == 2
    ordered, stock = {line["sku"] for line in lines}, document["snapshot"]["stock"]
    document["snapshot"]["stock"] = [row for row in stock if row["sku"] in ordered]
    homes: dict[str, str] = {}
    for row in document["snapshot"]["stock"]:  # each SKU in a warehouse of its own
        had = row["on_hand_units"] - row["allocated_units"]
        wanted = next(line["units"] for line in lines if line["sku"] == row["sku"])
        is_home = row["sku"] not in homes and had >= wanted and row["warehouse"] not in homes.values()
        if is_home:
            homes[row["sku"]] = row["warehouse"]
        else:
            row.update(on_hand_units=0, allocated_units=0)
    document["snapshot"]["receipts"] = []
    assert len(homes) == len(lines)
    answer = ask(service, document)
    assert answer.plan is not None
    assert {parcel.warehouse for parcel in answer.plan.parcels} == set(homes.values())
    assert "It is split because no warehouse can send all lines in one parcel." in answer.reasons


def test_a_backorder_names_its_receipt(service: DecisionService, make_request: Request) -> None:
    document = make_request()
    document["order"]["lines"] = document["order"]["lines"][:1]
    line = document["order"]["lines"][0]
    now = parse_utc("now", document["snapshot"]["now"])
    home = next(row for row in document["snapshot"]["stock"] if row["sku"] == line["sku"] and row["on_hand_units"])
    for row in document["snapshot"]["stock"]:
        row.update(on_hand_units=0, allocated_units=0)
    expected_at = format_utc(now + 7200)
    document["snapshot"]["receipts"] = [
        {
            "id": "truck-7",
            "warehouse": home["warehouse"],
            "sku": line["sku"],
            "expected_at": expected_at,
            "expected_units": 50,
        }
    ]
    answer = ask(service, document)
    assert answer.plan is not None
    assert answer.plan.kind == "backorder"
    receipt = answer.plan.parcels[0].receipt
    assert receipt is not None
    assert (receipt.id, receipt.expected_at) == ("truck-7", expected_at)
    assert "It waits for a receipt because stock alone cannot serve the whole order." in answer.reasons


def test_nothing_feasible_goes_to_a_person_with_reasons(service: DecisionService, make_request: Request) -> None:
    document = make_request()
    for row in document["snapshot"]["stock"]:
        row.update(on_hand_units=0, allocated_units=0)
    document["snapshot"]["receipts"] = []
    answer = ask(service, document)
    assert (answer.stage, answer.plan, answer.confidence, answer.quoted_delivery_at) == ("review", None, None, None)
    assert answer.fallback_reason == "no feasible plan"
    assert any("0 of" in reason for reason in answer.reasons)


def test_a_warehouse_without_a_row_has_none_of_it(service: DecisionService, make_request: Request) -> None:
    document = make_request()
    line = document["order"]["lines"][0]
    document["order"]["lines"] = [{**line, "units": 1}]
    stock = [row for row in document["snapshot"]["stock"] if row["sku"] == line["sku"]]
    document["snapshot"]["receipts"] = []
    for only in stock:
        document["snapshot"]["stock"] = [{**only, "on_hand_units": 5, "allocated_units": 0}]
        answer = ask(service, {**document, "max_alternatives": 31})
        plans = [answer.plan, *answer.alternatives] if answer.plan else []
        assert {parcel.warehouse for plan in plans for parcel in plan.parcels} <= {only["warehouse"]}
        zeros = [{**row, "on_hand_units": 0, "allocated_units": 0} for row in stock if row is not only]
        document["snapshot"]["stock"] += zeros
        told = ask(service, {**document, "max_alternatives": 31})
        assert (told.plan, told.alternatives) == (answer.plan, answer.alternatives)


def test_names_that_do_not_fit_are_refused(service: DecisionService, make_request: Request) -> None:
    document = make_request()
    document["order"]["lines"][0]["sku"] = "item-00l"
    with pytest.raises(InputError, match=r"order\.lines\[0\]\.sku.*Did you mean"):
        ask(service, document)


def test_answers_are_written_as_their_schema_would_be(service: DecisionService, make_request: Request) -> None:
    """Byte by byte: what was kept before is compared with what is made again."""
    for position in range(4):
        written = to_json(ask(service, {**make_request(position), "max_alternatives": 31}))
        assert DecisionAnswer.model_validate_json(written).model_dump_json().encode() == written
