"""The rules that bounds work with, many at once, are those of the simulation, one by one."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from agents.bounds.departures import Departures, pick_starts
from agents.bounds.fortune import Fortune, drawn, many_lucks
from agents.bounds.lateness import ExpectedLuck, KnownLuck
from agents.bounds.packs import EXACT_LINES, chains, longest_hold, make_packs
from agents.bounds.parcels import lateness_of, make_cargo, ways_of
from agents.bounds.program import prove
from agents.bounds.supply import make_supply, spread
from envs import costs, shifts, tables
from envs.luck import PICK, SHORT, TRANSIT, luck
from envs.state import NONE
from scenarios.network import TABLE_WEIGHT
from tests.named_traces import short_trace
from tests.worlds import HOUR, random_trace, with_settings


def test_luck_is_the_same():
    keys = np.random.default_rng(0).integers(0, 1 << 64, 50, np.uint64)
    for stream, place in itertools.product((PICK, TRANSIT, SHORT + (7 << 8)), ((0, 0, 0), (2, 1, 3))):
        assert many_lucks(keys, stream, *place).tolist() == [int(luck(key, stream, *place)) for key in keys]


def test_draws_are_the_same():
    network = random_trace(1).network
    random = np.random.default_rng(0)
    which, lucks = random.integers(0, len(network.tables), 99), random.integers(0, 1 << 64, 99, np.uint64)
    assert drawn(network, which, lucks).tolist() == [
        int(tables.draw(network.tables, table, one)) for table, one in zip(which.tolist(), lucks, strict=True)
    ]


def test_lateness_is_the_same():
    network = random_trace(1).network
    late = np.array([-9, 0, 1, 3599, 3600, 10**6])
    assert lateness_of(network, late).tolist() == [costs.lateness(network.settings, value) for value in late.tolist()]


def test_picks_start_in_shifts():
    for seed in range(5):
        network = random_trace(seed).network
        seconds = np.arange(0, int(network.settings["end_seconds"][0]) + HOUR, 571)
        for warehouse in range(len(network.warehouses)):
            expected = [shifts.after_open_seconds(network, warehouse, second, 0) for second in seconds.tolist()]
            assert pick_starts(network, warehouse, seconds).tolist() == expected


def test_no_later_collection_arrives_earlier():
    """Against every collection that comes, one by one, under regimes and outages."""
    num_waits = 0
    for seed in range(8):
        trace = random_trace(seed, has_outages=True, has_regimes=True)
        for place in np.ndindex(*trace.network.pairs.shape):
            if not trace.network.pairs["num_collections"][place]:
                continue
            departures = Departures(trace.network, trace.future, *place)
            own = trace.future.regimes[trace.future.regimes["service"] == place[1]]
            for ready_at, transit in itertools.product(range(0, 200_000, 17_000), (1, 9 * HOUR)):
                arrivals = []
                for time in departures.times[departures.times >= ready_at].tolist():
                    begun = own[own["starts_at"] <= time]
                    permille = int(begun["transit_permille"][-1]) if len(begun) else 1000
                    arrivals.append(time + max(1, transit * permille // 1000))
                found = departures.arrival(np.array([ready_at]), np.array([transit]))
                assert found.tolist() == [min(arrivals)]
                num_waits += min(arrivals) < arrivals[0]
    assert num_waits > 0


def test_expected_lateness_is_the_mean_of_known_lateness():
    """Over many keys of luck, for parcels of lone lines that nothing breaks."""
    trace = random_trace(3, num_orders=12, max_lines=1, share_without_lane=0.0, share_with_requirements=0.0)
    network, future = trace.network, trace.future
    packs = make_packs(network, future)
    cargo = make_cargo(network, future, packs)
    rows = np.arange(len(packs.lines))
    place = next(place for place in np.ndindex(*network.pairs.shape) if network.pairs["num_collections"][place] > 2)
    ways = ways_of(network, cargo, place, rows, rows, cargo.earliest)
    assert len(ways.row) > 0
    known, random = [], np.random.default_rng(0)
    for _ in range(2000):
        orders = future.orders.copy()
        orders["luck_key"] = random.integers(0, 1 << 64, len(orders), np.uint64)
        known.append(KnownLuck(network, future._replace(orders=orders), packs, cargo)(ways, place))
    expected = ExpectedLuck(network, future, cargo)(ways, place)
    error = np.std(known, axis=0) / len(known) ** 0.5
    assert (expected <= np.mean(known, axis=0) + 4 * error).all()
    assert (expected >= 0.9 * (np.mean(known, axis=0) - 4 * error) - 2).all()
    assert (expected > 0).any()


def test_attempts_that_could_be():
    """A lone line is at its first attempt unless it was not found before."""
    trace = random_trace(2, max_lines=3, has_short_picks=True, num_warehouses=4)
    warehouse = int(np.argmax(trace.network.warehouses["short_weight"]))
    fortune = Fortune(trace.network, trace.future, warehouse, 0)
    orders = np.flatnonzero(trace.future.orders["num_lines"] == 1)
    lines = trace.future.orders["first_line"][orders]
    one = np.ones(len(orders), np.int64)
    assert fortune.could_be(orders, one, 0).all()
    assert (fortune.could_be(orders, one, 1) == fortune.is_short[0][lines]).all()
    assert 0 < fortune.is_short[0][lines].sum() < len(lines)
    longer = np.flatnonzero(trace.future.orders["num_lines"] == 2)
    assert fortune.could_be(longer, np.ones(len(longer), np.int64), 1).all()


def test_packs_of_orders_that_could_join():
    trace = random_trace(4, num_orders=40, max_lines=3, num_regions=1, has_holds=True)
    trace = with_settings(trace, hold_short_seconds=3600, hold_long_seconds=0)
    network, future = trace.network, trace.future
    longest, arrival = longest_hold(network), future.orders["arrival_seconds"]
    assert longest == 7200
    assert chains(network, future)
    packs = make_packs(network, future)
    owner = future.lines["order"]
    subsets = [tuple(line for line in row if line != NONE) for row in packs.lines.tolist()]
    assert len(set(subsets)) == len(subsets)
    joined = 0
    for lines, share, leads in zip(subsets, packs.share.tolist(), packs.leads.tolist(), strict=True):
        orders = {int(owner[line]) for line in lines}
        joined += len(orders) > 1
        assert share == 1 or (len(lines) == 1 and share > EXACT_LINES)
        assert len({(int(future.orders[o]["customer_id"]), int(future.orders[o]["region"])) for o in orders}) == 1
        assert arrival[list(orders)].max() - arrival[list(orders)].min() <= longest
        assert leads[0] == min(orders)
    assert joined > 0
    assert {(line,) for line in range(len(owner))} <= set(subsets)
    assert longest_hold(with_settings(trace, hold_short_seconds=0).network) == 0


def test_cuts_that_could_not_bind_are_left_out():
    trace = short_trace("metro-small")
    network, future = trace.network, trace.future
    arrival = future.orders["arrival_seconds"][future.lines["order"]]
    supply = make_supply(network, future, arrival)
    assert 0 < len(supply.units) < network.stock.size + len(future.receipts)
    for cell in range(network.stock.size):
        own = future.lines["sku"] == cell % network.stock.shape[1]
        for cut in range(supply.first_cut[cell], supply.first_cut[cell + 1]):
            assert future.lines["units"][own & (arrival < supply.before[cut])].sum() > supply.units[cut]


def test_ranges_are_spread():
    owner, entry = spread(np.array([5, 0, 9]), np.array([2, 0, 3]))
    assert owner.tolist() == [0, 0, 2, 2, 2]
    assert entry.tolist() == [5, 6, 9, 10, 11]


@pytest.mark.parametrize("seed", range(20))
def test_any_prices_prove_a_bound(seed):
    """Of a program solved by trying all its corners; prices are arbitrary."""
    from scipy.sparse import csr_array

    random = np.random.default_rng(seed)
    num_lines, num_variables = 3, 7
    cover = np.concatenate([random.integers(0, 2, (num_lines, num_variables - 3)), np.eye(3, dtype=np.int64)], axis=1)
    take, units = random.integers(0, 3, (2, num_variables)), random.integers(1, 4, 2)
    take[:, -3:] = 0
    prices, most = random.integers(0, 100, num_variables), np.full(num_variables, TABLE_WEIGHT)
    best = min(
        int(prices @ x)
        for x in map(np.array, itertools.product((0, 1), repeat=num_variables))
        if (cover @ x == 1).all() and (take @ x <= units).all()
    )
    for _ in range(20):
        by_line, by_cut = random.integers(-50, 150, num_lines), -random.integers(0, 50, 2)
        assert prove(prices, most, (csr_array(cover), by_line), (csr_array(take), by_cut, units)) <= best
