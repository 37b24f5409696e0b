"""``jasin-sinha``: the instances of the literature, so that results lie beside published ones.

Five warehouses, ten cities, 20 SKUs, 25 order types of one to five lines; stock at the start is all there is. A box
costs 8.759 and each unit in it 0.423 and 0.000541 a mile. What is not fulfilled costs twice a box and twice a unit from
the farthest warehouse. Nothing else costs anything: nobody queues, nothing is late, carbon is free.

How this world becomes theirs: one service whose rate card has a zone for every distance and a band for every number of
units; enough stations; no cost of time. "Not fulfilled" is a line that a sixth warehouse sends, ``outside``, farther
away than any other, which has everything at the price of not fulfilling: so some lines of an order can be left
unfulfilled, for one box, exactly as there.

What differs, and is an assumption: 2,000 periods an episode instead of 10,000 (``periods``); periods are 300 seconds;
all of an order's lines can be rerouted together, while their myopic rule sends each line from its nearest warehouse.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from scenarios.catalogue.board.order_types import MOST_LINES, NUM_SKUS, Instance, arrivals, draw_instance, stock_of
from scenarios.collection import Collection
from scenarios.demand import PublishedDemand
from scenarios.expand import great_circle_km
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS, parse_utc
from scenarios.money import millicents
from scenarios.order_log import LogLine, LogOrder, OrderLog
from scenarios.quantiles import constant
from scenarios.region import Region
from scenarios.scenario import Scenario
from scenarios.seeds import split_of
from scenarios.service import CarrierService, Rate, Zone
from scenarios.settings import Settings
from scenarios.sku import Sku
from scenarios.stock import StockRow
from scenarios.warehouse import ALL_WEEK, Warehouse

EPOCH = "2025-03-03T00:00:00Z"
PERIOD_SECONDS = 300
KM_PER_MILE = 1.61
UNIT_GRAMS = 1_000

BOX, UNIT, MILE = 8.759, 0.423, 0.000541
UNFILLED = 2.0
"""Times as dear, and from the farthest warehouse."""

# name: latitude, longitude
CENTRES = {
    "OAK4": (37.7448, -121.3985),
    "IND1": (39.9797, -86.3833),
    "AVP3": (41.2776, -75.4973),
    "CAE1": (33.9114, -81.0501),
    "DFW7": (32.9709, -97.3348),
}
OUTSIDE, OUTSIDE_PLACE = "outside", (-41.0, 174.0)
# name: latitude, longitude, people
CITIES = {
    "New York": (40.6943, -73.9249, 18_680_025),
    "Los Angeles": (34.1141, -118.4068, 12_531_334),
    "Chicago": (41.8375, -87.6866, 8_586_888),
    "Miami": (25.784, -80.2101, 6_076_316),
    "Dallas": (32.7935, -96.7667, 5_910_669),
    "Houston": (29.786, -95.3885, 5_724_418),
    "Philadelphia": (40.0077, -75.1339, 5_540_199),
    "Atlanta": (33.7628, -84.422, 5_151_496),
    "Washington": (38.9047, -77.0163, 5_066_973),
    "Boston": (42.3188, -71.0852, 4_465_966),
}
SETTINGS = Settings(
    max_parcels=MOST_LINES,
    is_backorder_allowed=False,
    lateness_step_millicents=0,
    lateness_hour_millicents=0,
    waiting_hour_millicents=0,
    carbon_kg_millicents=0,
    packaging_parcel_millicents=0,
    packaging_kg_millicents=0,
    price_level_millicents=millicents(2.00),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceScenario(Scenario):
    """A scenario whose orders ``at(seed)`` draws by their types; itself it has those of seed 0."""

    instance: Instance
    city_shares: np.ndarray

    def at(self, seed: int) -> Scenario:
        """The plain scenario with the orders of one seed.

        Raises:
            InputError: bad seed.
        """
        split_of(seed)
        periods = self.horizon_days * DAY_SECONDS // PERIOD_SECONDS
        values = {field.name: getattr(self, field.name) for field in fields(Scenario)}
        return Scenario(**{**values, "demand": _log(self.instance, self.city_shares, periods, int(seed))})


def jasin_sinha(instance: int = 1, horizon_days: int = 7) -> Scenario:
    """The literature's instances: boxes, miles and order types; all else is free."""
    periods = horizon_days * DAY_SECONDS // PERIOD_SECONDS
    drawn = draw_instance(instance, len(CENTRES))
    people = np.array([city[2] for city in CITIES.values()], np.float64)
    shares = people / people.sum()
    margin = _dearest_unfilled()
    skus = tuple(Sku(f"item-{number + 1:02d}", UNIT_GRAMS, margin) for number in range(NUM_SKUS))
    places = {**CENTRES, OUTSIDE: OUTSIDE_PLACE}
    return InstanceScenario(
        id="jasin-sinha@1" if instance == 1 else f"jasin-sinha-{instance}@1",
        epoch=EPOCH,
        horizon_days=horizon_days,
        drain_days=2,
        warehouses=tuple(
            Warehouse(name=name, latitude=place[0], longitude=place[1], num_stations=1_000, pick_parcel_seconds=1)
            for name, place in places.items()
        ),
        services=(_parcel(),),
        collections=tuple(Collection(name, "parcel", ALL_WEEK, "12:00", 10**9) for name in places),
        regions=tuple(Region(name, city[0], city[1]) for name, city in CITIES.items()),
        skus=skus,
        stock=_stock(drawn, shares, periods, skus),
        settings=SETTINGS,
        demand=_log(drawn, shares, periods, 0),
        published=_published(drawn, shares),
        instance=drawn,
        city_shares=shares,
    )


def _km(place: tuple[float, float]) -> list[float]:
    return [great_circle_km(*place, city[0], city[1]) for city in CITIES.values()]


def _dearest_unfilled() -> int:
    """Millicents of one unit in a box of its own from the outside, at most: declining is never cheaper than that."""
    farthest = max(max(_km(place)) for place in CENTRES.values())
    return millicents(UNFILLED * (BOX + UNIT + MILE * farthest / KM_PER_MILE))


def _parcel() -> CarrierService:
    """A zone for every distance in whole kilometres; the outside's cost what not fulfilling costs there."""
    unit_cost: dict[int, tuple[float, float]] = {}
    lanes = np.array([_km(place) for place in CENTRES.values()])
    for km in lanes.ravel():
        unit_cost[round(km)] = (BOX, UNIT + MILE * km / KM_PER_MILE)
    for km, farthest in zip(_km(OUTSIDE_PLACE), lanes.max(axis=0), strict=True):
        unit_cost[round(km)] = (UNFILLED * BOX, UNFILLED * (UNIT + MILE * farthest / KM_PER_MILE))
    return CarrierService(
        name="parcel",
        zones=tuple(
            Zone(
                km,
                tuple(Rate(count * UNIT_GRAMS, millicents(box + count * unit)) for count in range(1, MOST_LINES + 1)),
                constant(24 * HOUR_SECONDS),
            )
            for km, (box, unit) in sorted(unit_cost.items())
        ),
    )


def _stock(instance: Instance, shares: np.ndarray, periods: int, skus: tuple[Sku, ...]) -> tuple[StockRow, ...]:
    units = stock_of(instance, np.array([_km(place) for place in CENTRES.values()]), shares, periods)
    inside = tuple(
        StockRow(name, sku.name, int(units[w, k])) for w, name in enumerate(CENTRES) for k, sku in enumerate(skus)
    )
    return inside + tuple(StockRow(OUTSIDE, sku.name, periods) for sku in skus)


def _published(instance: Instance, shares: np.ndarray) -> PublishedDemand:
    a_day = DAY_SECONDS / PERIOD_SECONDS
    units = np.zeros(NUM_SKUS)
    for basket, chance in zip(instance.baskets, instance.chances, strict=True):
        units[list(basket)] += chance
    return PublishedDemand(
        hourly_orders_milli=round(1000 * float(instance.chances.sum()) * a_day / 24),
        region_shares=tuple(shares.tolist()),
        daily_units_milli=tuple(round(1000 * float(value) * a_day) for value in units),
    )


def _log(instance: Instance, shares: np.ndarray, periods: int, seed: int) -> OrderLog:
    orders, begin, margin = [], parse_utc("epoch", EPOCH), _dearest_unfilled()
    for period, kind, city in arrivals(instance, shares, periods, seed):
        placed_at = begin + period * PERIOD_SECONDS
        lines = tuple(LogLine(sku, 1, margin) for sku in instance.baskets[kind])
        orders.append(LogOrder(placed_at, placed_at + 30 * DAY_SECONDS, city, lines, customer_id=period))
    return OrderLog.of(orders)
