"""Departures: when what is ready at a warehouse could leave with a service, and when it would arrive.

Room on trucks and the queue before pick stations are left out: both only delay.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenarios.network import Network
from scenarios.trace import ALL_WAREHOUSES, Future

NORMAL_PERMILLE = 1000


class Departures:
    """Collections of one pair that come, and the regimes of its service.

    Attributes:
        times: int64, seconds of collections that no outage cancels, the uncapped one at the calendar's end last.
    """

    def __init__(self, network: Network, future: Future, warehouse: int, service: int) -> None:
        pair, outages = network.pairs[warehouse, service], future.outages
        times = network.collections["time_seconds"][pair["first_collection"] :][: pair["num_collections"]]
        is_cancelled = np.zeros(len(times), bool)
        for row in outages[outages["service"] == service]:
            if row["warehouse"] in (ALL_WAREHOUSES, warehouse):
                is_cancelled |= (row["starts_at"] <= times) & (times < row["ends_at"])
        is_cancelled[-1:] = False
        self.times = times[~is_cancelled]
        own = future.regimes[future.regimes["service"] == service]
        self._starts = np.append(np.iinfo(np.int64).min, own["starts_at"])
        self._permille = np.append(NORMAL_PERMILLE, own["transit_permille"])

    def choices(self, ready_at: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Departure (seconds) and regime (thousandths) for every regime that one could wait for.

        Within one regime whoever leaves first arrives first. After the calendar's end whatever is ready leaves; there
        the fastest regime is taken, so that none is missed that changes in the second of a departure.
        """
        for start in self._starts.tolist():
            earliest = np.maximum(ready_at, start)
            place = np.searchsorted(self.times, earliest)
            is_over = place == len(self.times)
            leaves = np.where(is_over, earliest, self.times[np.minimum(place, len(self.times) - 1)])
            regime = self._permille[np.searchsorted(self._starts, leaves, side="right") - 1]
            yield leaves, np.where(is_over, self._permille.min(), regime)

    def arrival(self, ready_at: np.ndarray, transit_seconds: np.ndarray) -> np.ndarray:
        """int64: the earliest arrival over all later collections of a journey that takes so long in normal times."""
        arrivals = (
            leaves + np.maximum(1, transit_seconds * permille // NORMAL_PERMILLE)
            for leaves, permille in self.choices(ready_at)
        )
        best = next(arrivals)
        for other in arrivals:
            best = np.minimum(best, other)
        return best


def pick_starts(network: Network, warehouse: int, released_at: np.ndarray) -> np.ndarray:
    """int64: first second from each release on at which a pick may start."""
    first, count = (int(network.warehouses[name][warehouse]) for name in ("first_shift", "num_shifts"))
    shifts = network.shifts[first : first + count]
    place = np.searchsorted(shifts["close_seconds"], released_at, side="right")
    return np.maximum(released_at, shifts["open_seconds"][place])
