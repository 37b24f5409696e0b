"""The text of a change: what is read, written again, and refused in words that say how to write it."""

from __future__ import annotations

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
from scenarios.errors import InputError


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


@pytest.mark.parametrize("name", ["", "a b", "a/b", "x" * 41, "-a"])
def test_variant_names_are_file_names(name):
    with pytest.raises(InputError, match="variant name"):
        Variant.of(name, [])
