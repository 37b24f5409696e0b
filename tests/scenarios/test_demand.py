import math

import pytest

from scenarios.demand import Demand, OrderRequirement, Promise, PublishedDemand, basket_chances
from scenarios.errors import InputError
from scenarios.handling import Handling

LEGAL = {
    "orders_per_day": 100.0,
    "region_shares": (1.0, 2.0),
    "sku_shares": (0.5, 0.3, 0.2),
    "promises": (Promise("standard", 1.0, 2),),
}


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("orders_per_day", -1.0),
        ("orders_per_day", math.nan),
        ("region_shares", (0.0, 0.0)),
        ("sku_shares", (1.0, -1.0, 0.0)),
        ("basket_shares", ()),
        ("basket_shares", (0.2, 0.2, 0.2, 0.2)),  # four distinct SKUs out of three
        ("units_shares", (math.nan,)),
        ("hour_weights", (1.0,) * 23),
        ("weekday_weights", (1.0,) * 8),
        ("promises", ()),
        ("promises", (Promise("standard", 0.0, 2),)),
        ("order_requirements", (Handling.GIFT,)),
        ("time_zone", "Nowhere"),
        ("repeat_share", 1.5),
        ("repeat_minutes", 0.0),
        ("num_initial_orders", -1),
        ("max_orders", 2.5),
    ],
)
def test_illegal_values(field, value):
    with pytest.raises(InputError, match=field.removesuffix("s")):
        Demand(**{**LEGAL, field: value})


@pytest.mark.parametrize(
    "build",
    [
        lambda: Promise("", 1.0, 2),
        lambda: Promise("standard", -1.0, 2),
        lambda: Promise("standard", 1.0, -2),
        lambda: Promise("standard", 1.0, 2, cutoff="25:00"),
        lambda: Promise("standard", 1.0, 2, skip_weekdays=(7,)),
        lambda: Promise("standard", 1.0, 2, skip_weekdays=(0, 1, 2, 3, 4, 5, 6)),
        lambda: OrderRequirement(Handling.GIFT, 1.5),
        lambda: OrderRequirement(999, 0.5),
        lambda: PublishedDemand(hourly_orders_milli=-1, region_shares=(1.0,), daily_units_milli=(1,)),
        lambda: PublishedDemand(hourly_orders_milli=1, region_shares=(), daily_units_milli=(1,)),
        lambda: PublishedDemand(hourly_orders_milli=1, region_shares=(1.0,), daily_units_milli=(-1,)),
        lambda: Demand(**{**LEGAL, "promises": (Promise("a", 1.0, 1), Promise("a", 1.0, 2))}),
    ],
)
def test_illegal_parts(build):
    with pytest.raises(InputError):
        build()


def test_published_means_of_a_hand_worked_model():
    demand = Demand(**{**LEGAL, "orders_per_day": 240.0, "units_shares": (0.5, 0.5)})
    published = demand.published()
    assert published.hourly_orders_milli == 10_000
    assert published.region_shares == pytest.approx((1 / 3, 2 / 3))
    assert published.daily_units_milli == (180_000, 108_000, 72_000)


def test_basket_chances_sum_to_the_mean_size_and_stay_probabilities():
    chances = basket_chances((100.0, 1.0, 1.0, 1.0), 2.0)
    assert sum(chances) == pytest.approx(2.0)
    assert max(chances) <= 1.0
    assert chances[1] == pytest.approx(chances[3])
