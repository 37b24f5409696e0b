"""A tail: what may come after a second, so that a fork can go on in another future than its world's."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from envs.hidden import LINE_STATE, ORDER_STATE, WEATHER, new_line_states, new_order_states
from envs.luck import mix
from envs.state import filled
from scenarios.errors import InputError
from scenarios.network import record_dtype
from scenarios.trace import LINES, ORDERS, OUTAGES, RECEIPTS, REGIMES, SUPPLIERS, Trace

RULES = record_dtype(
    "after_seconds",  # what comes later than this is in the tail
    "until_seconds",  # a fork on the tail ends there
    "salt",  # gives other luck to orders that have arrived; 0 leaves them theirs
    "num_regions",  # of its network
    "num_skus",
    "place",  # of a tail among those that were sampled together, from 0, and their number: see ``envs.company``
    "num_places",
)

NUM_PATIENCES = 256
"""Customers of a trace whose patience a tail keeps, for others to draw theirs from. Source: assumption."""


class Tail(NamedTuple):
    """What comes after a second. Orders and lines are numbered from 0; see ``tail_of``, and ``envs.fork.fork_on``."""

    rules: np.ndarray  # (1,) RULES
    orders: np.ndarray  # (T,) ORDERS, sorted by arrival
    lines: np.ndarray  # (L,) LINES, grouped by order
    order_states: np.ndarray  # (T,) ORDER_STATE before the orders arrive
    line_states: np.ndarray  # (L,) LINE_STATE, likewise
    receipts: np.ndarray  # (number,) RECEIPTS announced later, sorted by announcement
    outcomes: np.ndarray  # (number,) RECEIPTS announced before, in the order of the world's: what really comes
    outages: np.ndarray  # (number,) OUTAGES that start later, sorted by start
    regimes: np.ndarray  # (number,) REGIMES that start later, sorted by start
    weather: np.ndarray  # (S,) WEATHER in force before them
    suppliers: np.ndarray  # (W,) SUPPLIERS, luck of reordered goods
    patience: np.ndarray  # (number,) int64 seconds: whence those who wait draw theirs, if there is a salt
    gaps: np.ndarray  # (2, number) int64 seconds until strangers order again, see ``envs.company``; else no columns


TAIL_DTYPES: dict[str, np.dtype] = {
    "rules": RULES,
    "orders": ORDERS,
    "lines": LINES,
    "order_states": ORDER_STATE,
    "line_states": LINE_STATE,
    "receipts": RECEIPTS,
    "outcomes": RECEIPTS,
    "outages": OUTAGES,
    "regimes": REGIMES,
    "weather": WEATHER,
    "suppliers": SUPPLIERS,
    "patience": np.dtype(np.int64),
    "gaps": np.dtype(np.int64),
}


def tail_of(
    trace: Trace,
    after_seconds: int,
    until_seconds: int | None = None,
    *,
    num_seen: int | None = None,
    salt: int | None = None,
) -> Tail:
    """Cuts a tail out of a trace of the same scenario, drawn or forecast.

    Args:
        trace: whence it comes.
        after_seconds: orders, receipts, outages and regimes that come later belong to the tail.
        until_seconds: how far it looks ahead: a fork on it ends then; None for the end of everything.
        num_seen: orders of the trace that are left out, if not those that arrive up to ``after_seconds``: to go on
            within a second in which several arrive, give the number that have arrived.
        salt: 0 leaves all that is under way its luck and its patience, which is the true one: for bounds and for
            what-if questions. Any other number draws them again; None: one that follows from the trace.

    Returns:
        The tail; it shares no memory with the trace.

    Raises:
        InputError: ``until_seconds`` before ``after_seconds``, more orders seen than there are, or an order seen that
            comes later or not seen that came before.
    """
    network, future, last_second = trace.network, trace.future, np.iinfo(np.int64).max
    until = int(last_second) if until_seconds is None else int(until_seconds)
    if until < after_seconds:
        raise InputError("until_seconds", until, f"at least after_seconds, {after_seconds}", "look ahead, not back")
    arrivals = future.orders["arrival_seconds"]
    earliest, first = (int(np.searchsorted(arrivals, after_seconds, side)) for side in ("left", "right"))
    if num_seen is not None:
        if not earliest <= num_seen <= first:
            expected = f"from {earliest} to {first}, as many as arrive before and up to second {after_seconds}"
            raise InputError("num_seen", num_seen, expected, "give the number that have arrived")
        first = num_seen
    last = max(first, int(np.searchsorted(arrivals, until, "right")))
    orders = future.orders[first:last].copy()
    first_line, num_lines = int(orders["first_line"][0]) if len(orders) else 0, int(orders["num_lines"].sum())
    lines = future.lines[first_line : first_line + num_lines].copy()
    orders["first_line"] -= first_line
    lines["order"] -= first
    past = future.regimes[future.regimes["starts_at"] <= after_seconds]
    weather = filled(len(network.services), WEATHER, transit_permille=1000)
    for service, permille in zip(past["service"].tolist(), past["transit_permille"].tolist(), strict=True):
        weather["transit_permille"][service] = permille
    known = int(np.searchsorted(future.receipts["announced_at"], after_seconds, "right"))
    rules = filled(1, RULES, after_seconds=after_seconds, until_seconds=until, salt=_salt(trace, salt))
    rules["num_regions"], rules["num_skus"] = len(network.regions), len(network.skus)
    rules["num_places"] = 1
    return Tail(
        rules=rules,
        orders=orders,
        lines=lines,
        order_states=new_order_states(network, orders),
        line_states=new_line_states(num_lines),
        receipts=_within(future.receipts[known:], "announced_at", after_seconds, until),
        outcomes=future.receipts[:known].copy(),
        outages=_within(future.outages, "starts_at", after_seconds, until),
        regimes=_within(future.regimes, "starts_at", after_seconds, until),
        weather=weather,
        suppliers=future.suppliers.copy(),
        patience=future.orders["patience_seconds"][:NUM_PATIENCES].copy(),
        gaps=np.zeros((2, 0), np.int64),
    )


def of_strangers(tail: Tail, gaps: np.ndarray, place: int = 0, num_places: int = 1) -> Tail:
    """The tail, but its customers are none of the world's, whatever their numbers are.

    Args:
        tail: see ``tail_of``.
        gaps: int64 (2, number), each row ascending: seconds after which customers ordered again, FOREVER_SECONDS for
            never, after a first order and after a later one. Whoever is being asked about or is held draws his own.
        place: of the tail among ``num_places`` that are sampled together: the draws of one customer are spread evenly
            over them.

    Raises:
        InputError: gaps of another shape or a place that is none.
    """
    if gaps.ndim != 2 or len(gaps) != 2 or gaps.shape[1] == 0 or (np.diff(gaps) < 0).any():
        raise InputError("gaps", gaps.shape, "two ascending rows with as many seconds, at least one", "sort them")
    if not 0 <= place < num_places:
        raise InputError("place", place, f"0 to {num_places - 1}", "number the tails from 0")
    rules = tail.rules.copy()
    rules["place"], rules["num_places"] = place, num_places
    return tail._replace(rules=rules, gaps=np.ascontiguousarray(gaps, np.int64))


def _within(rows: np.ndarray, field: str, after: int, until: int) -> np.ndarray:
    return rows[(rows[field] > after) & (rows[field] <= until)]


def _salt(trace: Trace, salt: int | None) -> int:
    """63 bits, mixed, so that no two salts stand for two streams of luck; 0 only for 0."""
    if salt == 0:
        return 0
    if salt is None:
        keys = (trace.future.orders["luck_key"], trace.future.suppliers["luck_key"])
        salt = int(np.bitwise_xor.reduce(np.concatenate(keys)))
    return int(mix(np.uint64(salt % (1 << 64)))) >> 1 | 1
