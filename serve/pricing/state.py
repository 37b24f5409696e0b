"""The stored state as a pricer sees it in simulation: the same arrays, read from the database.

Filled is what ``agents.dual`` reads: stock, announced receipts, demand seen of each region, punctuality, interruptions
and preferences. Queues, bookings and demand of single SKUs are as in an empty house.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, select

from agents.dual.pricer import DualPricer
from agents.rolling_calendar import LOOKAHEAD_DAYS
from envs.prices import Pricing
from envs.state import Observable, new_observable
from envs.world import set_weights
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS
from scenarios.network import Network
from serve.orders.demand_seen import hour_of, region_rates
from serve.orders.known import Known
from serve.pricing.scheduled import Scheduled
from serve.storage import tables


class StateReader:
    """Reads the state of one shop.

    Args:
        known: the network.
    """

    def __init__(self, known: Known) -> None:
        self._known, self._skus = known, frozenset(known.names.skus)
        self._network: tuple[tuple[int, int], Network] | None = None

    def read(self, tx: Connection, scheduled: Scheduled, now: int) -> tuple[Network, Observable]:
        """What a router may see, with no order asked.

        Args:
            tx: a reading transaction.
            scheduled: whose prices are to be solved.
            now: UTC seconds.

        Returns:
            Network and state, whose second 0 is the scenario's epoch, or whole laps of the past later: a forecast
            tells a first lap, which began without demand, from later ones, which are all alike.
        """
        start = self.begins_at(scheduled, now)
        network = self._expanded(start, self._num_days(scheduled, start, now))
        announced = select(tables.receipts).where(tables.receipts.c.is_open).order_by(tables.receipts.c.number)
        receipts = self._of_known_skus(tx.execute(announced))
        seen = new_observable(network, len(receipts))
        clock = seen.clock
        clock["now_seconds"], clock["hour"] = now - start, (now - start) // HOUR_SECONDS
        clock["pricing"], clock["num_receipts"] = int(Pricing.SCHEDULED), len(receipts)
        set_weights(seen, scheduled.weights)
        self._read_stock(tx, seen)
        index = self._known.index
        for i, row in enumerate(receipts):
            cell = index.find("warehouse", "receipts", row.warehouse), index.find("sku", "receipts", row.sku)
            units = row.expected_units, row.claimed_units
            seen.receipts[i] = (*cell, row.expected_at - start, *units, 1, seen.stock["first_receipt"][cell])
            seen.stock["first_receipt"][cell] = i
        for name, rate in region_rates(tx, hour_of(now, self._known.epoch)).items():
            seen.demand["recent_milli"][index.find("region", "demand", name)] = rate
        self._read_services(tx, seen, start, now)
        return network, seen

    def pricer(self, scheduled: Scheduled) -> DualPricer:
        """Who solves: in the replay of a simulation the pricer as it is; a shop's orders have no published end."""
        pricer = scheduled.pricer
        return pricer if self._known.calendar_end is not None else replace(pricer, ends_at=None)

    def begins_at(self, scheduled: Scheduled, now: int) -> int:
        """UTC second that is second 0 for the pricer; in the replay of a simulation its own."""
        if self._known.calendar_end is not None:
            return scheduled.epoch
        period = scheduled.pricer.forecast.history.period_seconds
        laps = (now - scheduled.epoch) // period
        return scheduled.epoch + period * (laps if laps < 0 else max(0, laps - 1))

    def _num_days(self, scheduled: Scheduled, start: int, now: int) -> int:
        end = self._known.calendar_end
        if end is None:
            end = now + scheduled.pricer.lookahead_seconds + LOOKAHEAD_DAYS * DAY_SECONDS
        return -(-(end - start) // DAY_SECONDS)

    def _expanded(self, start: int, num_days: int) -> Network:
        key = (start, num_days)
        if self._network is None or self._network[0] != key:
            self._network = key, self._known.public.expand(start, num_days, 0)
        return self._network[1]

    def _of_known_skus(self, rows: Iterable[Row[Any]]) -> list[Row[Any]]:
        """Less those of SKUs that the network has lost since they were written: nobody can order them."""
        return [row for row in rows if row.sku in self._skus]

    def _read_stock(self, tx: Connection, seen: Observable) -> None:
        fields = ("on_hand_units", "allocated_units", "reference_units")
        rows = self._of_known_skus(tx.execute(select(tables.stock)))
        cells = tuple(self._known.index.find_all(kind, "stock", rows) for kind in ("warehouse", "sku"))
        for field in fields:
            seen.stock[field] = 0  # a warehouse without a row has none, whatever it began with
            seen.stock[field][cells] = [getattr(row, field) for row in rows]

    def _read_services(self, tx: Connection, seen: Observable, start: int, now: int) -> None:
        rows = list(tx.execute(select(tables.punctuality)))
        index = self._known.index
        services = index.find_all("service", "punctuality", rows)
        for field in seen.punctuality.dtype.names or ():
            seen.punctuality[field][services] = [getattr(row, field) for row in rows]
        rows = list(tx.execute(select(tables.interruptions).where(tables.interruptions.c.until > now)))
        pairs = tuple(index.find_all(kind, "interruptions", rows) for kind in ("warehouse", "service"))
        seen.interruptions["until_seconds"][pairs] = [row.until - start for row in rows]
