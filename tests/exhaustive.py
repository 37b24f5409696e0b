"""Every plan of a decision, enumerated one by one in plain Python: the yardstick of plan enumeration.

Nothing of the rules is called. Lines that leave from stock of one warehouse with one service at one presale date (or
now) share a parcel, a backordered line has its own. A parcel leaves at the latest presale date of its lines.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np

from envs.plan_table import Plans
from envs.state import Observable
from scenarios.handling import SERVICE_SIDE, WAREHOUSE_SIDE
from scenarios.network import TABLE_WEIGHT, Network

Parcel = tuple[int, int, int, frozenset[int]]
"""Warehouse, service, receipt (-1: from stock), lines."""

BACKORDER_LAST, HOLD_LAST = 1 << 50, 1 << 59


@dataclass(frozen=True)
class Priced:
    """What one parcel is expected to cost and how it ranks."""

    costs: tuple[int, ...]  # shipping, handling, packaging, lost margin, lateness, waiting, carbon
    bid_millicents: int
    ranks: tuple[int, ...]  # by envs.plan_table.Rule
    late_weight: int  # of the line most likely to be late


class Exhaustive:
    """All plans for the order being asked.

    Args:
        network: public arrays.
        seen: observable state at the decision.
        weights: other preference weights, in thousandths; those of the state if None.
        bids: other bid prices (W, K); those of the state if None.
    """

    def __init__(self, network: Network, seen: Observable, weights: Any = None, bids: np.ndarray | None = None) -> None:
        self.network, self.seen = network, seen
        self.order, self.now = seen.order[0], int(seen.clock["now_seconds"][0])
        self.lines = [
            {name: int(row[name]) for name in row.dtype.names} for row in seen.lines[: self.order["num_lines"]]
        ]
        names = ("weight_cost_permille", "weight_lateness_permille", "weight_carbon_permille")
        self.weights = [int(seen.clock[name][0]) for name in names] if weights is None else list(weights)
        self.bids = seen.stock["bid_price_millicents"] if bids is None else bids
        self.start_at = cache(self._start_at)
        self.price = cache(self._price)

    def plans(self) -> Iterator[frozenset[Parcel]]:
        """Every feasible plan once, decline left out."""
        sources = [self._sources(line) for line in range(len(self.lines))]
        most = int(self.network.settings["max_parcels"][0])
        yield from self._extend(sources, 0, {}, most)

    def _extend(self, sources, line, parcels, most) -> Iterator[frozenset[Parcel]]:
        if line == len(sources):
            leaves = [(date, self.release_at(found)) for (_, _, r, date), found in parcels.items() if r < 0]
            plan = frozenset((w, s, r, frozenset(found)) for (w, s, r, _), found in parcels.items())
            if all(a == b for a, b in leaves) and all(self.price(parcel) is not None for parcel in plan):
                yield plan
            return
        for w, s, receipt, date in sources[line]:
            key = (w, s, receipt, line if receipt >= 0 else date)
            if key not in parcels and len(parcels) == most:
                continue
            parcels.setdefault(key, []).append(line)
            yield from self._extend(sources, line + 1, parcels, most)
            parcels[key].pop()
            if not parcels[key]:
                del parcels[key]

    def release_at(self, lines: Iterable[int]) -> int:
        """The latest presale date to come of some lines; 0 if all may leave now."""
        return max(date if date > self.now else 0 for date in (self.lines[i]["ship_from_seconds"] for i in lines))

    def _sources(self, line: int) -> list[tuple[int, int, int, int]]:
        """Warehouse, service, receipt and, from stock, the date at which the line could leave (0: now)."""
        row, found = self.lines[line], []
        dates = {self.release_at([i]) for i in range(len(self.lines))}
        dates = {date for date in dates if date >= self.release_at([line])}
        for w in range(len(self.network.warehouses)):
            cell = self.seen.stock[w, row["sku"]]
            is_there = cell["on_hand_units"] - cell["allocated_units"] >= row["units"]
            receipts = [
                (int(known["expected_at"]), r)
                for r, known in enumerate(self.seen.receipts)
                if known["is_open"]
                and known["warehouse"] == w
                and known["sku"] == row["sku"]
                and known["expected_units"] - known["claimed_units"] >= row["units"]
            ]
            for s in range(len(self.network.services)):
                if is_there:
                    found += [(w, s, -1, date) for date in dates]
                if receipts and self.network.settings["is_backorder_allowed"][0]:
                    found.append((w, s, min(receipts)[1], 0))
        return found

    def _start_at(self, w: int) -> int:
        site, stations = self.network.warehouses[w], self.seen.stations[w]
        work = 0
        if stations["num_queued"] or stations["num_busy"] >= stations["num_open"]:
            running = self.seen.picks[w]
            left = running["expected_finish_seconds"][running["parcel"] >= 0] - self.now
            work = int(stations["queued_seconds"]) + int(np.maximum(left, 0).sum())
            work = -(-work // int(stations["num_open"]))
        return open_after(self._shifts(site), self.now, work)

    def _shifts(self, site) -> list[tuple[int, int]]:
        rows = self.network.shifts[site["first_shift"] :][: site["num_shifts"]]
        return [(int(row["open_seconds"]), int(row["close_seconds"])) for row in rows]

    def _price(self, parcel: Parcel) -> Priced | None:
        w, s, receipt, lines = parcel
        network, settings, site = self.network, self.network.settings[0], self.network.warehouses[w]
        lane, pair = network.lanes[w, s, self.order["region"]], network.pairs[w, s]
        needs = 0
        for line in lines:
            needs |= self.lines[line]["requirements"]
        if lane["zone"] < 0 or not pair["num_collections"]:
            return None
        if needs & WAREHOUSE_SIDE & ~int(site["capabilities"]):
            return None
        if needs & SERVICE_SIDE & ~int(network.services["capabilities"][s]):
            return None
        grams = sum(self.lines[line]["grams"] for line in lines)
        rates = network.rates[lane["rate_row"]]
        fitting = rates["price_millicents"][rates["max_grams"] >= grams]
        if not len(fitting):
            return None
        units, count = sum(self.lines[line]["units"] for line in lines), len(lines)
        pick = site["pick_parcel_seconds"] + count * site["pick_line_seconds"] + units * site["pick_unit_seconds"]
        start, release = self.start_at(w), self.release_at(lines)
        if receipt >= 0:
            release = max(release, int(self.seen.receipts["expected_at"][receipt]))
        if release > start:
            start = open_after(self._shifts(site), release, 0)
        could = {i: max(self.now, self.lines[i]["ship_from_seconds"]) for i in lines}
        waits = [max(0, release - could[i]) for i in lines]
        num_waiting = sum(receipt >= 0 or seconds > 0 for seconds in waits)
        ready = int(start + pick)
        collected = self._collected(pair, ready, int(self.seen.interruptions["until_seconds"][w, s]))
        table = network.tables[lane["transit_table"]]
        late = [self._lateness(table, collected - self.lines[i]["promise_at"]) for i in lines]
        distance = int(lane["distance_km"])
        service = network.services[s]
        milligrams = int(service["carbon_parcel_milligrams"])
        milligrams += int(service["carbon_kg_km_milligrams"]) * distance * grams // 1000
        costs = (
            int(fitting[0]),
            int(site["parcel_millicents"] + count * site["line_millicents"]),
            int(settings["packaging_parcel_millicents"]) + int(settings["packaging_kg_millicents"]) * grams // 1000,
            0,
            sum(value for value, _ in late),
            sum(int(settings["waiting_hour_millicents"]) * seconds // 3600 for seconds in waits),
            int(settings["carbon_kg_millicents"]) * milligrams // 1_000_000,
        )
        bid = sum(self.lines[i]["units"] * int(self.bids[w, self.lines[i]["sku"]]) for i in lines)
        mean = collected + int((table["weight"] * table["value"]).sum()) // TABLE_WEIGHT
        money, tardy, carbon = sum(costs[:4]), costs[4] + costs[5], costs[6]
        last = BACKORDER_LAST * num_waiting
        score = self.weights[0] * money + self.weights[1] * tardy + self.weights[2] * carbon + 1000 * bid
        ranks = (
            *(score, money + last, count * (mean - self.now) + last, count * distance + last, 1 + last),
            *(money + tardy + carbon, money, tardy, carbon),
            *(score + 2 * self.weights[0] * money, score + 2 * self.weights[1] * tardy),
        )
        return Priced(costs, bid, ranks, max(tail for _, tail in late))

    def _lateness(self, table, margin: int) -> tuple[int, int]:
        """Expected lateness cost of a line that leaves ``margin`` seconds after its promise, and weight of being late.

        The formula of ``envs.costs``, which rounds three times, by sums over the whole table.
        """
        settings = self.network.settings[0]
        late = np.maximum(table["value"] + margin, 0)
        tail = int(table["weight"][late > 0].sum())
        moment = int((table["weight"] * np.minimum(late, settings["lateness_cap_seconds"])).sum())
        lateness = int(settings["lateness_step_millicents"]) * tail // TABLE_WEIGHT
        return lateness + int(settings["lateness_hour_millicents"]) * (moment // TABLE_WEIGHT) // 3600, tail

    def _collected(self, pair, ready: int, until: int) -> int:
        """Second of the first collection from ``ready`` and ``until`` on with room; the last one always comes."""
        first, last = int(pair["first_collection"]), int(pair["first_collection"] + pair["num_collections"] - 1)
        for c in range(first, last):
            row = self.network.collections[c]
            is_full = self.seen.bookings["booked_parcels"][c] >= row["capacity_parcels"]
            if row["time_seconds"] >= max(ready, until) and not is_full:
                return int(row["time_seconds"])
        return max(ready, int(self.network.collections["time_seconds"][last]))

    def holds(self) -> list[int]:
        """Seconds for which the order may be held."""
        durations = {int(self.network.settings[f"hold_{name}_seconds"][0]) for name in ("short", "long")}
        if self.order["num_holds"] >= 2 or self.order["is_again"]:
            return []
        return sorted(d for d in durations if d > 0 and self.order["held_seconds"] + d <= 7200)

    def decline_ranks(self) -> np.ndarray:
        """int64 (rules,): what declining is worth by every rule."""
        margin = int(self.order["margin_millicents"])
        score = self.weights[0] * margin
        return np.array([score, *[1 << 60] * 4, margin, margin, 0, 0, 3 * score, score])

    def hold_costs(self, seconds: int) -> np.ndarray:
        """int64 (parts,): what holding the order so long costs."""
        waiting = len(self.lines) * (int(self.network.settings["waiting_hour_millicents"][0]) * seconds // 3600)
        return np.array([0, 0, 0, 0, 0, waiting, 0])

    def hold_ranks(self, seconds: int, others: list[np.ndarray]) -> np.ndarray:
        """int64 (rules,): what holding is worth when the other candidates are worth ``others``."""
        best, waiting = np.min(others, axis=0), int(self.hold_costs(seconds).sum())
        tardy = self.weights[1] * waiting
        best[1:5] = HOLD_LAST
        return best + np.array([tardy, 0, 0, 0, 0, waiting, 0, waiting, 0, tardy, 3 * tardy])

    def ranks(self, plan: frozenset[Parcel]) -> np.ndarray:
        """int64 (rules,): the plan's value by every rule."""
        return np.sum([self.price(parcel).ranks for parcel in plan], axis=0)  # type: ignore[union-attr]

    def costs(self, plan: frozenset[Parcel]) -> np.ndarray:
        """int64 (parts,): what the plan is expected to cost."""
        return np.sum([self.price(parcel).costs for parcel in plan], axis=0)  # type: ignore[union-attr]


def open_after(shifts: list[tuple[int, int]], start: int, work: int) -> int:
    """First open second at which ``work`` open seconds have passed since ``start``."""
    for opens, closes in shifts:
        begin = max(opens, start)
        if begin < closes:
            if begin + work < closes:
                return begin + work
            work -= closes - begin
    raise AssertionError("the last shift never closes")


def plan_in_slot(plans: Plans, slot: int) -> frozenset[Parcel]:
    """The plan of a slot in the words of this module; empty for decline."""
    parcels = set()
    for n in plans.chosen[slot, : plans.slots["num_parcels"][slot]]:
        row = plans.options[n]
        lines = frozenset(line for line in range(60) if int(row["lines_mask"]) >> line & 1)
        parcels.add((int(row["warehouse"]), int(row["service"]), int(row["receipt"]), lines))
    return frozenset(parcels)
