"""Features against a plain recomputation from snapshot and slots, in physical units over fixed scales."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings

from envs.costs import COST_PARTS, LATENESS
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


def recent_share(world, region) -> tuple[float, float]:
    """Orders an hour lately in a region and everywhere, each drawn towards the published share by four of them."""
    recent, share = world.seen.demand["recent_milli"] / 1000, world.network.regions["demand_share"][region]
    return recent[region] + 4 * share, recent.sum() + 4


def surge_around(world, warehouse, service) -> float:
    """Of the regions that a service serves from a warehouse, the near ones weighing more."""
    lanes, shares = world.network.lanes[warehouse, service], world.network.regions["demand_share"]
    near = np.where(lanes["zone"] >= 0, 1 / (100.0 + lanes["distance_km"]) ** 2, 0)
    own = sum(weight * recent_share(world, region)[0] for region, weight in enumerate(near))
    return own / ((near * shares).sum() * recent_share(world, 0)[1]) - 1 if (near * shares).sum() > 0 else 0.0


def doubt(world, parcel) -> float:
    """Expected lateness of a parcel if slack is used up as much faster as journeys lately took longer, millicents."""
    network, settings = world.network, world.network.settings[0]
    permille = max(1, int(world.seen.punctuality["transit_permille"][parcel["service"]]))
    if permille == 1000:
        return 0.0
    region = int(world.seen.order["region"][0])
    table = network.tables[network.lanes["transit_table"][parcel["warehouse"], parcel["service"], region]]
    cap, total = int(settings["lateness_cap_seconds"]), 0.0
    for line in range(int(world.seen.order["num_lines"][0])):
        if int(parcel["lines_mask"]) >> line & 1:
            slack = (int(world.seen.lines["promise_at"][line]) - int(parcel["collected_at"])) * 1000 // permille
            late = table["value"] - slack
            cost = np.where(late > 0, settings["lateness_step_millicents"], 0)
            cost = cost + settings["lateness_hour_millicents"] * np.clip(late, 0, cap) / HOUR
            total += (table["weight"] * cost).sum() / table["weight"].sum()
    return total


def slot_quantities(world, slot) -> dict[str, float]:
    """The quantity behind every feature of a slot, by name."""
    hold_seconds = int(world.plans.slots["hold_seconds"][slot])
    if hold_seconds == 0:
        return plan_quantities(world, slot)
    others = np.flatnonzero(world.plans.slots["hold_seconds"][: world.plans.counts[0]] == 0)
    score, plans = world.plans.rules[: world.plans.counts[0], Rule.SCORE] / 1e8, world.plans
    followed = plan_quantities(world, int(others[0]))  # slots are sorted by score
    return followed | {
        **{f"{part.name}_cost": plans.costs[slot, i] / 1e5 for i, part in enumerate(COST_PARTS)},
        "is_hold": 1.0,
        "hold": hold_seconds / HOUR,
        "score": score[slot],
        "score_gap": score[slot] - score.min(),
        "door": followed["door"] + hold_seconds / HOUR,
        "slack": followed["slack"] - hold_seconds / HOUR,
    }


def plan_quantities(world, slot) -> dict[str, float]:
    """Of a plan that is no hold."""
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
        "is_decline": float(not len(parcels)),
        "num_parcels": len(parcels),
        "later_share": parcels["num_lines"][(parcels["receipt"] < 0) & (parcels["release_at"] > 0)].sum()
        / order["num_lines"],
        "is_hold": 0.0,
        "hold": 0.0,
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
        "doubt": 0.0,
        "surge": 0.0,
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
        result["surge"] = max(surge_around(world, int(p["warehouse"]), int(p["service"])) for p in parcels)
        for n in plans.chosen[slot, : len(parcels)]:
            published = plans.option_costs[n, LATENESS]
            if seen.punctuality["transit_permille"][plans.options["service"][n]] != 1000:
                result["doubt"] += (doubt(world, plans.options[n]) - published) / 1e5
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
        "surge": np.divide(*recent_share(world, int(order["region"])))
        / world.network.regions["demand_share"][order["region"]]
        - 1
        if world.network.regions["demand_share"][order["region"]] > 0
        else 0.0,
        "transit_seen": (seen.punctuality["transit_permille"] / 1000 - 1).mean(),
        "interrupted": (seen.interruptions["until_seconds"] > now).mean(),
        "weight_cost": WEIGHTS[0],
        "weight_lateness": WEIGHTS[1],
        "weight_carbon": WEIGHTS[2],
    }


def rounding_of_doubt(world) -> float:
    """Rules count whole seconds and millicents for each line, currency units."""
    second = world.network.settings["lateness_hour_millicents"][0] / HOUR
    return 1e-5 + int(world.seen.order["num_lines"][0]) * (second + 3) / 1e5


def assert_described(world) -> None:
    count = int(world.plans.counts[0])
    for slot in range(count):
        wanted = slot_quantities(world, slot)
        assert len(wanted) == NUM_FEATURES
        for column, feature in enumerate(SLOT_FEATURES):
            found = world.plans.features[slot, column] * feature.scale
            error = rounding_of_doubt(world) if feature.name == "doubt" else 1e-5 * feature.scale
            assert found == pytest.approx(wanted[feature.name], rel=1e-5, abs=error), feature.name
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
