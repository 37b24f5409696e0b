"""Promotions and surges change the demand that they name, and nothing else."""

import dataclasses

import numpy as np
import pytest

from scenarios import draw_trace, load_scenario
from scenarios.drawing.waves import waves_of
from scenarios.order_log import LogLine, LogOrder, OrderLog
from scenarios.promotion import Promotion
from scenarios.surge import Surge

HOUR, DAY = 3600, 86_400
OWN = ["arrival_seconds", "customer_id", "region", "promise_at", "patience_seconds", "requirements", "num_lines"]
DOUBLE = Surge(factor=2.0, from_day=0.5, to_day=1.5)


def contents(future) -> dict[int, tuple]:
    """What each order is, by its luck key."""
    found = {}
    for order in future.orders:
        lines = future.lines[order["first_line"] :][: order["num_lines"]]
        basket = lines[["sku", "units", "margin_millicents", "ship_from_seconds"]].tolist()
        found[int(order["luck_key"])] = (order[OWN].item(), basket)
    assert len(found) == len(future.orders)
    return found


@pytest.fixture
def busy_world(small_world):
    """Small enough to be understood, busy enough to be counted."""

    def build(**changes):
        demand = dataclasses.replace(
            small_world().demand, orders_per_day=6000.0, repeat_share=0.2, units_shares=(0.7, 0.3)
        )
        return small_world(**{"demand": demand, **changes})

    return build


@pytest.mark.parametrize(
    "changes",
    [
        {"surges": (DOUBLE,)},
        {"surges": (dataclasses.replace(DOUBLE, regions=("town",), skus=("cup",)),)},
        {"promotions": (Promotion(factor=1.7, hours=6.0),)},
        {"promotions": (Promotion(factor=3.0, hours=9.0, per_28_days=60.0, skus=("bowl",)),), "surges": (DOUBLE,)},
    ],
)
def test_what_adds_orders_leaves_the_others_as_they_are(busy_world, changes):
    plain, more = (contents(draw_trace(world, 5).future) for world in (busy_world(), busy_world(**changes)))
    assert len(more) > len(plain) + 100
    assert {key: more[key] for key in plain} == plain


def test_a_second_wave_leaves_the_first_ones_orders_as_they_are(busy_world):
    one = contents(draw_trace(busy_world(surges=(DOUBLE,)), 5).future)
    both = draw_trace(busy_world(surges=(DOUBLE, DOUBLE), promotions=(Promotion(factor=2.0, hours=5.0),)), 5).future
    both = contents(both)
    assert len(both) > len(one) + 100
    assert {key: both[key] for key in one} == one


def test_what_takes_orders_away_leaves_the_others_as_they_are(busy_world):
    half = dataclasses.replace(DOUBLE, factor=0.5)
    plain, fewer = (contents(draw_trace(world, 5).future) for world in (busy_world(), busy_world(surges=(half,))))
    assert {key: plain[key] for key in fewer} == fewer
    gone = [plain[key][0][0] for key in plain.keys() - fewer.keys()]
    assert min(gone) >= DAY // 2
    assert max(gone) < 3 * DAY // 2
    inside = sum(DAY // 2 <= order[0][0] < 3 * DAY // 2 for order in plain.values())
    assert len(gone) == pytest.approx(inside / 2, abs=4.5 * np.sqrt(inside / 4))


def test_less_demand_for_a_sku_takes_its_lines_only(busy_world):
    none = Surge(factor=0.0, from_day=0.0, to_day=2.0, skus=("cup",), regions=("town",))
    plain, fewer = (contents(draw_trace(world, 5).future) for world in (busy_world(), busy_world(surges=(none,))))
    expected = {}
    for key, (order, basket) in plain.items():
        kept = [line for line in basket if not (order[2] == 0 and line[0] == 0)]
        if kept:
            expected[key] = ((*order[:-1], len(kept)), kept)
    assert fewer == expected


@pytest.mark.parametrize("factor", [1.5, 3.0])
@pytest.mark.parametrize(("regions", "skus"), [((), ()), (("village",), ()), ((), ("bowl",)), (("town",), ("cup",))])
def test_units_of_what_is_chosen_grow_by_the_factor(busy_world, factor, regions, skus):
    """Over six seeds within about four standard deviations; what is not chosen does not grow."""
    demand = dataclasses.replace(busy_world().demand, repeat_share=0.0)
    surge = Surge(factor=factor, from_day=0.25, to_day=1.75, regions=regions, skus=skus)
    sold = np.zeros((2, 2))  # (without, with the surge), (not chosen, chosen)
    for seed in range(6):
        for row, surges in enumerate(((), (surge,))):
            future = draw_trace(busy_world(demand=demand, surges=surges), seed).future
            order = future.orders[future.lines["order"]]
            chosen = (order["arrival_seconds"] >= DAY // 4) & (order["arrival_seconds"] < 7 * DAY // 4)
            if regions:
                chosen &= order["region"] == ("town", "village").index(regions[0])
            if skus:
                chosen &= future.lines["sku"] == ("cup", "bowl").index(skus[0])
            sold[row] += np.bincount(chosen, weights=future.lines["units"], minlength=2)
    added = sold[1] - sold[0]
    assert added[1] == pytest.approx((factor - 1) * sold[0, 1], abs=4 * 1.7 * np.sqrt((factor - 1) * sold[0, 1]))
    assert added[0] == 0


def test_customers_of_extra_orders_order_again_as_often_as_others(busy_world):
    sizes = [
        np.mean([draw_trace(w, s).num_orders for s in range(5)]) for w in (busy_world(), busy_world(surges=(DOUBLE,)))
    ]
    assert sizes[1] / sizes[0] == pytest.approx(1.5, rel=0.03)


def test_extra_orders_follow_the_hours_of_the_day(busy_world):
    demand = dataclasses.replace(
        busy_world().demand, hour_weights=tuple(float(hour == 20) for hour in range(24)), repeat_share=0.0
    )
    world = busy_world(demand=demand, surges=(dataclasses.replace(DOUBLE, from_day=0.85, to_day=2.0),))
    arrivals = draw_trace(world, 1).future.orders["arrival_seconds"]
    assert set((arrivals // HOUR).tolist()) == {20, 44}
    before, after = (arrivals < 0.85 * DAY).sum(), ((arrivals >= 0.85 * DAY) & (arrivals < DAY)).sum()
    assert after / before == pytest.approx(2 * 0.6 / 0.4, rel=0.1)  # 20:24 is 0.85 days


def test_a_promotion_starts_within_its_window_and_lasts_its_hours(small_world):
    rule = Promotion(factor=2.0, hours=5.0, from_day=0.5, to_day=1.25)
    starts = []
    for seed in range(200):
        (wave,) = waves_of(small_world(promotions=(rule,)), 2 * DAY, seed)
        ((start, end),) = wave.windows
        assert DAY // 2 <= start < 5 * DAY // 4
        assert end - start == pytest.approx(5 * HOUR, abs=1)
        starts.append(start)
    assert np.mean(starts) == pytest.approx(0.875 * DAY, abs=4 * 0.75 * DAY / np.sqrt(12 * 200))


def test_promotions_by_chance_come_as_often_as_expected(small_world):
    rule = Promotion(factor=2.0, hours=1.0, per_28_days=42.0)  # three in the two days of this world
    counts = []
    for seed in range(200):
        waves = waves_of(small_world(promotions=(rule,)), 2 * DAY, seed)
        counts.append(len(waves[0].windows) if waves else 0)
    assert np.mean(counts) == pytest.approx(3.0, abs=4 * np.sqrt(3 / 200))
    assert np.var(counts) == pytest.approx(3.0, rel=0.4)


def test_waves_after_the_horizon_do_nothing(small_world):
    late = {
        "promotions": (Promotion(factor=2.0, hours=1.0, from_day=2.0, to_day=3.0),),
        "surges": (Surge(factor=2.0, from_day=2.0, to_day=3.0),),
    }
    assert (
        draw_trace(small_world(**late), 3).future.orders.tobytes()
        == draw_trace(small_world(), 3).future.orders.tobytes()
    )


def test_extra_customers_have_numbers_of_their_own(busy_world):
    plain = draw_trace(busy_world(), 5).future.orders
    waves = {"surges": (DOUBLE, DOUBLE), "promotions": (Promotion(factor=2.0, hours=9.0),)}
    orders = draw_trace(busy_world(**waves), 5).future.orders
    origin = orders["customer_id"] >> 32
    assert set(origin.tolist()) == {0, 1, 2, 4}
    assert (origin == 0).sum() == len(plain)
    for customer in np.unique(orders["customer_id"]):
        assert len(set(orders["region"][orders["customer_id"] == customer].tolist())) == 1


def test_max_orders_counts_all_orders(small_world):
    demand = dataclasses.replace(small_world().demand, max_orders=50)
    full = draw_trace(small_world(surges=(DOUBLE,)), 3).future.orders
    few = draw_trace(small_world(surges=(DOUBLE,), demand=demand), 3).future.orders
    assert few["luck_key"].tolist() == full["luck_key"][:50].tolist()


@pytest.fixture
def logged_world(small_world):
    def build(**changes):
        epoch = small_world().public().epoch_seconds
        orders = [
            LogOrder(
                placed_at=epoch + 60 * minute,
                promise_at=epoch + 3 * DAY,
                region=minute % 2,
                lines=(LogLine(0, 2, 10), LogLine(1, 1, 7))[: 1 + minute % 3 % 2],
                customer_id=minute,
            )
            for minute in range(2 * 24 * 60)
        ]
        return small_world(demand=OrderLog.of(orders), **changes)

    return build


@pytest.mark.parametrize(("factor", "least", "most"), [(2.0, 1, 1), (2.5, 1, 2), (1.2, 0, 1)])
def test_more_demand_than_logged_copies_orders(logged_world, factor, least, most):
    surge = Surge(factor=factor, from_day=0.5, to_day=1.0, regions=("village",), skus=("cup",))
    plain, more = (draw_trace(world, 4).future for world in (logged_world(), logged_world(surges=(surge,))))
    known, all_orders = contents(plain), contents(more)
    assert {key: all_orders[key] for key in known} == known
    extra = [all_orders[key] for key in all_orders.keys() - known.keys()]
    assert {(order[2], tuple(basket)) for order, basket in extra} == {(1, ((0, 2, 10, 0),))}  # cups to the village
    hit = [order for order, _ in known.values() if DAY // 2 <= order[0] < DAY and order[2] == 1]
    assert least * len(hit) <= len(extra) <= most * len(hit)
    assert len(extra) == pytest.approx((factor - 1) * len(hit), abs=4.5 * np.sqrt(len(hit)) / 2)
    for order, _ in extra:  # up to an hour later, with as much time until the promise
        assert DAY // 2 <= order[0] < DAY + HOUR
        delay = order[3] - 3 * DAY
        assert 0 <= delay < HOUR


def test_less_demand_than_logged_drops_orders(logged_world):
    surge = Surge(factor=0.25, from_day=0.0, to_day=2.0)
    plain, fewer = (draw_trace(world, 4).future for world in (logged_world(), logged_world(surges=(surge,))))
    known, kept = contents(plain), contents(fewer)
    assert {key: known[key] for key in kept} == kept
    assert len(kept) == pytest.approx(len(known) / 4, abs=4.5 * np.sqrt(len(known) * 3 / 16))


def test_metro_with_promotions_has_the_orders_of_metro_without():
    world = load_scenario("metro-disrupted")
    without = dataclasses.replace(world, promotions=())
    plain, more = (contents(draw_trace(scenario, 3).future) for scenario in (without, world))
    assert len(more) > len(plain)
    assert {key: more[key] for key in plain} == plain
