"""History: what a shop has on record. Here these are traces of seeds that nobody learns or is compared on."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable

import numpy as np

from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.network import Network
from scenarios.order_log import OrderLog
from scenarios.scenario import Scenario
from scenarios.seeds import HISTORY, VALIDATION, require_training_seed
from scenarios.trace import Future, Trace

NUM_TRACES = 100
"""Past traces that a forecast looks at."""

_KEPT, _NEW = 57 / 64, 7 / 64
"""How a recent rate forgets, as in ``envs.demand``."""

_WEEK_SECONDS = 7 * DAY_SECONDS


class History:
    """Past demand and past regimes of one scenario, hour by hour.

    Nothing of it tells when the present episode ends: past traces go on after their last day with the first days of
    another one, so that a window of any length can be cut out of them anywhere.

    Args:
        scenario: the world; only what has been played out in it is kept.
        num_traces: past traces, at least 2.
        first_seed: of these; training seeds only.

    Raises:
        InputError: seeds that are not for training, or a scenario that plays one order log for every seed: its past
            would be its future.

    Attributes:
        traces: the past.
        futures: what each of them brought.
        network: public arrays of the first one.
        period_seconds: whole weeks, else whole days, of a trace; after that the next one goes on.
        recent: float (traces, 2 * hours, R): recent orders an hour as ``envs.demand`` would show them at each full
            hour of a first lap, which begins without any, and of a second one, which goes on from there.
        stretch: float (traces, hours, S): true transit times by service, 1 for normal.
        receipt_fill: units that came of receipts, of those announced.
        receipt_delay_seconds: mean time that receipts came after they were expected, early ones included.
    """

    def __init__(self, scenario: Scenario, num_traces: int = NUM_TRACES, first_seed: int = HISTORY.start) -> None:
        require_training_seed(first_seed)
        require_training_seed(first_seed + num_traces - 1)
        _require_past(scenario, first_seed)
        self._recipe = (scenario, num_traces, first_seed)
        self.traces: list[Trace] = [draw_trace(scenario, first_seed + i) for i in range(num_traces)]
        self.network: Network = self.traces[0].network
        self.futures: list[Future] = [trace.future for trace in self.traces]
        horizon = int(self.network.settings["horizon_seconds"][0])
        unit = _WEEK_SECONDS if horizon >= _WEEK_SECONDS else DAY_SECONDS if horizon >= DAY_SECONDS else horizon
        self.period_seconds = horizon // unit * unit
        self.recent = np.stack([self._recent(future) for future in self.futures])
        self.stretch = np.stack([self._stretch(future) for future in self.futures])
        receipts = np.concatenate([future.receipts for future in self.futures])
        announced = int(receipts["expected_units"].sum())
        self.receipt_fill = int(receipts["actual_units"].sum()) / announced if announced else 1.0
        late = receipts["actual_at"] - receipts["expected_at"]
        self.receipt_delay_seconds = float(late.mean()) if len(late) else 0.0

    def __reduce__(self) -> tuple[Callable[..., History], tuple[Scenario, int, int]]:
        return history_of, self._recipe

    def hour_of(self, seconds: int) -> int:
        """The hour of past traces that a second of an episode is like."""
        return seconds % self.period_seconds // HOUR_SECONDS

    def demand_hour_of(self, seconds: int) -> int:
        """The hour of ``recent`` that a second is like: of the first lap in the first period, then of the second."""
        return self.hour_of(seconds) + (self._num_hours() if seconds >= self.period_seconds else 0)

    def _num_hours(self) -> int:
        return -(-self.period_seconds // HOUR_SECONDS)

    def _recent(self, future: Future) -> np.ndarray:
        num_hours, num_regions = self._num_hours(), len(self.network.regions)
        hours = future.orders["arrival_seconds"] // HOUR_SECONDS
        is_within = hours < num_hours
        cells = hours[is_within] * num_regions + future.orders["region"][is_within]
        counts = np.bincount(cells, minlength=num_hours * num_regions).reshape(num_hours, num_regions)
        rows, rate = np.zeros((2 * num_hours, num_regions)), np.zeros(num_regions)
        for hour in range(2 * num_hours):
            rows[hour] = rate
            rate = _KEPT * rate + _NEW * counts[hour % num_hours]
        return rows

    def _stretch(self, future: Future) -> np.ndarray:
        starts = np.arange(self._num_hours()) * HOUR_SECONDS
        rows = np.ones((len(starts), len(self.network.services)))
        for regime in future.regimes:
            rows[starts >= regime["starts_at"], regime["service"]] = regime["transit_permille"] / 1000.0
        return rows


def _require_past(scenario: Scenario, first_seed: int) -> None:
    """Refuses one order log for all seeds; those of ``scenario.at`` may differ by seed."""
    past, compared = (scenario.at(seed).demand for seed in (first_seed, VALIDATION.start))
    if isinstance(past, OrderLog) and past is compared:
        raise InputError(
            "scenario",
            scenario.id,
            "other orders in its past than those that are played",
            "take a router that does not forecast, or a scenario whose demand is a model",
        )


def digest_of(scenario: Scenario) -> str:
    """Hash of all that a scenario says."""
    return hashlib.sha256(pickle.dumps(scenario)).hexdigest()


def history_of(scenario: Scenario, num_traces: int = NUM_TRACES, first_seed: int = HISTORY.start) -> History:
    """The history of a scenario; the latest ones are kept, because making one takes seconds."""
    key = (digest_of(scenario), num_traces, first_seed)
    if key not in _made:
        while len(_made) >= _MOST_KEPT:
            del _made[next(iter(_made))]
        _made[key] = History(scenario, num_traces, first_seed)
    return _made[key]


_MOST_KEPT = 4
_made: dict[tuple[str, int, int], History] = {}
