"""What the parcel of a pack costs at least, by warehouse, service and release; and which packs may go where."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from agents.bounds.departures import pick_starts
from agents.bounds.packs import Packs
from envs.costs import HOUR
from envs.state import NONE
from scenarios.handling import SERVICE_SIDE, WAREHOUSE_SIDE
from scenarios.network import FOREVER_SECONDS, NO_LANE, Network
from scenarios.trace import Future

IMPOSSIBLE = 1 << 60
"""Millicents of what cannot be."""


class Cargo(NamedTuple):
    """Facts of packs, int64 (B,) each unless said otherwise.

    Attributes:
        num_lines: of each.
        grams: weight.
        units: of all lines.
        requirements: bit mask of SKUs and orders.
        region: where to.
        earliest: second from which on it can be released.
        joined_at: second from which on all lines are decided together.
        latest: last second in which its pick may start; later a line is cancelled.
        promise_at: int64 (B, most lines), of each line.
    """

    num_lines: np.ndarray
    grams: np.ndarray
    units: np.ndarray
    requirements: np.ndarray
    region: np.ndarray
    earliest: np.ndarray
    joined_at: np.ndarray
    latest: np.ndarray
    promise_at: np.ndarray


def line_facts(future: Future) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of every line, int64 (L,): its order's arrival, second from which on it can be released, and its promise."""
    lines, orders = future.lines, future.orders
    arrival = orders["arrival_seconds"][lines["order"]]
    later = np.maximum(0, lines["ship_from_seconds"] - arrival)
    return arrival, arrival + later, orders["promise_at"][lines["order"]] + later


def make_cargo(network: Network, future: Future, packs: Packs) -> Cargo:
    """Facts of every pack."""
    lines, orders = future.lines, future.orders
    arrival, earliest, promise_at = line_facts(future)
    owner, sku = lines["order"], lines["sku"]
    is_presale = lines["ship_from_seconds"] > arrival
    latest = np.where(is_presale, FOREVER_SECONDS, arrival + orders["patience_seconds"][owner])

    def of(values: np.ndarray, nothing: int) -> np.ndarray:
        return np.where(packs.lines == NONE, nothing, values[packs.lines])

    needs = network.skus["requirements"][sku] | orders["requirements"][owner]
    return Cargo(
        num_lines=(packs.lines != NONE).sum(axis=1),
        grams=of(lines["units"] * network.skus["grams"][sku], 0).sum(axis=1),
        units=of(lines["units"], 0).sum(axis=1),
        requirements=np.bitwise_or.reduce(of(needs, 0), axis=1),
        region=orders["region"][owner[packs.lines[:, 0]]],
        earliest=of(earliest, 0).max(axis=1),
        joined_at=of(arrival, 0).max(axis=1),
        latest=of(latest, FOREVER_SECONDS).min(axis=1),
        promise_at=of(promise_at, FOREVER_SECONDS),
    )


class Ways(NamedTuple):
    """Packs that could leave a warehouse with a service, one row each release.

    Attributes:
        row: int64 (n,), number of the row priced.
        pack: int64 (n,).
        release_at: int64 (n,), seconds.
        start_at: int64 (n,), earliest start of the pick, seconds.
        pick_seconds: int64 (n,), expected.
    """

    row: np.ndarray
    pack: np.ndarray
    release_at: np.ndarray
    start_at: np.ndarray
    pick_seconds: np.ndarray


def can_leave(network: Network, cargo: Cargo, warehouse: int) -> np.ndarray:
    """bool (B,): whether a warehouse may handle each pack."""
    return cargo.requirements & WAREHOUSE_SIDE & ~network.warehouses["capabilities"][warehouse] == 0


def ways_of(
    network: Network, cargo: Cargo, place: tuple[int, int], row: np.ndarray, pack: np.ndarray, release_at: np.ndarray
) -> Ways:
    """Those of the rows of a warehouse that a service could take, and that nobody has cancelled before their pick."""
    warehouse, service = place
    needs = cargo.requirements[pack] & SERVICE_SIDE
    is_possible = (needs & ~network.services["capabilities"][service]) == 0
    is_possible &= network.lanes["zone"][warehouse, service][cargo.region[pack]] != NO_LANE
    is_possible &= network.pairs["num_collections"][warehouse, service] > 0
    start_at = pick_starts(network, warehouse, release_at)
    is_possible &= start_at <= cargo.latest[pack]
    kept = pack[is_possible]
    site = network.warehouses[warehouse]
    pick = site["pick_parcel_seconds"] + site["pick_line_seconds"] * cargo.num_lines[kept]
    pick = pick + site["pick_unit_seconds"] * cargo.units[kept]
    return Ways(row[is_possible], kept, release_at[is_possible], start_at[is_possible], pick)


def parcel_costs(
    network: Network, cargo: Cargo, share: np.ndarray, ways: Ways, place: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """Shipping, handling and packaging, and priced carbon: int64 (n,) millicents each.

    Where a rate card were cheaper for heavier parcels, the cheaper price is taken.
    """
    (warehouse, service), settings, pack = place, network.settings[0], ways.pack
    grams, lane = cargo.grams[pack], network.lanes[warehouse, service][cargo.region[pack]]
    rates = network.rates[lane["rate_row"]]
    fits = rates["max_grams"] >= grams[:, None]
    shipping = np.where(fits, rates["price_millicents"], IMPOSSIBLE).min(axis=1)
    packaging = settings["packaging_parcel_millicents"] + settings["packaging_kg_millicents"] * grams // 1000
    fixed = shipping + packaging + network.warehouses["parcel_millicents"][warehouse]
    money = fixed // share[pack] + network.warehouses["line_millicents"][warehouse] * cargo.num_lines[pack]
    emitter = network.services[service]
    milligrams = emitter["carbon_parcel_milligrams"]
    milligrams = milligrams + emitter["carbon_kg_km_milligrams"] * lane["distance_km"] * grams // 1000
    carbon = settings["carbon_kg_millicents"] * milligrams // 1_000_000
    return np.where(fits.any(axis=1), money, IMPOSSIBLE), carbon // share[pack]


def lateness_of(network: Network, late_seconds: np.ndarray) -> np.ndarray:
    """int64 millicents: ``envs.costs.lateness`` of many lines."""
    settings = network.settings[0]
    slope = settings["lateness_hour_millicents"] * np.minimum(late_seconds, settings["lateness_cap_seconds"]) // HOUR
    return np.where(late_seconds > 0, settings["lateness_step_millicents"] + slope, 0)
