"""Plan enumeration against exhaustive enumeration in plain Python."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from envs.plan_table import (
    ALWAYS_REAL_FLAG,
    BACKORDER_FLAG,
    HOLD_FLAG,
    MAX_PLANS,
    NUM_RULES,
    SPLIT_FLAG,
    Rule,
    new_plans,
)
from envs.plans import best_plan
from tests.asked import asked_among_twins, asked_otherwise
from tests.exhaustive import Exhaustive, plan_in_slot
from tests.played import decisions, is_over
from tests.worlds import random_trace, traces

SMALL = {"num_warehouses": 3, "num_services": 2, "max_lines": 3, "num_orders": 8, "num_skus": 5}
WEIGHTS = st.tuples(*[st.sampled_from([0.0, 0.5, 1.0, 3.0])] * 3)


def compared(trace, seed=0, **options):
    """At every decision, as it is and asked otherwise: the world, the exhaustive plans, and the plans of the slots.

    The plan of a slot is empty if it declines the order or holds it.
    """
    random = np.random.default_rng(seed)
    for world in decisions(trace, seed, **options):
        if is_over(world):
            return
        for asked in (world, asked_otherwise(world, random)):
            every = Exhaustive(asked.network, asked.seen)
            slots = [plan_in_slot(asked.plans, slot) for slot in range(asked.plans.counts[0])]
            yield asked, every, {plan: every.ranks(plan) for plan in every.plans()}, slots


@settings(max_examples=25)
@given(traces(**SMALL), WEIGHTS)
def test_slots_are_feasible_distinct_and_priced_right(trace, weights):
    for world, every, feasible, slots in compared(trace, weights=weights):
        plans = world.plans
        chosen = [plan for plan in slots if plan]
        assert len(set(chosen)) == len(chosen) <= len(slots) <= MAX_PLANS
        for slot, plan in enumerate(slots):
            if not plan:
                continue
            assert plan in feasible
            assert not plans.slots["is_decline"][slot]
            assert not plans.slots["hold_seconds"][slot]
            assert plans.costs[slot].tolist() == every.costs(plan).tolist()
            assert plans.rules[slot].tolist() == feasible[plan].tolist()
            assert plans.slots["bid_millicents"][slot] == sum(every.price(parcel).bid_millicents for parcel in plan)
            waiting = {kind: [p[3] for p in plan if (p[2] >= 0) == kind] for kind in (True, False)}
            assert plans.slots["num_backordered_lines"][slot] == sum(len(lines) for lines in waiting[True])
            later = [lines for lines in waiting[False] if every.release_at(lines) > 0]
            assert plans.slots["num_later_lines"][slot] == sum(len(lines) for lines in later)
            for n in plans.chosen[slot, : len(plan)]:
                row = plans.options[n]
                parcel = next(p for p in plan if sum(1 << line for line in p[3]) == row["lines_mask"])
                assert row["late_weight"] == every.price(parcel).late_weight
                assert row["release_at"] == every.release_at(parcel[3])  # a receipt may come early, the date does not


@settings(max_examples=25)
@given(traces(**SMALL), WEIGHTS)
def test_slots_are_sorted_and_the_rest_are_the_best_by_score(trace, weights):
    for world, _, feasible, slots in compared(trace, weights=weights):
        score = world.plans.rules[: len(slots), Rule.SCORE]
        assert (np.diff(score) >= 0).all()
        fillers = [s for s, plan in enumerate(slots) if plan and not world.plans.slots["guarantees"][s]]
        hidden = [int(ranks[Rule.SCORE]) for plan, ranks in feasible.items() if plan not in slots]
        if hidden:
            assert len(slots) == MAX_PLANS
            if fillers:
                assert score[fillers].max() <= min(hidden)


@settings(max_examples=25)
@given(traces(**SMALL), WEIGHTS)
def test_the_best_plan_by_every_rule_is_a_flagged_slot(trace, weights):
    for world, _, feasible, slots in compared(trace, weights=weights):
        for rule in Rule if feasible else ():
            best = min((int(ranks[rule]), int(ranks[Rule.MYOPIC])) for ranks in feasible.values())
            found = [
                (int(world.plans.rules[slot, rule]), int(world.plans.rules[slot, Rule.MYOPIC]))
                for slot in range(len(slots))
                if world.plans.slots["guarantees"][slot] & 1 << rule
            ]
            num_wanted = 2 if rule in (Rule.COST_TILT, Rule.LATENESS_TILT) else 1
            assert best in found, rule.name
            assert len(found) <= num_wanted


@settings(max_examples=25)
@given(traces(**SMALL))
def test_the_two_best_splits_and_backorders_are_slots(trace):
    for _, _, feasible, slots in compared(trace):
        split = {plan: ranks for plan, ranks in feasible.items() if len(plan) > 1}
        waiting = {plan: ranks for plan, ranks in feasible.items() if any(parcel[2] >= 0 for parcel in plan)}
        for kind in (split, waiting):
            wanted = sorted(int(ranks[Rule.SCORE]) for ranks in kind.values())[:2]
            found = sorted(int(kind[plan][Rule.SCORE]) for plan in slots if plan in kind)[:2]
            assert found == wanted


@settings(max_examples=25)
@given(traces(**{**SMALL, "share_with_requirements": 0.6}))
def test_decline_is_real_if_it_is_a_choice_or_nothing_else_is_feasible(trace):
    is_choice = bool(trace.network.settings["is_decline_a_choice"][0])
    for world, every, feasible, slots in compared(trace):
        plans = world.plans
        declines = np.flatnonzero(plans.slots["is_decline"][: len(slots)])
        assert len(declines) == (is_choice or not feasible)
        for slot in declines:
            assert not slots[slot]
            assert not plans.slots["hold_seconds"][slot]
            assert plans.slots["guarantees"][slot] == ALWAYS_REAL_FLAG
            assert plans.costs[slot].sum() == plans.costs[slot, 3] == world.seen.order["margin_millicents"][0]
            assert plans.rules[slot].tolist() == every.decline_ranks().tolist()


@settings(max_examples=25)
@given(traces(**SMALL), WEIGHTS)
def test_holds_cost_their_waiting_and_are_worth_the_best_other_slot(trace, weights):
    for world, every, feasible, slots in compared(trace, weights=weights):
        plans, others = world.plans, list(feasible.values())
        if plans.slots["is_decline"][: len(slots)].any():
            others.append(every.decline_ranks())
        holds = np.flatnonzero(plans.slots["hold_seconds"][: len(slots)])
        assert sorted(plans.slots["hold_seconds"][holds].tolist()) == every.holds()
        for slot in holds:
            seconds = int(plans.slots["hold_seconds"][slot])
            assert not slots[slot]
            assert not plans.slots["is_decline"][slot]
            assert plans.slots["guarantees"][slot] == HOLD_FLAG
            assert plans.costs[slot].tolist() == every.hold_costs(seconds).tolist()
            assert plans.rules[slot].tolist() == every.hold_ranks(seconds, others).tolist()
            assert (plans.chosen[slot] == -1).all()


@settings(max_examples=25)
@given(traces(**SMALL, is_decline_a_choice=True), WEIGHTS)
def test_among_equal_scores_plans_come_before_holds_and_decline_last(trace, weights):
    for world, _, _, slots in compared(trace, weights=weights):
        rows = world.plans.slots[: len(slots)]
        kind = np.where(rows["is_decline"] == 1, 2, rows["hold_seconds"] > 0)
        keys = list(zip(world.plans.rules[: len(slots), Rule.SCORE], kind, rows["hold_seconds"], strict=True))
        assert keys == sorted(keys)


def test_five_lines_are_enumerated_whole():
    trace = random_trace(5, num_warehouses=2, num_services=2, max_lines=5, num_skus=5, max_parcels=3, num_orders=12)
    for world, _, feasible, _ in compared(trace):
        if feasible:
            best = min(int(ranks[Rule.SCORE]) for ranks in feasible.values())
            assert world.plans.rules[0, Rule.SCORE] == best or world.plans.slots["is_decline"][0]


@pytest.mark.parametrize("seed", range(6))
def test_flags_name_known_guarantees_only(seed):
    known = (1 << NUM_RULES) - 1 | SPLIT_FLAG | BACKORDER_FLAG | ALWAYS_REAL_FLAG | HOLD_FLAG
    for world in decisions(random_trace(seed)):
        flags = world.plans.slots["guarantees"][: world.plans.counts[0]]
        assert (flags & ~known == 0).all()


@settings(max_examples=25)
@given(traces(**{**SMALL, "most_units_on_shelf": 30}), WEIGHTS)
def test_ties_by_a_rule_go_by_cost_and_then_by_score(trace, weights):
    for world, _, feasible, slots in compared(trace, weights=weights):
        for rule in Rule if feasible else ():
            columns = [rule, Rule.MYOPIC, Rule.SCORE]
            best = min(tuple(ranks[columns].tolist()) for ranks in feasible.values())
            rows = world.plans.rules[: len(slots)]
            is_plan = [bool(plan) for plan in slots]
            assert min(map(tuple, rows[is_plan][:, columns].tolist())) == best


def assert_best_plan_is_the_choice_from_all(asked, other):
    """For every rule: the plan made alone is the slot least by (rule, expected total cost, slot)."""
    plans, count = asked.plans, int(asked.plans.counts[0])
    for rule in Rule:
        wanted = min(
            range(count),
            key=lambda slot: (plans.rules[slot, rule], plans.rules[slot, Rule.MYOPIC], slot),
        )
        best_plan(asked.network, asked.seen, other, int(rule))
        assert other.counts[0] == 1
        for name in other.slots.dtype.names:
            if name != "guarantees":
                assert other.slots[name][0] == plans.slots[name][wanted], (rule.name, name)
        assert other.rules[0].tolist() == plans.rules[wanted].tolist(), rule.name
        assert other.costs[0].tolist() == plans.costs[wanted].tolist()
        num_parcels = plans.slots["num_parcels"][wanted]
        assert (other.chosen[0, num_parcels:] == -1).all()
        one, all_ = other.options[other.chosen[0, :num_parcels]], plans.options[plans.chosen[wanted, :num_parcels]]
        assert one.tolist() == all_.tolist(), rule.name


@settings(max_examples=25)
@given(traces(num_orders=12, max_lines=6), WEIGHTS)
def test_the_best_plan_by_a_rule_alone_is_the_choice_from_all(trace, weights):
    random = np.random.default_rng(0)
    other = new_plans(trace.network)
    for world in decisions(trace, weights=weights):
        if is_over(world):
            return
        otherwise = asked_otherwise(world, random)
        for asked in (world, otherwise, asked_among_twins(world, random), asked_among_twins(otherwise, random)):
            assert_best_plan_is_the_choice_from_all(asked, other)


def test_the_best_plan_by_a_rule_alone_on_metro(trace_of):
    other = None
    for place, world in enumerate(decisions(trace_of("metro-small"))):
        if place % 20 == 0 and not is_over(world):
            other = other or new_plans(world.network)
            assert_best_plan_is_the_choice_from_all(world, other)
