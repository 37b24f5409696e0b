"""Features against a plain recomputation from snapshot and slots, in physical units over fixed scales."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

from envs.costs import COST_PARTS
from envs.feature_schema import CONTEXT_FEATURES, NUM_CONTEXT, NUM_FEATURES, SLOT_FEATURES
from envs.plan_table import Rule
from tests.asked import asked_otherwise
from tests.played import decisions, is_over
from tests.worlds import HOUR, random_trace, traces

WEIGHTS = (1.0, 2.0, 0.5)


def left_behind(world, line, warehouse):
    """Units available on a shelf, and everywhere, once a line has been taken."""
    row, cell = world.seen.lines[line], world.seen.stock
    free = (cell["on_hand_units"] - cell["allocated_units"])[:, row["sku"]]
    return int(free[warehouse] - row["units"]), int(free.sum() - row["units"])


def slot_quantities(world, slot) -> dict[str, float]:
    """The quantity behind every feature of a slot, by name."""
    seen, plans, network = world.seen, world.plans, world.network
    now, order, row = int(seen.clock["now_seconds"][0]), seen.order[0], plans.slots[slot]
    parcels = plans.options[plans.chosen[slot, : row["num_parcels"]]]
    score = plans.rules[: plans.counts[0], Rule.SCORE] / 1e8
    result = {f"{part.name}_cost": plans.costs[slot, i] / 1e5 for i, part in enumerate(COST_PARTS)}
    last = max([now, *parcels["mean_at"]])
    slacks = [
        int(seen.lines["promise_at"][line] - parcel["mean_at"])
        for parcel in parcels
        for line in range(order["num_lines"])
        if int(parcel["lines_mask"]) >> line & 1
    ]
    result |= {
        "is_real": 1.0,
        "is_decline": float(not len(parcels) and not row["hold_seconds"]),
        "num_parcels": len(parcels),
        "later_share": parcels["num_lines"][(parcels["receipt"] < 0) & (parcels["release_at"] > 0)].sum()
        / order["num_lines"],
        "hold": row["hold_seconds"] / HOUR,
        "backordered_share": parcels["num_lines"][parcels["receipt"] >= 0].sum() / order["num_lines"],
        "bid_value": parcels["bid_millicents"].sum() / 1e5,
        "score": score[slot],
        "score_gap": score[slot] - score.min(),
        "late_probability": parcels["late_weight"].max(initial=0) / 65536,
        "pick_start": max([0, *(parcels["ready_at"] - parcels["pick_seconds"] - now)]) / HOUR,
        "queue_load": (
            parcels["pick_seconds"] / HOUR * (parcels["ready_at"] - parcels["pick_seconds"] - now) / HOUR
        ).sum(),
        "collected": max([0, *(parcels["collected_at"] - now)]) / HOUR,
        "door": (last - now) / HOUR,
        "slack": min(slacks) / HOUR if len(parcels) else 0.0,
        "distance": parcels["distance_km"].max(initial=0),
        "shelf_left": 1.0,
        "shelf_cover": 10.0,
        "network_cover": 10.0,
        "bookings": 0.0,
        "utilisation": 0.0,
        "transit_seen": 0.0,
    }
    for parcel in parcels:
        w, c = int(parcel["warehouse"]), int(parcel["collection"])
        full = seen.bookings["booked_parcels"][c] / network.collections["capacity_parcels"][c]
        result["bookings"] = max(result["bookings"], full)
        busy = seen.stations["num_busy"][w] / seen.stations["num_open"][w]
        result["utilisation"] = max(result["utilisation"], busy)
        if parcel["receipt"] >= 0:
            continue
        for line in range(order["num_lines"]):
            if int(parcel["lines_mask"]) >> line & 1:
                shelf, everywhere = left_behind(world, line, w)
                sku = seen.lines["sku"][line]
                daily = max(1, network.skus["daily_units_milli"][sku]) / 1000
                reference = max(1, seen.stock["reference_units"][w, sku])
                result["shelf_left"] = min(result["shelf_left"], shelf / reference)
                result["shelf_cover"] = min(result["shelf_cover"], shelf / daily)
                result["network_cover"] = min(result["network_cover"], everywhere / daily)
    if len(parcels):
        result["transit_seen"] = seen.punctuality["transit_permille"][parcels["service"]].max() / 1000 - 1
    return result


def context_quantities(world) -> dict[str, float]:
    """The quantity behind every context feature, by name."""
    seen, plans, settings = world.seen, world.plans, world.network.settings[0]
    now, order = int(seen.clock["now_seconds"][0]), seen.order[0]
    local = int(settings["epoch_seconds"] + settings["local_offset_seconds"]) + now
    arrivals = world.future.orders["arrival_seconds"][: world.hidden.counters["num_arrived"][0]]
    hour = now // HOUR
    this, last = (arrivals // HOUR == hour).sum(), (arrivals // HOUR == hour - 1).sum()
    starts = (plans.start_at - now) / HOUR
    return {
        "hour_sin": math.sin(2 * math.pi * local / 86400),
        "hour_cos": math.cos(2 * math.pi * local / 86400),
        "week_sin": math.sin(2 * math.pi * local / 604800),
        "week_cos": math.cos(2 * math.pi * local / 604800),
        "num_lines": order["num_lines"],
        "units": seen.lines["units"][: order["num_lines"]].sum(),
        "margin": order["margin_millicents"] / 1e5,
        "promise": (order["promise_at"] - now) / HOUR,
        "num_orders": order["num_orders"],
        "is_again": order["is_again"],
        "held": order["held_seconds"] / HOUR,
        "best_score": plans.rules[0, Rule.SCORE] / 1e8,
        "num_plans": plans.counts[0],
        "mean_pick_start": starts.mean(),
        "max_pick_start": starts.max(),
        "demand_seen": (this + (1 - now % HOUR / HOUR) * last) / (settings["hourly_orders_milli"] / 1000)
        if settings["hourly_orders_milli"]
        else 0.0,
        "transit_seen": (seen.punctuality["transit_permille"] / 1000 - 1).mean(),
        "interrupted": (seen.interruptions["until_seconds"] > now).mean(),
        "weight_cost": WEIGHTS[0],
        "weight_lateness": WEIGHTS[1],
        "weight_carbon": WEIGHTS[2],
    }


def assert_described(world) -> None:
    count = int(world.plans.counts[0])
    for slot in range(count):
        wanted = slot_quantities(world, slot)
        assert len(wanted) == NUM_FEATURES
        for column, feature in enumerate(SLOT_FEATURES):
            found = world.plans.features[slot, column] * feature.scale
            assert found == pytest.approx(wanted[feature.name], rel=1e-5, abs=1e-5 * feature.scale), feature.name
    assert not world.plans.features[count:].any()
    wanted = context_quantities(world)
    assert len(wanted) == NUM_CONTEXT
    for column, feature in enumerate(CONTEXT_FEATURES):
        found = world.plans.context[column] * feature.scale
        assert found == pytest.approx(wanted[feature.name], rel=1e-5, abs=1e-5 * feature.scale), feature.name


@settings(max_examples=40)
@given(traces(num_orders=20, share_without_lane=0.1))
def test_features_of_random_worlds(trace):
    random = np.random.default_rng(0)
    for world in decisions(trace, weights=WEIGHTS):
        if not is_over(world):
            assert_described(world)
            assert_described(asked_otherwise(world, random))


def test_features_of_metro(trace_of):
    for place, world in enumerate(decisions(trace_of("metro-small"), weights=WEIGHTS)):
        if place % 20 == 0 and not is_over(world):
            assert_described(world)


def test_bug_transit_seen_of_fast_services_is_lost():
    """Parcels of a service that has been faster than expected show it: the feature is below zero."""
    for world in decisions(random_trace(3, num_orders=200, num_services=2, most_units_on_shelf=60)):
        seen, plans = world.seen, world.plans
        for slot in range(0 if is_over(world) else int(plans.counts[0])):
            used = plans.options["service"][plans.chosen[slot, : plans.slots["num_parcels"][slot]]]
            if len(used) and (seen.punctuality["transit_permille"][used] < 900).all():
                column = [feature.name for feature in SLOT_FEATURES].index("transit_seen")
                assert plans.features[slot, column] < -0.09
                return
    raise AssertionError("no service was fast in this world")


def test_names_are_unique_and_scales_positive():
    for schema in (SLOT_FEATURES, CONTEXT_FEATURES):
        assert len({feature.name for feature in schema}) == len(schema)
        assert all(feature.scale > 0 and feature.unit and feature.doc for feature in schema)


def test_realised_durations_of_running_picks_do_not_show(trace_of):
    """Stations show when a pick is expected to end, which is hardly ever when it ends."""
    shown: dict[int, int] = {}
    for world in decisions(trace_of("metro-small"), share_of_best=1.0):
        running = world.seen.picks[world.seen.picks["parcel"] >= 0]
        for parcel, finish in running.tolist():
            row = world.hidden.parcels[parcel]
            assert finish == row["started_at"] + row["pick_seconds"]
            shown[parcel] = int(row["ready_at"]) - finish
    assert len(shown) > 100
    assert np.mean(np.array(list(shown.values())) != 0) > 0.9
