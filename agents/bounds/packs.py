"""Packs: lines that could end up in one parcel.

Orders of one customer to one region can be decided together while the first of them is held. Those are a *window*: at
most three orders in a row (every order that joins ends one of two holds) within the longest time for which
a group may be held.
A small window has a pack for every subset of its lines. In a large one every line is a pack of its own that
pays an even share of a parcel, as if all lines of the window shared it.
"""

from __future__ import annotations

import itertools
from typing import NamedTuple

import numpy as np

from envs.state import MAX_HOLD_SECONDS, MAX_HOLDS, NONE
from scenarios.network import Network
from scenarios.trace import Future

EXACT_LINES = 6
"""Lines of a window up to which every subset is a pack."""


class Packs(NamedTuple):
    """Subsets of lines, one row each.

    Attributes:
        lines: int64 (B, most lines), NONE beyond the last one.
        share: int64 (B,), lines that could share the parcel; 1 for a parcel of exactly these lines.
        leads: int64 (B, MAX_HOLDS + 1), orders under which such a parcel could be numbered, the pack's first one
            first; NONE beyond the last.
        steps: int64 (B,), orders in the window from its first to its last one, less one.
    """

    lines: np.ndarray
    share: np.ndarray
    leads: np.ndarray
    steps: np.ndarray


def longest_hold(network: Network) -> int:
    """Seconds from the arrival of a group's first order to that of its last one, at most."""
    offered = max(int(network.settings[f"hold_{name}_seconds"][0]) for name in ("short", "long"))
    return min(MAX_HOLD_SECONDS, MAX_HOLDS * offered)


def make_packs(network: Network, future: Future) -> Packs:
    """Every pack of a trace."""
    found = chains(network, future)
    has_company = np.zeros(len(future.orders), bool)
    has_company[[order for chain in found for order in chain]] = True
    parts = [_of_lone_orders(future, np.flatnonzero(~has_company))]
    parts += [_of_chain(network, future, chain) for chain in found]
    most = max(part.lines.shape[1] for part in parts)
    widened = [np.pad(p.lines, ((0, 0), (0, most - p.lines.shape[1])), constant_values=NONE) for p in parts]
    rest = (np.concatenate([getattr(part, name) for part in parts]) for name in ("share", "leads", "steps"))
    return Packs(np.concatenate(widened), *rest)


def chains(network: Network, future: Future) -> list[list[int]]:
    """Orders, two or more, that follow each other closely enough to be joined one to the next."""
    longest, orders = longest_hold(network), future.orders
    if longest == 0:
        return []
    sequence = np.lexsort((np.arange(len(orders)), orders["region"], orders["customer_id"]))
    rows = orders[sequence]
    follows = (
        (rows["customer_id"][1:] == rows["customer_id"][:-1])
        & (rows["region"][1:] == rows["region"][:-1])
        & (np.diff(rows["arrival_seconds"]) <= longest)
    )
    cuts = np.flatnonzero(~follows) + 1
    return [chain.tolist() for chain in np.split(sequence, cuts) if len(chain) > 1]


def is_close(network: Network, future: Future, chain: list[int], first: int, later: int) -> bool:
    """Whether orders at two places of a chain could be in one window."""
    arrival = future.orders["arrival_seconds"]
    return later - first <= MAX_HOLDS and arrival[chain[later]] - arrival[chain[first]] <= longest_hold(network)


def _of_lone_orders(future: Future, orders: np.ndarray) -> Packs:
    lines, share, owner = [np.zeros((0, 1), np.int64)], [], []
    counts = future.orders["num_lines"][orders]
    for count in np.unique(counts).tolist():
        own = orders[counts == count]
        first = future.orders["first_line"][own]
        is_exact = count <= EXACT_LINES
        subsets = _subsets(count) if is_exact else np.arange(count)[:, None]
        found = np.where(subsets >= 0, first[:, None, None] + subsets, NONE)
        lines.append(found.reshape(-1, subsets.shape[1]))
        share += [1 if is_exact else count] * len(lines[-1])
        owner.append(np.repeat(own, len(subsets)))
    most = max(part.shape[1] for part in lines)
    padded = [np.pad(part, ((0, 0), (0, most - part.shape[1])), constant_values=NONE) for part in lines]
    leads = np.full((len(share), MAX_HOLDS + 1), NONE, np.int64)
    leads[:, 0] = np.concatenate([np.zeros(0, np.int64), *owner])
    return Packs(np.concatenate(padded), np.array(share, np.int64), leads, np.zeros(len(share), np.int64))


def _subsets(count: int) -> np.ndarray:
    """int64 (2^count - 1, count): places in each subset, NONE beyond the last."""
    rows = np.full(((1 << count) - 1, count), NONE, np.int64)
    for mask in range(1, 1 << count):
        places = [place for place in range(count) if mask >> place & 1]
        rows[mask - 1, : len(places)] = places
    return rows


def _of_chain(network: Network, future: Future, chain: list[int]) -> Packs:
    """Packs of orders that could be joined; those of a window belong to its first order that has a line in them."""
    places = range(len(chain))
    windows = [
        [later for later in places[first:] if is_close(network, future, chain, first, later)] for first in places
    ]
    own = [list(range(row["first_line"], row["first_line"] + row["num_lines"])) for row in future.orders[chain]]
    sizes = [sum(len(own[place]) for place in window) for window in windows]
    is_exact = max(sizes) <= EXACT_LINES
    packs, leads, steps = [], [], []
    for first, window in enumerate(windows):
        before = [chain[place] for place in reversed(places[:first]) if is_close(network, future, chain, place, first)]
        place_of = {line: place for place in window for line in own[place]}
        later = [line for line, place in place_of.items() if place > first] if is_exact else []
        found = [
            [*mine, *theirs]
            for mine in _some(own[first], 1, len(own[first]) if is_exact else 1)
            for theirs in _some(later, 0, len(later))
        ]
        packs += found
        leads += [[chain[first], *before]] * len(found)
        steps += [max(place_of[line] for line in lines) - first for lines in found]
    share = np.full(len(packs), 1 if is_exact else max(sizes), np.int64)
    return Packs(_padded(packs), share, _padded(leads, MAX_HOLDS + 1), np.array(steps, np.int64))


def _some(lines: list[int], least: int, most: int) -> list[tuple[int, ...]]:
    """All choices of ``least`` to ``most`` of some lines."""
    return [chosen for size in range(least, most + 1) for chosen in itertools.combinations(lines, size)]


def _padded(rows: list[list[int]], width: int = 0) -> np.ndarray:
    result = np.full((len(rows), max(width, *map(len, rows), 1)), NONE, np.int64)
    for row, values in enumerate(rows):
        result[row, : len(values)] = values
    return result
