"""Each scenario that learning should win has the mechanism after which it is named, and the mechanism pays."""

from dataclasses import replace

import numpy as np
import pytest

from agents import load_agent
from benchmarks.probes import Doubting, priced
from envs.many import simulate_many
from envs.prices import Pricing
from scenarios import draw_trace, load_scenario
from scenarios.catalogue.board import hold_consolidate, misplaced_scarce, peak_regime, presale_split

HOUR, DAY = 3600, 86_400
NUM_TRACES = 8


def traces_of(name, count=NUM_TRACES):
    scenario = load_scenario(name)
    return [draw_trace(scenario, 1_000_000 + number) for number in range(count)]


def costs(traces, agent):
    return np.array([simulation.metrics["cost_per_order"] for simulation in simulate_many(traces, agent)])


def gain(name, probe, rival="myopic"):
    """By how much, relative to its cost, the probe is below the rival: mean over the same traces."""
    traces = traces_of(name)
    rival_costs = costs(traces, load_agent(rival))
    return float((rival_costs - costs(traces, probe)).mean() / rival_costs.mean())


def test_cutoff_congestion_a_price_on_queues_pays():
    assert gain("cutoff-congestion", priced("queue", (("pick_start", -12.0),), Pricing.NONE)) > 0.02


def test_cutoff_congestion_the_hub_alone_cannot_pick_what_is_ordered_around_it():
    network = load_scenario("cutoff-congestion").public().expand()
    row, settings = network.warehouses[0], network.settings[0]
    share = network.regions["demand_share"][:4].sum()
    work = 24 * settings["hourly_orders_milli"] / 1000 * share * (row["pick_parcel_seconds"] + row["pick_line_seconds"])
    assert 1.05 < work / (row["num_stations"] * 16 * HOUR) < 1.4


def test_hold_consolidate_a_short_hold_pays_and_long_ones_do_not():
    assert gain("hold-consolidate", load_agent("hold-once")) > 0.05
    assert gain("hold-consolidate", load_agent("consolidate")) < -0.05


def test_hold_consolidate_three_in_ten_come_again_within_the_half_hour_or_soon_after():
    orders = traces_of("hold-consolidate", 1)[0].future.orders
    first = {}
    gaps = []
    for customer, arrival in zip(orders["customer_id"].tolist(), orders["arrival_seconds"].tolist(), strict=True):
        if customer in first:
            gaps.append(arrival - first[customer])
        else:
            first[customer] = arrival
    assert len(gaps) / len(first) == pytest.approx(hold_consolidate.REPEAT_SHARE, abs=0.05)
    assert np.mean(np.array(gaps) <= 30 * 60) > 0.8


def test_carrier_regime_doubt_pays():
    assert gain("carrier-regime", Doubting()) > 0.01


def test_carrier_regime_bad_days_last_for_days():
    services = set()
    for trace in traces_of("carrier-regime"):
        regimes = trace.future.regimes
        assert set(regimes["transit_permille"].tolist()) <= {1000, 2200, 3600}
        services |= set(regimes["service"].tolist())
        for service in range(2):
            starts = regimes["starts_at"][regimes["service"] == service]
            assert len(starts) <= 14
    assert services == {0, 1}  # the courier can be relied on


def test_peak_regime_demand_multiplies_somewhere():
    """In most traces some site has a day with more than twice the orders that its share of the mean would be."""
    num_peaks = 0
    for trace in traces_of("peak-regime"):
        orders = trace.future.orders
        site, day = orders["region"] // 3, orders["arrival_seconds"] // DAY
        counts = np.zeros((len(peak_regime.RING.sites), 7))
        np.add.at(counts, (site, day), 1)
        usual = np.array([place.share for place in peak_regime.RING.sites]) * peak_regime.ORDERS_PER_DAY
        num_peaks += (counts > 2 * usual[:, None]).any()
    assert num_peaks >= NUM_TRACES / 2


def test_peak_regime_nothing_of_it_is_published():
    scenario = load_scenario("peak-regime")
    assert scenario.promotions
    assert scenario.public() == replace(scenario, promotions=()).public()


def test_misplaced_scarce_bid_prices_pay():
    assert gain("misplaced-scarce", load_agent("primal-dual")) > 0.05


def test_misplaced_scarce_stock_does_not_lie_where_it_is_ordered():
    network = load_scenario("misplaced-scarce").public().expand()
    units = network.stock["on_hand_units"]
    assert ((units > 0).sum(axis=0) <= misplaced_scarce.HOLDERS).all()
    demand = np.array([site.share for site in misplaced_scarce.RING.sites])
    distance = np.abs(units / units.sum(axis=0) - demand[:, None]).sum(axis=0) / 2
    assert distance.mean() > 0.3  # of the stock would have to be moved


def test_misplaced_scarce_receipts_cannot_be_relied_on():
    receipts = np.concatenate([trace.future.receipts for trace in traces_of("misplaced-scarce")])
    assert (receipts["actual_units"] < receipts["expected_units"]).mean() > 0.4
    assert (receipts["actual_at"] > receipts["expected_at"] + 12 * HOUR).mean() > 0.5


def test_presale_split_whoever_piles_up_parcels_for_the_date_pays():
    assert gain("presale-split", priced("split", (("num_parcels", 12.0),), Pricing.NONE)) > 0.008


def test_presale_split_baskets_are_mixed():
    trace = traces_of("presale-split", 1)[0]
    lines = trace.future.lines
    is_presale = lines["ship_from_seconds"] > 0
    assert set((lines["ship_from_seconds"][is_presale] // DAY).tolist()) == set(presale_split.PRESALE_DAYS.values())
    num_presale = np.bincount(lines["order"], weights=is_presale)
    is_mixed = (num_presale > 0) & (num_presale < trace.future.orders["num_lines"])
    assert 0.15 < is_mixed.mean() < 0.5
