"""Every change: what it does to a scenario, its text, and what it refuses."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from experiments.whatif.change import KINDS, parse_change
from experiments.whatif.demand_change import DemandChange
from experiments.whatif.price_change import PRICES, PriceChange
from experiments.whatif.router_change import RouterChange
from experiments.whatif.service_change import ServiceCapacity, ServiceClosed, ServiceOutage, ServicePrice
from experiments.whatif.stock_change import StockLevel, StockMove
from experiments.whatif.variant import Variant
from experiments.whatif.warehouse_change import WarehouseClosed, WarehouseOpened, WarehouseStations
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.handling import Handling

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


class TestText:
    names = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z"), exclude_characters=",;"), min_size=1)
    spaced = st.builds(lambda a, b: f"{a} {b}", names, names)
    name = st.one_of(names, spaced).filter(lambda name: name not in ("all", "move") and "sku=" not in name)
    percent = st.integers(-100_000, 1_000_000).map(lambda value: value / 1000).filter(lambda value: value <= 900)
    share = st.integers(1, 100_000).map(lambda value: value / 1000)
    days = st.tuples(st.integers(1, 1800), st.integers(0, 1800)).map(lambda pair: (pair[0], pair[0] + pair[1]))
    skus = st.lists(name, max_size=3, unique=True).map(tuple)
    place = st.integers(-90_000_000, 90_000_000).map(lambda value: value / 1_000_000)

    @given(st.data())
    def test_is_read_back(self, data):
        kinds = [
            st.builds(DemandChange, self.percent, self.skus, self.skus, st.none() | self.days),
            st.builds(WarehouseClosed, self.name),
            st.builds(WarehouseStations, self.name, st.integers(-999, 999)),
            st.builds(WarehouseOpened, self.name, self.name, self.place, self.place, self.share),
            st.builds(ServicePrice, self.name, self.percent),
            st.builds(ServiceCapacity, self.name, self.percent, st.none() | self.name),
            st.builds(ServiceOutage, self.name, self.days, st.none() | self.name),
            st.builds(ServiceClosed, self.name, st.none() | self.name),
            st.builds(StockLevel, self.name, self.percent, self.skus, st.booleans()),
            st.builds(PriceChange, st.sampled_from(sorted(PRICES)), self.percent),
            st.builds(RouterChange, self.name),
            st.tuples(self.name, self.name)
            .filter(lambda pair: pair[0] != pair[1])
            .flatmap(lambda pair: st.builds(StockMove, self.share, *map(st.just, pair), self.skus, st.booleans())),
        ]
        change = data.draw(st.one_of(kinds))
        assert parse_change(change.text()) == change

    @pytest.mark.parametrize(
        "text",
        [
            "demand all -20% days 3-5",
            "demand region=capital-03 +30% day 10",
            "demand region=a,b sku=c +30%",
            "warehouse river closed",
            "warehouse all stations -1",
            "warehouse fulda like lakes at 50.55,9.68 stock 40%",
            "service eco price +10%",
            "service all outage days 5-7 at river",
            "service ground capacity -12.5%",
            "service express closed at river",
            "stock move 30% from capital to hills sku=x with receipts",
            "stock all +10%",
            "price lateness -25%",
            "router runs/a/bundle",
        ],
    )
    def test_is_as_documented(self, text):
        assert parse_change(text).text() == text

    def test_free_spellings(self):
        assert parse_change("demand region capital-03 +30 % from day 10 to 14") == parse_change(
            "demand region=capital-03 +30% days 10-14"
        )
        assert parse_change("  router   fastest ").text() == "router fastest"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "a line such as"),
        ("demnd all +3%", "'demand'"),
        ("demand all 30%", "+30%"),
        ("demand all +30% days 14-10", "from 14 to"),
        ("demand all +30% days 0-2", "from 1 to"),
        ("demand +30%", "region=NAME"),
        ("demand all -101%", "from -100 to"),
        ("demand all +9999%", "at most +9900"),
        ("demand region= +3%", "region=A,B"),
        ("demand region=a region=b +3%", "once"),
        ("demand all +30% tomorrow", "nothing more"),
        ("warehouse river", "closed, stations or like"),
        ("warehouse river stations many", "+2"),
        ("warehouse new like river", "at, and a place"),
        ("warehouse new like river at 50", "latitude and longitude"),
        ("warehouse new like river at 95,8", "from -90 to 90"),
        ("warehouse all like river at 50,8", "another name"),
        ("service eco prices +3%", "price, capacity, outage or closed"),
        ("service eco outage", "days 5-7"),
        ("stock move 0% from a to b", "above 0"),
        ("stock move 10% from a to a", "another warehouse"),
        ("stock move 10% to b", "from, and a warehouse"),
        ("price lateness", "+25%"),
        ("price latness +25%", "'lateness'"),
        ('router "fast', "quotes that close"),
    ],
)
def test_refused_lines_say_how_to_write_them(text, words):
    with pytest.raises(InputError) as caught:
        parse_change(text)
    assert words in str(caught.value)
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("text", "near"),
    [
        ("demand region=capitl-03 +3%", "capital-03"),
        ("demand sku=itm-101 +3%", "item-101"),
        ("warehouse rver closed", "river"),
        ("warehouse rver stations +1", "river"),
        ("warehouse fulda like rver at 50,8", "river"),
        ("service ecco price +1%", "eco"),
        ("service eco outage day 1 at rver", "river"),
        ("service expres closed", "express"),
        ("stock rver +10%", "river"),
        ("stock move 10% from rver to hills", "river"),
        ("stock all +10% sku=itm-101", "item-101"),
    ],
)
def test_unknown_names_are_answered_with_the_nearest(text, near, metro_small):
    with pytest.raises(InputError, match=f"(?i)did you mean '{near}'"):
        parse_change(text).apply(metro_small)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("demand all +10% days 6-9", "days from 1 to 7"),
        ("service eco outage day 8", "days from 1 to 7"),
        ("warehouse river stations -9", "num_stations"),
        ("warehouse river like lakes at 50,8", "not taken"),
    ],
)
def test_changes_that_cannot_be_name_variant_and_change(text, words, metro_small):
    with pytest.raises(InputError, match=words) as caught:
        Variant.of("mine", text).apply(metro_small)
    assert "variant 'mine'" in caught.value.key


def test_every_kind_is_tested():
    tested = {DemandChange, WarehouseClosed, ServicePrice, StockMove, PriceChange, RouterChange}
    assert {kind.__module__ for kind in tested} == set(KINDS.values())


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
        wanted = int(0.9 * before.on_hand_units + 0.5) if before.warehouse == "river" else before.on_hand_units
        assert now.on_hand_units == wanted
    assert differing(metro_small, after) == {"stock", "receipts"}


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


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 41, "-a"])
def test_variant_names_are_file_names(name):
    with pytest.raises(InputError, match="variant name"):
        Variant.of(name, [])
