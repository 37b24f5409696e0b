"""Pricers: jobs that solve bid prices at regular times, such as a linear program."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

import numpy as np

from envs.playable import LATEST
from envs.prices import Pricing
from envs.snapshot import read_only
from envs.state import Observable, new_lines, new_order
from scenarios.checks import MAX_MILLICENTS, MAX_SECONDS, check_int
from scenarios.errors import InputError
from scenarios.network import Network

_STALE_INTERVALS = 3


@runtime_checkable
class Pricer(Protocol):
    """What bid prices are solved by, for an agent whose ``pricing`` is ``SCHEDULED``.

    The job begins at second 0 and whenever an interval is over, as long as an order has not ended; its prices are in
    force when the delay is over, those of second 0 at once: the shop solved them before it opened. Optional:
    ``stale_seconds``, age from which prices are no longer used, counted from the second whose state they were solved
    with (three intervals); ``name``, for messages. Worlds that are pickled take their pricer along.

    Attributes:
        interval_seconds: from one job to the next, at least 1.
        delay_seconds: of simulated time that a job takes; 0 or more, less than the interval.
    """

    @property
    def interval_seconds(self) -> int: ...
    @property
    def delay_seconds(self) -> int: ...

    def prices(self, network: Network, seen: Observable) -> np.ndarray:
        """Bid prices, int64 (W, K) millicents a unit.

        A pure function, called by several threads: nothing may be remembered that changes a later result.

        Args:
            network: public arrays.
            seen: what a router may see now, read-only; no order is asked, and demand is counted up to now.
        """


def stale_seconds(pricer: Pricer) -> int:
    """Age from which its prices are no longer used."""
    return getattr(pricer, "stale_seconds", _STALE_INTERVALS * pricer.interval_seconds)


def check_pricer(pricing: Pricing, pricer: Pricer | None) -> None:
    """Refuses a pricing without its pricer, a pricer that is not used, and schedules that cannot be kept.

    Raises:
        InputError: what is wrong.
    """
    if (pricing == Pricing.SCHEDULED) != (pricer is not None):
        expected = "a pricer" if pricer is None else "no pricer"
        raise InputError(
            "pricer", pricer, f"{expected} with pricing {pricing.name}", "only pricing SCHEDULED has one, and needs it"
        )
    if pricer is None:
        return
    if not isinstance(pricer, Pricer):
        raise InputError("pricer", pricer, "interval_seconds, delay_seconds and prices()", "see envs.pricer.Pricer")
    interval, delay = pricer.interval_seconds, pricer.delay_seconds
    check_int("pricer.interval_seconds", interval, 1, LATEST, "seconds")
    check_int("pricer.delay_seconds", delay, 0, interval - 1, "seconds, less than an interval,")
    check_int("pricer.stale_seconds", stale_seconds(pricer), max(1, delay), _STALE_INTERVALS * MAX_SECONDS, "seconds")


def solved_prices(pricer: Pricer, network: Network, seen: Observable) -> np.ndarray:
    """The prices that a pricer gives for the present state, int64 (W, K), checked.

    Raises:
        InputError: names the job; the pricer raised, or gave no table of prices. Its cause is what the pricer raised.
    """
    job = f"bid prices by {getattr(pricer, 'name', type(pricer).__name__)} at second {seen.clock['now_seconds'][0]}"
    expected = f"int64 {network.stock.shape}, 0 to {MAX_MILLICENTS} millicents"
    remedy = "correct the pricer; the simulation stands before this job"
    shown = read_only(seen._replace(order=new_order(), lines=new_lines()))
    try:
        found = pricer.prices(network, shown)
    except Exception as error:
        raise InputError(job, f"{type(error).__name__}: {error}", expected, remedy) from error
    if not isinstance(found, np.ndarray) or found.dtype != np.int64 or found.shape != network.stock.shape:
        what = f"{found.dtype} {found.shape}" if isinstance(found, np.ndarray) else type(found).__name__
        raise InputError(job, what, expected, remedy)
    if found.min() < 0 or found.max() > MAX_MILLICENTS:
        cell = np.unravel_index(np.argmax((found < 0) | (found > MAX_MILLICENTS)), found.shape)
        where = f"[{cell[0]}, {cell[1]}]"
        raise InputError(f"{job}, cell {where}", int(found[cell]), expected, remedy)
    return found


def set_schedule(seen: Observable, pricer: Pricer) -> None:
    """Writes a checked schedule where rules read it."""
    seen.clock["price_interval_seconds"] = pricer.interval_seconds
    seen.clock["price_delay_seconds"] = pricer.delay_seconds
    seen.clock["price_stale_seconds"] = stale_seconds(pricer)
