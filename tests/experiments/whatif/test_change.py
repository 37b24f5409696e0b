"""Every change: what it does to a scenario."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.whatif.change import parse_change
from experiments.whatif.variant import Variant
from experiments.whatif.whole_units import scaled_by_place, scaled_in_all
from scenarios.checks import MAX_SECONDS
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.handling import Handling
from scenarios.registry import load_scenario

SEED = 2_000_000


def changed(scenario, text):
    """The scenario with the change, and a proof that the scenario itself stayed as it was."""
    before = dataclasses.replace(scenario)
    after = parse_change(text).apply(scenario)
    assert scenario == before
    return after


def stock_of(scenario, warehouse):
    return {row.sku: row.on_hand_units for row in scenario.stock if row.warehouse == warehouse}


def differing(one, other):
    """Names of the fields in which two scenarios differ."""
    return {field.name for field in dataclasses.fields(one) if getattr(one, field.name) != getattr(other, field.name)}


def test_demand_adds_orders_and_leaves_the_others_as_they_are(metro_small):
    plain = draw_trace(metro_small, SEED)
    more = draw_trace(changed(metro_small, "demand region=capital-01 +100% days 3-4"), SEED)
    keys = plain.future.orders["luck_key"]
    is_old = (more.future.orders["luck_key"][:, None] == keys).any(axis=1)
    assert is_old.sum() == len(keys)
    new = more.future.orders[~is_old]
    assert set(new["region"].tolist()) == {plain.names.regions.index("capital-01")}
    assert new["arrival_seconds"].min() >= 2 * 86_400
    assert new["arrival_seconds"].max() < 4 * 86_400
    in_window = (plain.future.orders["region"] == plain.names.regions.index("capital-01")) & (
        plain.future.orders["arrival_seconds"] // 86_400 % 4 >= 2
    )
    assert 0.5 * in_window.sum() < len(new) < 2.0 * in_window.sum()


def test_less_demand_takes_orders_away(metro_small):
    plain = draw_trace(metro_small, SEED).future.orders["luck_key"].tolist()
    less = draw_trace(changed(metro_small, "demand all -50%"), SEED).future.orders["luck_key"].tolist()
    assert set(less) < set(plain)


def test_closed_warehouse_ships_nothing_and_keeps_its_place(metro_small):
    after = changed(metro_small, "warehouse river closed")
    assert differing(metro_small, after) == {"collections", "stock"}
    assert [row.name for row in after.warehouses] == [row.name for row in metro_small.warehouses]
    assert "river" not in {row.warehouse for row in after.collections}
    assert stock_of(after, "river") == {}
    assert stock_of(after, "hills") == stock_of(metro_small, "hills")


def test_the_last_warehouse_cannot_be_closed(metro_small):
    names = [row.name for row in metro_small.warehouses]
    with pytest.raises(InputError):
        Variant.of("none", [f"warehouse {name} closed" for name in names]).apply(metro_small)


def test_stations(metro_small):
    def stations(scenario):
        return {row.name: row.num_stations for row in scenario.warehouses}

    before = stations(metro_small)
    assert stations(changed(metro_small, "warehouse hills stations +2")) == {**before, "hills": before["hills"] + 2}
    assert stations(changed(metro_small, "warehouse all stations -1")) == {
        name: max(1, number - 1) for name, number in before.items()
    }
    assert min(before.values()) == 1


def test_opened_warehouse_is_a_copy_with_a_share_of_the_goods(metro_small):
    after = changed(metro_small, "warehouse fulda like lakes at 50.55,9.68 stock 40%")
    model, opened = (next(row for row in after.warehouses if row.name == name) for name in ("lakes", "fulda"))
    assert after.warehouses[:-1] == metro_small.warehouses
    assert dataclasses.replace(model, name="fulda", latitude=50.55, longitude=9.68) == opened
    old, left, there = (
        stock_of(scenario, name) for scenario, name in ((metro_small, "lakes"), (after, "lakes"), (after, "fulda"))
    )
    assert {sku: left[sku] + there.get(sku, 0) for sku in left} == old
    assert sum(there.values()) == pytest.approx(0.4 * sum(old.values()), rel=0.05)
    sites = {(row.service, row.at) for row in after.collections if row.warehouse == "fulda"}
    assert sites == {(row.service, row.at) for row in metro_small.collections if row.warehouse == "lakes"}
    assert sum(row.units for row in after.receipts) == sum(row.units for row in metro_small.receipts)


def test_opened_warehouse_reorders_as_its_model_does(metro_small):
    rows = tuple(
        dataclasses.replace(row, reorder_point_units=10, order_up_to_units=20) if row.warehouse == "lakes" else row
        for row in metro_small.stock
    )
    after = changed(dataclasses.replace(metro_small, stock=rows), "warehouse fulda like lakes at 50.55,9.68 stock 40%")
    levels = {(row.reorder_point_units, row.order_up_to_units) for row in after.stock if row.warehouse == "fulda"}
    assert levels == {(4, 8)}


def test_service_price_and_capacity(metro_small):
    after = changed(metro_small, "service eco price +10%")
    old, new = (scenario.services[0].zones[0].rates[0].price_millicents for scenario in (metro_small, after))
    assert (old, new) == (320_000, 352_000)
    assert after.services[1:] == metro_small.services[1:]
    wider = changed(metro_small, "service ground capacity +50% at river")
    for before, now in zip(metro_small.collections, wider.collections, strict=True):
        is_hit = before.service == "ground" and before.warehouse == "river"
        assert now.capacity_parcels == (int(1.5 * before.capacity_parcels + 0.5) if is_hit else before.capacity_parcels)


def test_outage_has_its_days(metro_small):
    after = changed(metro_small, "service express outage days 3-5 at river")
    (outage,) = after.outages
    assert (outage.service, outage.warehouse, outage.from_day, outage.to_day) == ("express", "river", 2.0, 5.0)
    assert len(changed(metro_small, "service all outage day 1").outages) == len(metro_small.services)


def test_closed_service_keeps_its_place(metro_small):
    after = changed(metro_small, "service express closed at river")
    gone = set(metro_small.collections) - set(after.collections)
    assert {(row.service, row.warehouse) for row in gone} == {("express", "river")}
    assert after.services == metro_small.services


def test_moved_stock_is_conserved(metro_small):
    after = changed(metro_small, "stock move 30% from capital to hills with receipts")
    total = {}
    for scenario, sign in ((metro_small, 1), (after, -1)):
        for row in scenario.stock:
            total[row.sku] = total.get(row.sku, 0) + sign * row.on_hand_units
    assert set(total.values()) == {0}
    assert sum(row.units for row in after.receipts) == sum(row.units for row in metro_small.receipts)
    assert [row.expected_seconds for row in after.receipts[: len(metro_small.receipts)]] == [
        row.expected_seconds for row in metro_small.receipts
    ]
    before, now = (sum(stock_of(scenario, "capital").values()) for scenario in (metro_small, after))
    assert now == pytest.approx(0.7 * before, rel=0.03)


def test_goods_that_cannot_be_handled_stay(metro_small):
    cold = [row.name for row in metro_small.skus if row.requirements & Handling.COLD]
    after = changed(metro_small, "stock move 100% from harbour to capital")
    assert set(stock_of(after, "capital")).isdisjoint(cold)
    kept = {sku for sku, units in stock_of(after, "harbour").items() if units}
    assert kept
    assert kept <= set(cold)
    with pytest.raises(InputError, match="can handle"):
        parse_change(f"stock move 100% from harbour to capital sku={cold[0]}").apply(metro_small)


def test_stock_level(metro_small):
    after = changed(metro_small, "stock river -10% with receipts")
    for before, now in zip(metro_small.stock, after.stock, strict=True):
        change = now.on_hand_units - before.on_hand_units
        assert abs(change + 0.1 * before.on_hand_units) < 1 if before.warehouse == "river" else change == 0
    assert differing(metro_small, after) == {"stock", "receipts"}


def units_of(scenario) -> dict[tuple[str, str], int]:
    """Units by kind and warehouse."""
    found = {}
    for row in scenario.stock:
        found["stock", row.warehouse] = found.get(("stock", row.warehouse), 0) + row.on_hand_units
    for row in scenario.receipts:
        is_coming = row.expected_seconds < MAX_SECONDS
        found["receipts", row.warehouse] = found.get(("receipts", row.warehouse), 0) + row.units * is_coming
    return found


@pytest.mark.parametrize("name", ["tiny", "metro-small", "misplaced-scarce", "metro-reorder"])
@pytest.mark.parametrize("percent", [-60, -10, 10])
def test_a_percentage_of_goods_is_that_percentage(name, percent):
    """Rows of one or two units each are half of all: each rounded half up, -10 % takes 4 to 7 % away."""
    scenario = load_scenario(name)
    after = changed(scenario, f"stock all {percent:+d}% with receipts")
    before, now = units_of(scenario), units_of(after)
    assert before.keys() == now.keys()
    for key, units in before.items():
        assert abs(now[key] - units * (100 + percent) / 100) <= 0.5, key


def test_a_share_of_goods_is_that_share(metro_small):
    after = changed(metro_small, "warehouse fulda like lakes at 50.55,9.68")
    before, now = units_of(metro_small), units_of(after)
    for kind in ("stock", "receipts"):
        assert abs(now[kind, "fulda"] - before[kind, "lakes"] / 2) <= 0.5
        assert now[kind, "fulda"] + now[kind, "lakes"] == before[kind, "lakes"]


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(-100_000_000, 300_000_000))
def test_scaled_amounts_are_right_in_all_and_near_each(amounts, millionths):
    percent = millionths / 1_000_000
    scaled = scaled_in_all(amounts, percent)
    exact = [amount * (100_000_000 + millionths) for amount in amounts]
    assert abs(sum(scaled) * 100_000_000 - sum(exact)) <= 50_000_000
    assert all(abs(units * 100_000_000 - part) < 100_000_000 for units, part in zip(scaled, exact, strict=True))
    assert min(scaled, default=0) >= 0


def test_equal_remainders_are_raised_in_one_order():
    """First the larger amount, then the earlier one."""
    assert scaled_in_all([1, 1, 11, 1], -50) == [1, 0, 6, 0]
    assert scaled_by_place(["a", "b", "a", "b"], [1, 1, 1, 1], -50) == [1, 1, 0, 0]


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ("stock east -10%", "stock east -10% (in whole units: stock -6.7%)"),
        ("stock move 25% from east to west", "stock move 25% from east to west (in whole units: stock 26.7%)"),
        (
            "warehouse third like east at 1,1 stock 25%",
            "warehouse third like east at 1,1 stock 25% (in whole units: stock 26.7%)",
        ),
        ("stock east -100%", "stock east -100%"),
        ("stock east -100%; stock east +10%", "stock east +10%"),
        ("price carbon +10%", "price carbon +10%"),
    ],
)
def test_what_comes_of_a_percentage_stands_beside_it(lines, shown):
    """East has 15 units."""
    assert Variant.of("v", lines).lines_in(load_scenario("tiny"))[-1] == shown


def test_large_warehouses_have_the_percentage_that_was_asked_for(metro_small):
    lines = ["stock all -10% with receipts", "stock move 30% from capital to hills with receipts"]
    assert Variant.of("v", lines).lines_in(metro_small) == lines


def test_receipts_that_are_gone_leave_the_luck_of_the_others():
    scenario = load_scenario("misplaced-scarce")
    (name, *_) = (row.warehouse for row in scenario.receipts)
    place = [row.name for row in scenario.warehouses].index(name)
    plain = draw_trace(scenario, SEED).future.receipts
    after = draw_trace(changed(scenario, f"stock {name} -100% with receipts"), SEED).future.receipts
    others = plain[plain["warehouse"] != place]
    assert len(others) < len(plain)
    assert others.tolist() == after[after["warehouse"] != place].tolist()
    assert not len(after[after["warehouse"] == place])


def test_what_comes_in_truth_is_scaled_with_what_is_expected():
    scenario = load_scenario("toy-receipt-short")
    after = changed(scenario, "stock all +100% with receipts")
    for before, now in zip(scenario.receipts, after.receipts, strict=True):
        assert now.units == 2 * before.units
        assert now.actual_units == (None if before.actual_units is None else 2 * before.actual_units)


def test_receipts_that_come_as_expected_still_do():
    scenario = load_scenario("toy-receipt-short")
    (row, *_) = scenario.receipts
    rows = tuple(dataclasses.replace(row, units=units, actual_units=units - units % 2) for units in range(1, 30))
    scenario = dataclasses.replace(scenario, receipts=rows)
    after = changed(scenario, "stock all -10% with receipts")
    for before, now in zip(rows, after.receipts, strict=True):
        assert now.actual_units is not None
        assert (now.actual_units == now.units) or before.actual_units < before.units
        assert 0 <= now.actual_units <= now.units
    assert abs(sum(row.actual_units for row in after.receipts) - 0.9 * sum(row.actual_units for row in rows)) <= 1


def test_more_demand_is_not_cut_at_the_most_orders_of_a_trace():
    scenario = load_scenario("tiny")
    assert scenario.demand.max_orders is not None
    for seed in range(SEED, SEED + 6):
        plain, more = (draw_trace(one, seed) for one in (scenario, changed(scenario, "demand all +80%")))
        keys = set(plain.future.orders["luck_key"].tolist())
        assert keys <= set(more.future.orders["luck_key"].tolist())
    few = changed(scenario, "demand all -10%")
    assert few.demand.max_orders == scenario.demand.max_orders


def test_price(metro_small):
    after = changed(metro_small, "price lateness +50%")
    assert after.settings.lateness_step_millicents == 750_000
    assert after.settings.lateness_hour_millicents == 30_000
    assert differing(metro_small, after) == {"settings"}


def test_router_leaves_the_scenario_and_the_last_one_counts(metro_small):
    variant = Variant.of("v", "router nearest; router fastest")
    assert variant.apply(metro_small) is metro_small
    assert variant.router == "fastest"
    assert Variant.of("v", []).router is None
    assert Variant.of("v", []).text() == "nothing changed"
