"""Plans that persons want: all that the rules allow can be had, and nothing else."""

from __future__ import annotations

import random

import numpy as np
import pytest

from agents.bundle import BundleAgent
from agents.documents import parse_case
from envs.plan_table import MAX_PLANS
from envs.plan_table import SCORE as SCORE_RULE
from serve.decisions.chain import Choice
from serve.decisions.plan_writer import to_json
from serve.decisions.record import Record, encode_record
from serve.decisions.service import DecisionService, Mark, Weighed
from serve.explanations.exclusion import Exclusions
from serve.reviews.wanted import parcels_of, with_plan
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
