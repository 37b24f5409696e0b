"""An independent judge of answers: it reads the public scenario as JSON, case and answer, and nothing of the rules."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

IN_WAREHOUSE = {"cold", "bulky", "gift", "hazardous"}
ON_ROAD = {"cold", "signature", "two_person", "hazardous"}
DAYS_AHEAD = 27
"""So far calendars are looked at; beyond, every pair has a collection without limit."""


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


class Oracle:
    """Judges plans for one public scenario.

    Args:
        public: ``public.json``, read.
    """

    def __init__(self, public: dict[str, Any]) -> None:
        self._public = public
        self._warehouses, self._services, self._regions, self._skus = (
            {row["name"]: row for row in public[kind]} for kind in ("warehouses", "services", "regions", "skus")
        )

    @cached_property
    def _capacities(self) -> dict[tuple[str, str, int, str], int]:
        """Room by warehouse, service, weekday and local time."""
        return {
            (row["warehouse"], row["service"], weekday, row["at"]): row["capacity_parcels"]
            for row in self._public["collections"]
            for weekday in row["weekdays"]
        }

    def breaches(self, case: dict[str, Any], plan: dict[str, Any]) -> Iterator[str]:
        """What is wrong with a plan that sends something; nothing if it may be carried out."""
        sent = sorted((line["sku"], line["units"]) for parcel in plan["parcels"] for line in parcel["lines"])
        asked = sorted((line["sku"], line["units"]) for line in case["order"]["lines"])
        if sent != asked:
            yield f"lines: {asked} asked, {sent} sent"
        if len(plan["parcels"]) > self._public["settings"]["max_parcels"]:
            yield f"split: {len(plan['parcels'])} parcels"
        for parcel in plan["parcels"]:
            lines = [line for line in case["order"]["lines"] if line["sku"] in {row["sku"] for row in parcel["lines"]}]
            yield from self._handling(case, parcel, lines)
            yield from self._carriage(case, parcel, lines)
            yield from self._collection(case, parcel)
            yield from self._dates(case, parcel, lines)
            yield from self._goods(case, parcel, lines)
        yield from self._rooms(case, plan)

    def _handling(self, case: dict[str, Any], parcel: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[str]:
        needs = set()
        for line in lines:
            own = line.get("requirements")
            needs |= set(case["order"].get("requirements", []) if own is None else own)
            needs |= set(self._skus[line["sku"]]["requirements"])
        missing = needs & IN_WAREHOUSE - set(self._warehouses[parcel["warehouse"]]["capabilities"])
        missing |= needs & ON_ROAD - set(self._services[parcel["service"]]["capabilities"])
        if missing:
            yield f"handling: {sorted(missing)} by {parcel['service']} from {parcel['warehouse']}"

    def _carriage(self, case: dict[str, Any], parcel: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[str]:
        house, region = self._warehouses[parcel["warehouse"]], self._regions[case["order"]["region"]]
        km = round(_kilometres(house, region))
        zones = [zone for zone in self._services[parcel["service"]]["zones"] if km <= zone["max_km"]]
        if not zones or abs(km - parcel["distance_km"]) > 1:
            yield f"lane: {km} km, told {parcel['distance_km']}"
            return
        grams = sum(line["units"] * self._skus[line["sku"]]["grams"] for line in lines)
        if grams > max(rate["max_grams"] for rate in zones[0]["rates"]):
            yield f"weight: {grams} g"

    def _collection(self, case: dict[str, Any], parcel: dict[str, Any]) -> Iterator[str]:
        at, now = utc(parcel["collection_at"]), utc(case["snapshot"]["now"])
        pair = {"warehouse": parcel["warehouse"], "service": parcel["service"]}
        if at < now:
            yield f"collection: {at} is over at {now}"
        for row in case["snapshot"].get("interruptions", []):
            if pair.items() <= row.items() and at < utc(row["until"]):
                yield f"interrupted: {pair} until {row['until']}, collected {at}"
        if at > now + timedelta(days=DAYS_AHEAD):
            return
        if self._room(pair, at) is None:
            yield f"calendar: {pair} is not collected {at}"

    def _room(self, pair: dict[str, str], at: datetime) -> int | None:
        """In parcels, of a pair's collection at a time; None if there is none then."""
        local = at.astimezone(ZoneInfo(self._warehouses[pair["warehouse"]]["time_zone"]))
        return self._capacities.get((pair["warehouse"], pair["service"], local.weekday(), f"{local:%H:%M}"))

    def _rooms(self, case: dict[str, Any], plan: dict[str, Any]) -> Iterator[str]:
        """All parcels must find room, those together that are booked together, which is when they are released.

        What waits for a receipt or for a date is not released yet: its collection must have room for it alone.
        """
        until = utc(case["snapshot"]["now"]) + timedelta(days=DAYS_AHEAD)
        sent, later = Counter[tuple[str, str, datetime]](), dict[tuple[str, str, datetime], int]()
        for row in plan["parcels"]:
            place = row["warehouse"], row["service"], utc(row["collection_at"])
            if row["receipt"] is None and row["release_from"] is None:
                sent[place] += 1
            else:
                later[place] = 1
        for (warehouse, service, at), number in (later | sent).items():
            pair = {"warehouse": warehouse, "service": service}
            room = self._room(pair, at)
            if at > until or room is None:
                continue
            rows = [row for row in case["snapshot"].get("bookings", []) if pair.items() <= row.items()]
            here = [row for row in rows if utc(row["collection_at"]) == at]
            booked = sum(row["booked_parcels"] for row in here)
            room = next((row["capacity_parcels"] for row in here if row.get("capacity_parcels") is not None), room)
            if booked + number > room:
                yield f"capacity: {number} more for {pair} {at}, {booked} of {room} are taken"

    def _dates(self, case: dict[str, Any], parcel: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[str]:
        for line in lines:
            ship_from = line.get("ship_from")
            if ship_from is not None and utc(parcel["collection_at"]) < utc(ship_from):
                yield f"presale: {line['sku']} from {ship_from}, collected {parcel['collection_at']}"
            released = parcel["release_from"]
            is_early = released is None or utc(released) < utc(ship_from or released)
            if parcel["receipt"] is None and ship_from and utc(ship_from) > utc(case["snapshot"]["now"]) and is_early:
                yield f"presale: {line['sku']} from {ship_from}, picked {released}"

    def _goods(self, case: dict[str, Any], parcel: dict[str, Any], lines: list[dict[str, Any]]) -> Iterator[str]:
        snapshot, told = case["snapshot"], parcel["receipt"]
        for line in lines:
            cell = {"warehouse": parcel["warehouse"], "sku": line["sku"]}
            if told is None:
                rows = [row for row in snapshot["stock"] if cell.items() <= row.items()]
                free = sum(row["on_hand_units"] - row.get("allocated_units", 0) for row in rows)
            else:
                rows = [row for row in snapshot["receipts"] if cell.items() <= row.items() and row["id"] == told["id"]]
                free = sum(row["expected_units"] - row.get("claimed_units", 0) for row in rows)
                if rows and utc(parcel["collection_at"]) < utc(rows[0]["expected_at"]):
                    yield f"receipt: {told['id']} comes {rows[0]['expected_at']}, collected {parcel['collection_at']}"
            if free < line["units"]:
                yield f"goods: {line['units']} of {cell}, {free} there"


def _kilometres(a: dict[str, Any], b: dict[str, Any]) -> float:
    """Great circle on a sphere of 6,371 km."""
    phi, theta = math.radians(a["latitude"]), math.radians(b["latitude"])
    turn = math.radians(b["longitude"] - a["longitude"])
    chord = math.sin((theta - phi) / 2) ** 2 + math.cos(phi) * math.cos(theta) * math.sin(turn / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(chord))
