"""Rewards are minus the ledger, every order ends once, stock is conserved: on every scenario and agent."""

from __future__ import annotations

import itertools

import gymnasium
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents import load_agent
from envs.costs import COST_PARTS, MILLICENTS, OBJECTIVE_OF_PART, PART_NAMES, Objective
from envs.hidden import DECLINED, DELIVERED
from envs.log import Kind
from envs.simulation import simulate
from tests.every_agent import EVERY_AGENT, agent_of
from tests.named_traces import NAMES
from tests.played import decisions, is_over
from tests.worlds import random_trace, traces


def by_objective(simulation) -> np.ndarray:
    """int64 (3,): the ledger's rows summed by objective."""
    ledger = simulation.ledger.to_pandas()
    owner = np.array(OBJECTIVE_OF_PART)[ledger["part"]]
    return np.array([ledger["amount_millicents"][owner == objective].sum() for objective in Objective])


def assert_sound(simulation, num_orders: int) -> None:
    """Every order ends exactly once, books agree with each other, and events tell the same story."""
    world, events, ledger = simulation.world, simulation.events.to_pandas(), simulation.ledger.to_pandas()
    hidden = world.hidden
    closed = events[events["kind"] == Kind.ORDER_CLOSED]["order"]
    assert sorted(closed) == list(range(num_orders))
    for kind in (Kind.ORDER_ARRIVED, Kind.DECIDED):
        assert (events["kind"] == kind).sum() == num_orders
    assert set(hidden.orders["status"]) <= {DECLINED, DELIVERED}
    is_declined = hidden.orders["status"] == DECLINED
    assert sorted(events[events["kind"] == Kind.DECLINED]["order"]) == np.flatnonzero(is_declined).tolist()
    assert (hidden.orders["num_open_lines"] == np.where(is_declined, world.future.orders["num_lines"], 0)).all()
    assert hidden.counters["num_open_orders"] == 0
    parcels = hidden.parcels[: hidden.counters["num_parcels"][0]]
    for kind in (Kind.PLANNED, Kind.RELEASED, Kind.PICK_STARTED, Kind.PICK_FINISHED, Kind.COLLECTED, Kind.DELIVERED):
        assert sorted(events[events["kind"] == kind]["parcel"]) == list(range(len(parcels))), kind.name
    carried = np.bincount(parcels["order"], parcels["num_lines"], num_orders)
    assert (carried == np.where(is_declined, 0, world.future.orders["num_lines"])).all()
    times = [
        parcels[name] for name in ("planned_at", "released_at", "started_at", "ready_at", "departed_at", "delivered_at")
    ]
    for earlier, later in itertools.pairwise(times):
        assert (earlier <= later).all()
    assert events["time_seconds"].is_monotonic_increasing
    assert ledger["time_seconds"].is_monotonic_increasing
    totals = [ledger["amount_millicents"][ledger["part"] == part].sum() for part in range(len(COST_PARTS))]
    assert totals == world.totals.tolist() == hidden.order_costs.sum(axis=0).tolist()
    assert_actual_costs(world, parcels, is_declined)


def assert_actual_costs(world, parcels, is_declined) -> None:
    """In the end the ledger holds what really happened, recomputed here from the parcels' lives."""
    settings, orders = world.network.settings[0], world.future.orders
    late = parcels["delivered_at"] - orders["promise_at"][parcels["order"]]
    slope = settings["lateness_hour_millicents"] * np.minimum(late, settings["lateness_cap_seconds"]) // 3600
    lateness = np.where(late > 0, settings["lateness_step_millicents"] + slope, 0) * parcels["num_lines"]
    waited = parcels["released_at"] - parcels["planned_at"]
    waiting = settings["waiting_hour_millicents"] * waited // 3600 * parcels["num_lines"] * (parcels["receipt"] >= 0)
    margins = np.bincount(world.future.lines["order"], world.future.lines["margin_millicents"], len(orders))
    site = world.network.warehouses[parcels["warehouse"]]
    handling = site["parcel_millicents"] + site["line_millicents"] * parcels["num_lines"]
    booked = dict(zip(PART_NAMES, world.totals.tolist(), strict=True))
    assert booked["lateness"] == lateness.sum()
    assert booked["waiting"] == waiting.sum()
    assert booked["lost_margin"] == margins[is_declined].sum()
    assert booked["handling"] == handling.sum()


@pytest.mark.parametrize("agent", EVERY_AGENT)
@pytest.mark.parametrize("name", NAMES)
def test_named_scenarios_keep_their_books(trace_of, name, agent):
    trace = trace_of(name)
    assert_sound(simulate(trace, agent_of(agent)), trace.num_orders)


@settings(max_examples=150)
@given(traces(), st.sampled_from(EVERY_AGENT))
def test_random_worlds_keep_their_books(trace, agent):
    assert_sound(simulate(trace, agent_of(agent)), trace.num_orders)


@pytest.mark.parametrize("clock", ["compiled", "simpy"])
@pytest.mark.parametrize("env_id", ["envs:routelab/OrderRouting-v0", "envs:routelab/MOOrderRouting-v0"])
@pytest.mark.parametrize("name", NAMES)
def test_rewards_are_minus_the_ledger(trace_of, name, env_id, clock):
    """By objective in millicents, exactly; and in currency units as closely as floats allow."""
    trace = trace_of(name)
    env = gymnasium.make(env_id, scenario="tiny", clock=clock, disable_env_checker=True)
    random = np.random.default_rng(5)
    _, info = env.reset(options={"trace": trace})
    exact, reward_sum, settled = np.zeros(3, np.int64), 0.0, [info["settlements"]]
    is_over = False
    while not is_over:
        action = int(random.integers(32)) if random.random() < 0.3 else 0
        _, reward, is_over, is_cut, info = env.step(action)
        assert not is_cut
        exact += info["reward_millicents"]
        reward_sum = reward_sum + np.asarray(reward, np.float64)
        settled.append(info["settlements"])
    world = env.unwrapped._world
    own = np.zeros(3, np.int64)
    np.add.at(own, np.array(OBJECTIVE_OF_PART), world.totals)
    assert exact.tolist() == (-own).tolist()
    assert np.sum(reward_sum) == pytest.approx(-world.totals.sum() / MILLICENTS, rel=1e-5)
    rows = np.concatenate(settled)
    assert rows.dtype == np.int64
    assert rows.shape[1] == 3
    ledger = world.hidden.ledger[: world.hidden.counters["num_ledger_rows"][0]]
    assert rows[:, 2].sum() == ledger[ledger[:, 4] == 1][:, 5].sum()
    assert len(rows) == (ledger[:, 4] == 1).sum()


@pytest.mark.parametrize("agent", EVERY_AGENT)
def test_rewards_are_those_of_simulate(trace_of, agent):
    """The environment and ``simulate`` are one model: the same slots give the same ledger."""
    trace = trace_of("metro-small")
    decider = agent_of(agent)
    simulation = simulate(trace, decider)
    slots = simulation.events.to_pandas().query("kind == @Kind.DECIDED.value")["value"].tolist()
    env = gymnasium.make("envs:routelab/OrderRouting-v0", scenario="metro-small", pricing=decider.pricing.name)
    env.reset(options={"trace": trace})
    exact = np.zeros(3, np.int64)
    for slot in slots:
        *_, info = env.step(slot)
        exact += info["reward_millicents"]
    assert exact.tolist() == (-by_objective(simulation)).tolist()


def assert_conserved(world, arrived) -> None:
    cell = world.seen.stock
    assert (cell["on_hand_units"] >= cell["allocated_units"]).all()
    assert (cell["allocated_units"] >= 0).all()
    gone = cell["shipped_units"] + cell["written_off_units"]
    initial = world.network.stock["on_hand_units"]
    assert (cell["on_hand_units"] + gone == initial + cell["received_units"]).all()
    received = np.zeros_like(initial)
    rows = world.future.receipts[arrived]
    np.add.at(received, (rows["warehouse"], rows["sku"]), rows["actual_units"])
    assert (cell["received_units"] == received).all()


@settings(max_examples=80)
@given(traces(), st.integers(0, 99))
def test_stock_is_conserved_and_never_negative(trace, seed):
    for world in decisions(trace, seed):
        due = world.future.receipts["actual_at"]
        over = is_over(world)
        assert_conserved(world, due <= world.seen.clock["now_seconds"][0] if not over else due >= 0)
        promised = world.seen.receipts["claimed_units"] <= world.seen.receipts["expected_units"]
        assert promised.all()
        assert (world.seen.stations["num_busy"] <= world.seen.stations["num_open"]).all()
        assert (world.seen.stations["queued_seconds"] >= 0).all()
    assert is_over(world)
    assert not world.seen.stock["allocated_units"].any()
    assert not world.seen.stations["num_busy"].any()
    assert not world.seen.stations["num_queued"].any()


@settings(max_examples=60)
@given(traces())
def test_calendars_hold(trace):
    """Picks start inside shifts, trucks take no more than they can, stations are not more than there are."""
    simulation = simulate(trace, load_agent("random"))
    network, hidden = trace.network, simulation.world.hidden
    parcels = hidden.parcels[: hidden.counters["num_parcels"][0]]
    for parcel in parcels:
        site = network.warehouses[parcel["warehouse"]]
        shifts = network.shifts[site["first_shift"] :][: site["num_shifts"]]
        assert (
            (shifts["open_seconds"] <= parcel["started_at"]) & (parcel["started_at"] < shifts["close_seconds"])
        ).any()
        at_once = parcels[
            (parcels["warehouse"] == parcel["warehouse"]) & (parcels["started_at"] <= parcel["started_at"])
        ]
        assert (at_once["ready_at"] > parcel["started_at"]).sum() <= site["num_stations"]
    events = simulation.events.to_pandas()
    for collection, rows in events[events["kind"] == Kind.COLLECTED].groupby("value"):
        row = network.collections[collection]
        assert {row["warehouse"]} == set(rows["warehouse"])
        assert {row["service"]} == set(rows["service"])
        assert len(rows) <= row["capacity_parcels"]
        is_last = row["time_seconds"] >= network.settings["end_seconds"][0]
        assert (
            (rows["time_seconds"] >= row["time_seconds"]).all()
            if is_last
            else set(rows["time_seconds"]) == {row["time_seconds"]}
        )


@settings(max_examples=60)
@given(traces(num_warehouses=1, num_services=1, share_without_lane=0.0))
def test_picking_is_first_come_first_served(trace):
    hidden = simulate(trace, load_agent("random")).world.hidden
    parcels = hidden.parcels[: hidden.counters["num_parcels"][0]]
    queue = np.lexsort((np.arange(len(parcels)), parcels["released_at"]))
    assert (np.diff(parcels["started_at"][queue]) >= 0).all()


def test_metrics_leave_the_warmup_out_and_rewards_do_not(trace_of):
    trace = trace_of("metro-small")
    simulation = simulate(trace, load_agent("myopic"))
    warmup = int(trace.network.settings["warmup_seconds"][0])
    is_measured = trace.future.orders["arrival_seconds"] >= warmup
    assert 0 < is_measured.sum() < trace.num_orders
    assert simulation.metrics["num_orders"] == is_measured.sum()
    cost = simulation.world.hidden.order_costs[is_measured].sum() / MILLICENTS / is_measured.sum()
    assert simulation.metrics["cost_per_order"] == pytest.approx(cost)


@settings(max_examples=60)
@given(traces(), st.sampled_from(EVERY_AGENT))
def test_metrics_recomputed_from_the_event_log(trace, agent):
    simulation = simulate(trace, agent_of(agent))
    metrics, events = simulation.metrics, simulation.events.to_pandas()
    num_orders, num_lines = trace.num_orders, len(trace.future.lines)
    planned, door = events[events["kind"] == Kind.PLANNED], events[events["kind"] == Kind.DELIVERED]
    lines = planned.set_index("parcel")["value"].map(lambda mask: bin(mask).count("1"))
    claimed = events[events["kind"] == Kind.CLAIMED]["parcel"]
    declined = events[events["kind"] == Kind.DECLINED]["order"]
    late_orders = set(door[door["value"] > 0]["order"])
    delivered = set(range(num_orders)) - set(declined)
    parcels = planned.groupby("order").size()
    assert metrics["decline_rate"] == pytest.approx(len(declined) / num_orders)
    assert metrics["fill_rate"] == pytest.approx((lines.sum() - lines[claimed].sum()) / num_lines)
    assert metrics["otif_rate"] == pytest.approx(len(delivered - late_orders) / num_orders)
    assert metrics["split_rate"] == pytest.approx((parcels > 1).sum() / max(1, len(delivered)))
    assert metrics["parcels_per_order"] == pytest.approx(len(planned) / num_orders)
    late_lines = lines[door[door["value"] > 0]["parcel"]].sum()
    assert metrics["late_line_rate"] == pytest.approx(late_lines / num_lines)
    assert metrics["cost_per_order"] * num_orders == pytest.approx(simulation.world.totals.sum() / MILLICENTS)
    parts = sum(metrics[f"{part.name}_per_order"] for part in COST_PARTS)
    assert metrics["cost_per_order"] == pytest.approx(parts)
    arrival = trace.future.orders["arrival_seconds"][door["order"]]
    hours = (door["time_seconds"].to_numpy() - arrival) / 3600
    if len(door):
        assert metrics["hours_to_door"] == pytest.approx(np.average(hours, weights=lines[door["parcel"]]))


def test_utilisation_is_a_share(trace_of):
    metrics = simulate(trace_of("metro-small"), load_agent("nearest")).metrics
    shares = [value for name, value in metrics.items() if name.startswith("utilisation")]
    assert len(shares) == 7
    assert all(
        0 <= share <= 1.05 for share in shares
    )  # a pick under way at a shift's end is finished, so a bit above 1


def test_random_worlds_are_unpleasant_enough():
    """The properties above mean something: worlds see backorders, splits, roll-overs, declines and late parcels."""
    kinds: set[int] = set()
    split = late = 0
    for seed in range(20):
        simulation = simulate(random_trace(seed), load_agent("random"))
        kinds |= set(simulation.events["kind"].to_pylist())
        split += simulation.metrics["split_rate"] > 0
        late += simulation.metrics["late_line_rate"] > 0
    assert kinds == {int(kind) for kind in Kind}
    assert split > 5
    assert late > 5
