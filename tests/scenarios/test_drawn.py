"""Drawn parameters: within their reach, the same for the same seed, known to routers."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from scenarios import draw_trace, load_scenario
from scenarios.catalogue.board.groups import SANITY, WINNABLE
from scenarios.drawn import NUM_LEVELS, drawn, drawn_once
from scenarios.errors import InputError

SCARCE = load_scenario("misplaced-scarce")


@pytest.mark.parametrize("name", [*WINNABLE, *SANITY])
def test_levels_of_one_change_nothing_but_the_id(name):
    scenario = load_scenario(name)
    assert drawn_once(scenario, (1.0,) * NUM_LEVELS) == scenario
    plain, same = draw_trace(scenario, 5), draw_trace(drawn((scenario,), reach=1.0), 5)
    assert same.scenario_id == f"{name}-drawn@1"
    assert all((one == other).all() for one, other in zip(plain.future, same.future, strict=True))


@pytest.mark.parametrize(
    ("position", "number"),
    [
        (0, lambda world: world.public().expand().settings["hourly_orders_milli"][0]),
        (1, lambda world: sum(row.on_hand_units for row in world.stock)),
        (1, lambda world: sum(row.units for row in world.receipts)),
        (2, lambda world: world.services[0].zones[0].rates[0].price_millicents),
        (3, lambda world: world.settings.lateness_step_millicents),
        (4, lambda world: world.warehouses[0].pick_parcel_seconds),
        (5, lambda world: world.services[0].zones[0].transit.mean),
    ],
)
def test_each_level_moves_what_it_should_and_nothing_else(position, number):
    levels = [1.0] * NUM_LEVELS
    levels[position] = 1.5
    moved = drawn_once(SCARCE, tuple(levels))
    assert number(moved) == pytest.approx(1.5 * number(SCARCE), rel=0.02)
    others = [1.5] * NUM_LEVELS
    others[position] = 1.0
    assert number(drawn_once(SCARCE, tuple(others))) == number(SCARCE)


def test_draws_reach_as_far_as_stated_and_differ_by_seed():
    family = drawn((SCARCE,), reach=1.25)
    prices = np.array([family.at(seed).services[0].zones[0].rates[0].price_millicents for seed in range(200)])
    factors = prices / SCARCE.services[0].zones[0].rates[0].price_millicents
    assert 1 / 1.25 <= factors.min() < 0.82
    assert 1.23 < factors.max() <= 1.25
    assert abs(np.log(factors).mean()) < 0.03
    assert draw_trace(family, 3).sha256 == draw_trace(pickle.loads(pickle.dumps(family)), 3).sha256
    assert draw_trace(family, 3).network.rates[0, 0] != draw_trace(family, 4).network.rates[0, 0]


def test_a_family_draws_all_its_members():
    members = tuple(load_scenario(name) for name in WINNABLE)
    family = drawn(members, name="mixed@1")
    worlds = [family.at(seed) for seed in range(120)]
    kinds = {
        tuple(service.name for service in world.services) + tuple(w.name for w in world.warehouses) for world in worlds
    }
    assert kinds == {
        tuple(service.name for service in world.services) + tuple(w.name for w in world.warehouses) for world in members
    }
    assert {world.id for world in worlds} == {"mixed@1"}


def test_published_demand_follows_the_draw():
    published = SCARCE.demand.published()
    stated = drawn_once(replace(SCARCE, published=published), (2.0, *(1.0,) * (NUM_LEVELS - 1))).published
    assert stated is not None
    assert stated.hourly_orders_milli == 2 * published.hourly_orders_milli


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (((), 1.25, None), "at least"),
        (((SCARCE, SCARCE), 1.25, None), "family of several"),
        (((SCARCE,), 0.5, None), "reach"),
        (((load_scenario("jasin-sinha"),), 1.25, None), "no level to draw"),
    ],
)
def test_what_cannot_be_drawn_is_refused(arguments, words):
    with pytest.raises(InputError, match=words):
        drawn(*arguments)
