"""Picks, trucks and journeys in what is retold from an event log; see ``tests.retold``."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np

from envs import costs, tables
from envs.hidden import DELIVERED
from envs.luck import PICK, SHORT, TRANSIT, luck
from scenarios.trace import ALL_WAREHOUSES, Trace
from tests.retold_goods import DEPARTED, DOCKED, LATER, PICKING, QUEUED, Goods, Parcel


class Trucks(Goods):
    """What becomes of goods that are released.

    Attributes:
        missing: units not found, by (line, warehouse, service, attempt) of each pick.
    """

    def __init__(self, trace: Trace) -> None:
        super().__init__(trace)
        self._weather = [1000] * len(trace.network.services)
        self.missing: dict[tuple[int, ...], int] = {}
        self._num_regimes = 0
        self._outages: list[np.void] = []
        self._taken: Counter[int] = Counter()
        self._cancelled: set[int] = set()
        self._rolled: set[int] = set()
        self._collections_at: dict[int, list[int]] = defaultdict(list)
        for collection, time in enumerate(trace.network.collections["time_seconds"].tolist()):
            self._collections_at[time].append(collection)

    def _released(self, _order, parcel, collection, _place) -> None:
        life, row = self.parcels[parcel], self.network.collections[collection]
        assert life.stage == LATER
        assert parcel in self._fresh
        assert (row["warehouse"], row["service"]) == (life.warehouse, life.service)
        for line in life.lines:
            assert self.tariffs.ship_from[line] <= self._now
            waited = self.tariffs.waited(line, life.planned_at, self._now)
            self._cost(life.decision_id, line, costs.WAITING, waited)
        life.released_at, life.collection = self._now, collection
        self._enter(parcel, QUEUED)
        self.booked[collection] += 1

    def _luck(self, life: Parcel, stream: int, key: np.uint64 | None = None) -> int:
        key = self.future.orders["luck_key"][life.order] if key is None else key
        return int(luck(key, stream, life.warehouse, life.service, life.attempt))

    def _drawn(self, life: Parcel, stream: int, table: int) -> int:
        return int(tables.draw(self.network.tables, table, np.uint64(self._luck(life, stream))))

    def queue(self, warehouse: int) -> list[int]:
        """Parcels in the pick queue, first come, first served."""
        waiting = self.in_stage[QUEUED, warehouse]
        return sorted(waiting, key=lambda parcel: (self.parcels[parcel].released_at, parcel))

    def dock(self, warehouse: int, service: int) -> list[int]:
        """Parcels that wait for a truck, by the second in which they were ready."""
        here = [parcel for parcel in self.in_stage[DOCKED, warehouse] if self.parcels[parcel].service == service]
        return sorted(here, key=lambda parcel: (self.parcels[parcel].ready_at, parcel))

    def _pick_started(self, _order, parcel, expected, _place) -> None:
        life = self.parcels[parcel]
        assert self.queue(life.warehouse)[0] == parcel
        row = self.network.warehouses[life.warehouse]
        shifts = self.network.shifts[row["first_shift"] :][: row["num_shifts"]]
        assert ((shifts["open_seconds"] <= self._now) & (self._now < shifts["close_seconds"])).any()
        assert expected == self.tariffs.pick_seconds(life.warehouse, life.lines)
        self._enter(parcel, PICKING)
        assert len(self.in_stage[PICKING, life.warehouse]) <= row["num_stations"]
        life.ready_at = self._now + max(1, expected * self._drawn(life, PICK, row["pick_table"]) // 1000)
        life.started_at, life.work_seconds, life.num_picked = self._now, expected, len(life.lines)

    def _pick_finished(self, _order, parcel, _value, _place) -> None:
        life = self.parcels[parcel]
        assert life.ready_at == self._now
        self._enter(parcel, DOCKED)
        place = (life.warehouse, life.service, life.attempt)
        for line in life.lines:
            self.missing[line, *place] = 0
            if self._short(life, line) >> 48 < self.network.warehouses["short_weight"][life.warehouse]:
                self._shorts.append((parcel, line))
                self.missing[line, *place] = 1 + (self._short(life, line) & 0xFFFF) % self.tariffs.units[line]

    def _short(self, life: Parcel, line: int) -> int:
        key = self.future.orders["luck_key"][self.tariffs.order[line]]
        return self._luck(life, SHORT + (self.tariffs.sku[line] << 8), key)

    def _short_picked(self, _order, parcel, line, _place) -> None:
        assert self._shorts.pop(0) == (parcel, line)
        life = self.parcels[parcel]
        missing = self.missing[line, life.warehouse, life.service, life.attempt]
        self._move(line, life.warehouse, allocated=-1)
        cell = life.warehouse, self.tariffs.sku[line]
        self.stock["written_off"][cell] += missing
        self.stock["on_hand"][cell] -= missing
        self._leave(line)
        self._reopens.append(line)

    def _outage_started(self, _order, _parcel, outage, _place) -> None:
        self._review(self._now)
        row = self.future.outages[outage]
        assert row["starts_at"] == self._now
        self._outages.append(row)
        for warehouse in range(len(self.network.warehouses)):
            if row["warehouse"] in (ALL_WAREHOUSES, warehouse):
                for parcel in self.queue(warehouse):
                    life = self.parcels[parcel]
                    due = self.network.collections["time_seconds"][life.collection]
                    if life.service == row["service"] and due < row["ends_at"]:
                        self._reopens += life.lines

    def _is_interrupted(self, collection: int) -> bool:
        row = self.network.collections[collection]
        return any(
            row["time_seconds"] < outage["ends_at"]
            and row["service"] == outage["service"]
            and outage["warehouse"] in (ALL_WAREHOUSES, row["warehouse"])
            for outage in self._outages
        )

    def _collection_cancelled(self, _order, _parcel, collection, _place) -> None:
        assert self.network.collections["time_seconds"][collection] == self._now
        assert self._is_interrupted(collection)
        self._cancelled.add(collection)

    def _regime_changed(self, _order, _parcel, regime, _place) -> None:
        row = self.future.regimes[regime]
        assert row["starts_at"] == self._now
        self._weather[row["service"]] = int(row["transit_permille"])
        self._num_regimes += 1

    def _rolled_over(self, _order, parcel, collection, _place) -> None:
        assert self.parcels[parcel].stage == DOCKED
        assert self.parcels[parcel].collection == collection
        self._rolled.add(parcel)

    def _collected(self, _order, parcel, collection, place) -> None:
        life, row = self.parcels[parcel], self.network.collections[collection]
        assert (row["warehouse"], row["service"]) == place
        assert self.dock(*place)[0] == parcel
        assert life.lines
        assert not self._is_interrupted(collection)
        is_last = row["time_seconds"] >= self.tariffs.rule["end_seconds"]
        assert row["time_seconds"] <= self._now if is_last else row["time_seconds"] == self._now
        self._taken[collection] += 1
        assert self._taken[collection] <= row["capacity_parcels"]
        self._enter(parcel, DEPARTED)
        for line in life.lines:
            self._move(line, life.warehouse, allocated=-1, on_hand=-1, shipped=1)
        table = self.network.lanes["transit_table"][*place, self.future.orders["region"][life.order]]
        transit = self._drawn(life, TRANSIT, table) * self._weather[life.service] // 1000
        life.departed_at, life.delivered_at = self._now, self._now + max(1, transit)

    def _end_trucks(self) -> None:
        """What a second should have brought: outages and regimes, and what became of its collections."""
        assert len(self._outages) == (self.future.outages["starts_at"] <= self._now).sum()
        assert self._num_regimes == (self.future.regimes["starts_at"] <= self._now).sum()
        for collection in self._collections_at.get(self._now, ()):
            assert self._is_interrupted(collection) == (collection in self._cancelled)
            row = self.network.collections[collection]
            for parcel in self.dock(row["warehouse"], row["service"]):
                assert self.parcels[parcel].collection != collection or parcel in self._rolled
        for lives in self.in_stage.items():
            assert lives[0][0] != PICKING or all(self.parcels[parcel].ready_at > self._now for parcel in lives[1])

    def _delivered(self, order, parcel, late_seconds, _place) -> None:
        life = self.parcels[parcel]
        assert life.stage == DEPARTED
        assert life.delivered_at == self._now
        lines = [line for line in life.lines if self.tariffs.order[line] == order]
        assert late_seconds == self._now - self.tariffs.promise_at[lines[0]]
        for line in lines:
            self._cost(life.decision_id, line, costs.LATENESS, self.tariffs.lateness(line, self._now))
            self._end(line, DELIVERED)

    def parcel_costs(self, life: Parcel) -> dict[int, int]:
        """What a parcel has cost in the end, by part: it travels with the lines that are left."""
        grams, region = sum(self.tariffs.grams[line] for line in life.lines), self.future.orders["region"][life.order]
        result = {costs.HANDLING: self.tariffs.handling(life.warehouse, life.num_picked)}
        if life.lines:
            result[costs.SHIPPING] = self.tariffs.shipping(life.warehouse, life.service, region, grams)
            result[costs.PACKAGING] = self.tariffs.packaging(grams)
            result[costs.CARBON] = self.tariffs.carbon(life.warehouse, life.service, region, grams)
        return result
