"""Explanations from records: plans that add up, exclusions that are true, changes that flip and just do not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
import pytest

from agents.bundle import BundleAgent, best_slot
from agents.documents import parse_case
from envs.costs import MILLICENTS, PART_NAMES
from envs.feature_schema import BEST_SCORE, CONTEXT_FEATURES, SCORE, SCORE_GAP, SHIPPING_COST, SLOT_FEATURES
from envs.plan_table import COUNT_PRICED
from envs.plan_table import SCORE as SCORE_RULE
from envs.snapshot import Snapshot
from scenarios.errors import InputError
from scenarios.network import NO_LANE
from serve.decisions.plan_writer import to_json
from serve.decisions.record import Record
from serve.decisions.service import DecisionService, Mark
from serve.explanations.completion import Completions
from serve.explanations.exclusion import Exclusions, cause_by
from serve.explanations.explanation import Explanation, ExplanationAnswer
from serve.explanations.flip import Lever, find_plan, plan_key, repriced, repromised, restocked
from serve.explanations.reasons import describe_plan
from tests.exhaustive import Exhaustive
from tests.serve.conftest import AMPLE_SECONDS
from tests.serve.random_cases import random_case

Request = Callable[..., dict[str, Any]]
HARD = {"capability", "no_stock", "no_lane", "handling", "no_collection", "too_heavy", "merged"}


def explained(service: DecisionService, document: dict[str, Any]) -> Explanation:
    """The explanation of a decision from its record."""
    weighed = service.weigh(parse_case(document))
    answer = to_json(service.answer(weighed, Mark("a decision", 1.0), 5))
    record = Record(document, 5, weighed.choice.heuristic, answer)
    return Explanation(service, record, record.weighed(service))


def test_cost_parts_add_up_and_the_choice_is_the_answered_one(
    service: DecisionService, sound_agent: BundleAgent
) -> None:
    stages = Counter()
    for seed in range(150):
        explanation = explained(service, random_case(sound_agent, seed))
        told, plans = explanation.record.told(), [explanation._plan(n) for n in range(explanation._snapshot.num_plans)]
        stages[told.stage] += 1
        for plan in plans:
            assert tuple(plan.cost_millicents) == PART_NAMES
            assert sum(plan.cost_millicents.values()) == plan.total_millicents
        chosen = [plan for plan in plans if plan.is_chosen]
        assert len(chosen) == (told.plan is not None)
        for plan in chosen:
            assert {name: value for name, value in plan.model_dump().items() if name in told.plan.model_dump()} == (
                told.plan.model_dump()
            )
        if told.plan is not None:
            assert {rule for plan in plans for rule in plan.best_by} >= {"score", "cheapest", "fastest", "nearest"}
    assert set(stages) == {"policy", "review"}


def test_exclusions_are_true_and_leave_nothing_out(service: DecisionService, sound_agent: BundleAgent) -> None:
    names, seen_codes, seen_delays = service.reader.names, set(), set()
    for seed in range(150):
        weighed = service.weigh(parse_case(random_case(sound_agent, seed)))
        snapshot, slot = service.reader.read(weighed.case), weighed.choice.slot
        rows = Exclusions(snapshot, service.reader.names_of(weighed.case.order), slot).all()
        priced = snapshot.plans.priced[: snapshot.plans.counts[COUNT_PRICED]]
        possible = {
            (line, int(row["warehouse"]), int(row["service"]))
            for row in priced
            for line in range(len(weighed.case.order.lines))
            if row["lines_mask"] >> line & 1
        }
        sent = set()
        if slot is not None:
            for row in snapshot.plans.options[snapshot.plans.chosen[slot, : snapshot.plans.slots["num_parcels"][slot]]]:
                sent |= {
                    (i, int(row["warehouse"]), int(row["service"]))
                    for i in range(len(weighed.case.order.lines))
                    if row["lines_mask"] >> i & 1
                }
        told: dict[tuple[int, int, int], bool] = {}
        for row in rows:
            line = next(i for i, wanted in enumerate(weighed.case.order.lines) if wanted.sku == row.sku)
            services = names.services if row.service is None else [row.service]
            for service_name in services:
                key = (line, names.warehouses.index(row.warehouse), names.services.index(service_name))
                assert key not in told
                told[key] = row.is_possible
            assert (row.code in HARD) != row.is_possible
            seen_codes.add(row.code)
            seen_delays |= {delay.code for delay in row.delays}
        everything = {
            (line, w, s)
            for line in range(len(weighed.case.order.lines))
            for w in range(len(names.warehouses))
            for s in range(len(names.services))
        }
        assert set(told) == everything - sent
        assert {key for key, is_possible in told.items() if is_possible} == possible - sent
    assert {"capability", "no_stock", "handling", "outranked", "dominated", "incomplete"} <= seen_codes
    assert seen_delays == {"presale", "no_stock", "interrupted", "capacity"}


def test_the_best_plan_around_a_parcel_is_exact(service: DecisionService, sound_agent: BundleAgent) -> None:
    compared = 0
    for seed in range(100):
        case = parse_case(random_case(sound_agent, seed))
        if len(case.order.lines) > 3:
            continue
        snapshot = service.reader.read(case)
        yardstick = Exhaustive(snapshot.network, snapshot.seen)
        least: dict[Any, int] = {}
        for plan in yardstick.plans():
            score = sum(yardstick.price(parcel).ranks[SCORE_RULE] for parcel in plan)  # type: ignore[union-attr]
            for parcel in plan:
                least[parcel] = min(score, least.get(parcel, score))
        completions = Completions(snapshot.plans, int(snapshot.network.settings["max_parcels"][0]))
        for option in range(completions.num_options):
            row = snapshot.plans.priced[option]
            held = frozenset(i for i in range(len(case.order.lines)) if row["lines_mask"] >> i & 1)
            parcel = (int(row["warehouse"]), int(row["service"]), int(row["receipt"]), held)
            assert completions.least_score(option) == least.get(parcel)
            compared += 1
    assert compared > 1000


def test_a_promise_is_not_moved_beyond_the_last_year(make_request: Request) -> None:
    case = parse_case(make_request())
    for text in ("9999-12-31T23:59:59Z", "2242-03-16T12:56:31Z"):  # the first is in records from before it was refused
        late = case.model_copy(update={"order": case.order.model_copy(update={"promise_at": text})})
        with pytest.raises(InputError, match="promise_at"):
            repromised(late, 1)


def test_what_forbids_a_service_is_named(service: DecisionService, make_request: Request) -> None:
    snapshot = service.reader.read(parse_case(make_request()))
    names, network = service.reader.names, snapshot.network
    home = int(snapshot.plans.options["warehouse"][snapshot.plans.chosen[0, 0]])

    def codes(**arrays: np.ndarray) -> set[str]:
        changed = Snapshot(network._replace(**arrays), snapshot.seen, snapshot.plans)
        causes = [cause_by(changed, names, 0, home, s) for s in range(len(names.services))]
        return {cause.code for cause in causes if cause is not None}

    lanes, pairs, rates = network.lanes.copy(), network.pairs.copy(), network.rates.copy()
    lanes["zone"][home, :, snapshot.seen.order["region"][0]] = NO_LANE
    assert codes(lanes=lanes) == {"no_lane"}
    before = codes()
    pairs["num_collections"][home] = 0
    assert codes(pairs=pairs) == before | {"no_collection"}
    rates["max_grams"] = 0
    assert codes(rates=rates) == before | {"too_heavy"}


def test_too_many_parcels_are_named(service: DecisionService, make_request: Request) -> None:
    """One line more than a plan may have parcels, each in a warehouse of its own."""
    document, names = make_request(), service.reader.names
    network = service.reader.public.expand()
    limit = int(network.settings["max_parcels"][0])
    plain = [sku for sku, row in zip(names.skus, network.skus, strict=True) if not row["requirements"]][: limit + 1]
    document["order"] |= {"lines": [{"sku": sku, "units": 1} for sku in plain], "requirements": []}
    document["snapshot"]["receipts"] = []
    document["snapshot"]["stock"] = [
        {"warehouse": house, "sku": sku, "on_hand_units": 50}
        for house, sku in zip(names.warehouses[: limit + 1], plain, strict=True)
    ]
    answer = explained(service, document).answer()
    assert answer.stage == "review"
    assert answer.flips == []
    assert {row.code for row in answer.excluded if row.is_possible} == {"split_limit"}


def own_price_flip(agent: BundleAgent, snapshot: Snapshot, slot: int, millicents: int) -> int:
    """The policy's choice when the features of one plan are those of another price, each column by hand."""
    features, context = snapshot.plans.features.copy(), snapshot.plans.context.copy()
    count, amount = snapshot.num_plans, millicents / MILLICENTS
    weight = float(snapshot.seen.clock["weight_cost_permille"][0]) / 1000
    features[slot, SHIPPING_COST] += amount / SLOT_FEATURES[SHIPPING_COST].scale
    scores = snapshot.plans.rules[:count, SCORE_RULE] / (1000 * MILLICENTS)
    scores[slot] += weight * amount
    features[:count, SCORE] = scores / SLOT_FEATURES[SCORE].scale
    features[:count, SCORE_GAP] = (scores - scores.min()) / SLOT_FEATURES[SCORE_GAP].scale
    context[BEST_SCORE] = scores.min() / CONTEXT_FEATURES[BEST_SCORE].scale
    return best_slot(agent.scores(features, context), count)


def flips_of(answer: ExplanationAnswer, *levers: str) -> list[Any]:
    return [flip for flip in answer.flips if flip.lever in levers]


def test_a_price_flips_the_policy_and_a_millicent_less_does_not(
    service: DecisionService, sound_agent: BundleAgent
) -> None:
    checked = Counter[str]()
    for seed in range(60):
        document = random_case(sound_agent, seed)
        explanation = explained(service, document)
        if explanation.weighed.choice.slot is None or (document["snapshot"].get("weights") or {}).get("cost") == 0.0:
            continue
        for flip in flips_of(explanation.answer(), "dearer", "cheaper"):
            snapshot, slot = explanation._snapshot, explanation.weighed.choice.slot
            step = 1 if flip.change > 0 else -1
            assert own_price_flip(sound_agent, snapshot, flip.plan, flip.change + 2 * step) != slot
            assert own_price_flip(sound_agent, snapshot, flip.plan, flip.change - 2 * step) == slot
            checked[flip.lever] += 1
    assert min(checked["dearer"], checked["cheaper"]) > 15


def test_a_price_flips_a_rule_exactly(agent: BundleAgent, sound_agent: BundleAgent) -> None:
    """The rule is linear, so that the smallest change is the distance to the runner-up over the weight of cost."""
    agent.scores = lambda features, context: np.full(32, np.nan, np.float32)  # type: ignore[method-assign]
    service, checked = DecisionService(agent, AMPLE_SECONDS), 0
    for seed in range(60):
        explanation = explained(service, random_case(sound_agent, seed))
        snapshot, slot = explanation._snapshot, explanation.weighed.choice.slot
        weight = int(snapshot.seen.clock["weight_cost_permille"][0])
        if slot is None or snapshot.num_plans < 2 or not weight:
            continue
        assert (explanation.weighed.choice.stage, explanation.weighed.choice.heuristic) == ("heuristic", "primal-dual")
        scores = snapshot.plans.rules[: snapshot.num_plans, SCORE_RULE]
        gap = int(np.delete(scores, slot).min() - scores[slot])
        (dearer,) = flips_of(explanation.answer(), "dearer")
        assert weight * (dearer.change - 1) <= gap <= weight * dearer.change
        checked += 1
    assert checked > 20


class CurvedPolicy:
    """A network of random weights: neither linear nor monotone."""

    def __init__(self) -> None:
        dice = np.random.default_rng(7)
        self._first = dice.normal(size=(len(SLOT_FEATURES), 16)).astype(np.float32)
        self._second = dice.normal(size=16).astype(np.float32)

    def __call__(self, features: np.ndarray, context: np.ndarray) -> np.ndarray:
        return np.sin(features @ self._first) @ self._second


def test_each_change_flips_a_curved_policy_and_one_unit_less_does_not(
    agent: BundleAgent, sound_agent: BundleAgent
) -> None:
    agent.scores = CurvedPolicy()  # type: ignore[method-assign,assignment]
    service, checked = DecisionService(agent, AMPLE_SECONDS), Counter()
    for seed in range(40):
        explanation = explained(service, random_case(sound_agent, seed))
        choice, snapshot = explanation.weighed.choice, explanation._snapshot
        if choice.slot is None:
            continue
        key = plan_key(snapshot, choice.slot)
        house = agent.reader.names.warehouses[seed % len(agent.reader.names.warehouses)]
        for flip in explanation.answer().flips + flips_of(explanation.answer(house), "more_stock"):
            for change, is_same in ((flip.change, False), (flip.change - np.sign(flip.change), True)):
                if flip.unit == "millicents":
                    then = repriced(snapshot, flip.plan, int(change))
                elif flip.unit == "units":
                    then = agent.reader.read(restocked(explanation.weighed.case, flip.warehouse, flip.sku, int(change)))
                else:
                    assert flip.unit == "minutes"
                    then = agent.reader.read(repromised(explanation.weighed.case, int(change)))
                slot = best_slot(agent.scores(then.plans.features, then.plans.context), then.num_plans)
                assert (plan_key(then, slot) == key) == is_same
            checked[flip.lever] += 1
    assert set(get_args(Lever)) == set(checked)


def test_where_the_policy_fails_on_a_changed_case_the_flip_is_that_of_who_comes_next(
    agent: BundleAgent, sound_agent: BundleAgent
) -> None:
    service, real, seen = DecisionService(agent, AMPLE_SECONDS), agent.scores, Counter[str]()
    for seed in range(20):
        document = random_case(sound_agent, seed)
        explanation = explained(service, document)
        snapshot, slot = explanation._snapshot, explanation.weighed.choice.slot
        if slot is None or explanation.weighed.choice.stage != "policy":
            continue

        def scores(
            features: np.ndarray, context: np.ndarray, known: np.ndarray = snapshot.plans.features
        ) -> np.ndarray:
            return real(features, context) if np.array_equal(features, known) else np.full(32, np.nan, np.float32)

        agent.scores = scores  # type: ignore[method-assign]
        key = plan_key(snapshot, slot)
        for flip in explanation.answer().flips:
            seen[flip.lever] += 1
            if flip.unit == "minutes":
                then = agent.reader.read(repromised(explanation.weighed.case, flip.change))
                chosen = int(then.plans.rules[: then.num_plans, SCORE_RULE].argmin())
                assert plan_key(then, chosen) != key
                assert flip.chosen_then == describe_plan(then, service.reader.names, chosen)
        agent.scores = real  # type: ignore[method-assign]
    assert seen.keys() >= {"dearer", "earlier_promise", "later_promise"}


def test_another_price_is_another_table(service: DecisionService, make_request: Request) -> None:
    """The same price is the same table, bit by bit; another one keeps plans, order of slots and features together."""
    snapshot = service.reader.read(parse_case(make_request()))
    same = repriced(snapshot, 1, 0)
    assert same is not None
    for name in ("slots", "chosen", "costs", "rules", "features", "context"):
        assert np.array_equal(getattr(same.plans, name), getattr(snapshot.plans, name))
    dearer = repriced(snapshot, 0, 10**7)
    assert dearer is not None
    moved = find_plan(dearer, plan_key(snapshot, 0))
    assert moved is not None
    assert moved > 0
    assert (np.diff(dearer.plans.rules[: dearer.num_plans, SCORE_RULE]) >= 0).all()
    assert dearer.plans.costs[moved].sum() == snapshot.plans.costs[0].sum() + 10**7
    assert find_plan(dearer, (12345,)) is None
    assert repriced(snapshot, 0, -(10**9)) is None


def test_why_not_one_warehouse(service: DecisionService, make_request: Request) -> None:
    explanation = explained(service, make_request())
    told = explanation.record.told()
    assert told.plan is not None
    used, num_flips = {parcel.warehouse for parcel in told.plan.parcels}, 0
    for house in service.reader.names.warehouses:
        answer = explanation.answer(house)
        assert answer.why_not is not None
        assert answer.why_not.is_chosen == (house in used)
        assert {row.warehouse for row in answer.excluded} <= {house}
        if house in used:
            continue
        assert answer.why_not.sentences
        best = answer.why_not.best_plan
        cheaper = flips_of(answer, "cheaper")
        assert [flip.plan for flip in cheaper] in ([best], [])
        for flip in cheaper:
            assert house in flip.chosen_then
        num_flips += len(cheaper)
    assert used < set(service.reader.names.warehouses)
    assert num_flips
    with pytest.raises(InputError, match="warehouse"):
        explanation.answer("Atlantis")
