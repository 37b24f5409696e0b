"""Plans that persons want: all that the rules allow can be had, and nothing else."""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agents.bundle import BundleAgent
from agents.documents import parse_case
from envs.plan_table import COUNT_PRICED, MAX_PLANS, Plans
from envs.plan_table import SCORE as SCORE_RULE
from envs.snapshot import Snapshot
from serve.decisions.chain import Choice
from serve.decisions.plan_writer import to_json
from serve.decisions.record import Record, encode_record, read_record
from serve.decisions.service import DecisionService, Mark, Weighed
from serve.explanations.exclusion import Exclusions
from serve.reviews.wanted import Parcel, parcels_of, with_plan
from tests.exhaustive import Exhaustive
from tests.serve.random_cases import random_case


@pytest.mark.parametrize("first_seed", [0, 40, 80])
def test_every_plan_that_there_is_can_be_had(
    service: DecisionService, sound_agent: BundleAgent, first_seed: int
) -> None:
    """Of all plans, enumerated one by one, some are asked for, with their exact costs, and replayed."""
    dice, beyond = random.Random(first_seed), 0
    for seed in range(first_seed, first_seed + 40):
        document = random_case(sound_agent, seed)
        case = parse_case(document)
        if len(case.order.lines) > 3:
            continue
        snapshot = service.reader.read(case)
        yardstick = Exhaustive(snapshot.network, snapshot.seen)
        every = list(yardstick.plans())
        for plan in dice.sample(every, min(8, len(every))):
            wanted = frozenset((w, s, r, sum(1 << i for i in held)) for w, s, r, held in plan)
            found = with_plan(snapshot, wanted)
            assert found is not None
            changed, slot = found
            assert parcels_of(changed, slot) == wanted
            priced = [yardstick.price(parcel) for parcel in plan]
            assert changed.plans.costs[slot].tolist() == np.sum([p.costs for p in priced if p], axis=0).tolist()
            assert (np.diff(changed.plans.rules[: changed.num_plans, SCORE_RULE]) >= 0).all()
            beyond += changed is not snapshot
            assert changed.num_plans <= min(MAX_PLANS, snapshot.num_plans + 1)
            weighed = Weighed(case, changed, Choice("review", slot, "a person chose"))
            answer = to_json(service.answer(weighed, Mark("a decision", 1.0), 5))
            content = encode_record(weighed, 5, answer)
            assert b'"parcels":[[' in content
            record = Record(document, 5, None, answer, tuple(wanted))
            assert record.replay(service).is_same
            names, skus = service.reader.names, [line.sku for line in case.order.lines]
            sent = {(skus[i], names.warehouses[w], names.services[s]) for w, s, _, held in plan for i in held}
            told = {(row.sku, row.warehouse, row.service) for row in Exclusions(changed, names, slot).all()}
            assert not told & sent
            assert not {(sku, house, None) for sku, house, _ in sent} & told
    assert beyond > 5


def test_nothing_else_can_be_had(service: DecisionService, sound_agent: BundleAgent) -> None:
    refused = 0
    for seed in range(40):
        case, dice = parse_case(random_case(sound_agent, seed)), random.Random(seed)
        if len(case.order.lines) > 3:
            continue
        snapshot, names = service.reader.read(case), service.reader.names
        every = {
            frozenset((w, s, r, sum(1 << i for i in held)) for w, s, r, held in plan)
            for plan in Exhaustive(snapshot.network, snapshot.seen).plans()
        }
        assert with_plan(snapshot, frozenset()) is None
        for _ in range(100):
            houses = [dice.randrange(len(names.warehouses)) for _ in range(2)]
            masks = [dice.randrange(1, 1 << len(case.order.lines)) for _ in range(2)]
            services = [dice.randrange(len(names.services)) for _ in range(2)]
            number = dice.randrange(1, 3)
            wanted = frozenset(
                (w, s, dice.choice([-1, -1, 0]), mask)
                for w, s, mask in zip(houses[:number], services, masks, strict=False)
            )
            assert (with_plan(snapshot, wanted) is not None) == (wanted in every)
            refused += wanted not in every
    assert refused > 500


def full_tables(service: DecisionService, agent: BundleAgent) -> Iterator[tuple[dict[str, Any], Snapshot]]:
    """Cases whose table is full, with a plan in one parcel in the last slot alone."""
    for seed in range(50):
        document = random_case(agent, seed)
        snapshot = service.reader.read(parse_case(document))
        is_full = snapshot.num_plans == MAX_PLANS
        if is_full and np.flatnonzero(snapshot.plans.slots["num_parcels"] == 1).tolist() == [MAX_PLANS - 1]:
            yield document, snapshot


def another_split(snapshot: Snapshot) -> frozenset[Parcel]:
    """A plan of two parcels that the table does not hold."""
    rows = snapshot.plans.priced[: snapshot.plans.counts[COUNT_PRICED]]
    parcels = [tuple(int(row[field]) for field in ("warehouse", "service", "receipt", "lines_mask")) for row in rows]
    held = {parcels_of(snapshot, slot) for slot in range(snapshot.num_plans)}
    pairs = (frozenset(pair) for pair in itertools.combinations(parcels, 2))
    return next(pair for pair in pairs if pair not in held and with_plan(snapshot, pair) is not None)  # type: ignore[misc,arg-type]


def test_a_plan_that_is_put_into_a_full_table_makes_no_reason_false(
    service: DecisionService, sound_agent: BundleAgent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And what was recorded when it took the last place whatever stood there replays as it was."""
    seen = 0
    for document, snapshot in full_tables(service, sound_agent):
        case, wanted, answers = parse_case(document), another_split(snapshot), []
        for is_only_kept in (True, False):
            found = with_plan(snapshot, wanted, is_only_kept)
            assert found is not None
            assert found[0].num_plans == MAX_PLANS
            assert parcels_of(*found) == wanted
            weighed = Weighed(case, found[0], Choice("review", found[1], "a person chose"))
            answer = service.answer(weighed, Mark("a decision", 1.0), 5)
            answers.append(to_json(answer))
            kept = json.loads(encode_record(weighed, 5, answers[-1]))
            assert kept.pop("is_only_kept")
            content = json.dumps({**kept, "is_only_kept": True} if is_only_kept else kept)
            monkeypatch.setattr("serve.decisions.record.payload", lambda *_, content=content: content)
            record = read_record(None, SimpleNamespace(id="a decision", writer="one", seq=1))  # type: ignore[arg-type]
            assert record.is_only_kept == is_only_kept
            assert record.replay(service).is_same
            assert any("although one parcel was possible" in text for text in answer.reasons) == is_only_kept
        assert not replace(record, is_only_kept=True).replay(service).is_same
        seen += 1
    assert seen >= 2


def costs_of(snapshot: Snapshot) -> dict[frozenset[Parcel], list[int]]:
    """Of each plan of a table, by its parcels."""
    return {parcels_of(snapshot, slot): snapshot.plans.costs[slot].tolist() for slot in range(snapshot.num_plans)}


def test_the_only_plan_from_stock_stays_in_a_full_table(service: DecisionService, sound_agent: BundleAgent) -> None:
    _, snapshot = next(full_tables(service, sound_agent))
    plans = Plans(*(array.copy() for array in snapshot.plans))
    plans.slots["num_backordered_lines"] = 1
    plans.slots["num_backordered_lines"][MAX_PLANS - 2] = 0
    snapshot = Snapshot(snapshot.network, snapshot.seen, plans)
    only = parcels_of(snapshot, MAX_PLANS - 2)  # before the only one in one parcel
    displaced = parcels_of(snapshot, MAX_PLANS - 3)
    found = with_plan(snapshot, another_split(snapshot))
    assert found is not None
    before, after = costs_of(snapshot), costs_of(found[0])
    assert only in after
    assert before.keys() - after.keys() == {displaced}
    assert {parcels: costs for parcels, costs in after.items() if parcels in before} == {
        parcels: costs for parcels, costs in before.items() if parcels != displaced
    }
