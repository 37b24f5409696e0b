"""Golden cases in random other situations: scarce stock, requirements, outages, full trucks, presales, receipts."""

from __future__ import annotations

import copy
import random
from collections.abc import Sequence
from typing import Any

from agents.bundle import BundleAgent
from scenarios.local_time import format_utc, parse_utc

HOUR = 3600


def random_case(agent: BundleAgent, seed: int) -> dict[str, Any]:
    """One order and its snapshot, JSON values."""
    dice, golden = random.Random(seed), agent.bundle.golden
    document = copy.deepcopy(dice.choice(golden).document)
    order, snapshot = document["order"], document["snapshot"]
    now = parse_utc("now", snapshot["now"])
    for line in order["lines"]:
        line["units"] = dice.randrange(1, 4)
        if dice.random() < 0.15:
            line["ship_from"] = format_utc(now + dice.randrange(1, 72) * HOUR)
    if dice.random() < 0.3:
        order["requirements"] = [dice.choice(["cold", "gift", "signature", "two_person", "hazardous"])]
    if dice.random() < 0.4:
        order["promise_at"] = format_utc(now + dice.randrange(6, 120) * HOUR)
    scarcity = dice.choice([0.1, 0.5, 0.9])
    for row in snapshot["stock"]:
        row.pop("bid_price_millicents", None)
        row.update(on_hand_units=0 if dice.random() < scarcity else dice.randrange(1, 9), allocated_units=0)
    if dice.random() < 0.5:
        snapshot["weights"] = {name: dice.choice([0.0, 0.5, 1.0, 4.0]) for name in ("cost", "lateness", "carbon")}
    names = agent.reader.names
    snapshot["receipts"] = [_receipt(dice, line["sku"], names.warehouses, now) for line in order["lines"]]
    until = format_utc(now + 48 * HOUR)
    snapshot["interruptions"] = [
        {"warehouse": house, "service": service, "until": until}
        for house in names.warehouses
        for service in names.services
        if dice.random() < 0.2
    ]
    for row in snapshot.get("bookings", []):
        if dice.random() < 0.5:
            row["booked_parcels"] += 1000
        if dice.random() < 0.2:
            row["capacity_parcels"] = row["booked_parcels"] + dice.randrange(3)
    return document


def _receipt(dice: random.Random, sku: str, houses: Sequence[str], now: int) -> dict[str, Any]:
    expected_at = format_utc(now + dice.randrange(1, 90) * HOUR)
    return {
        "id": f"truck of {sku}",
        "warehouse": dice.choice(houses),
        "sku": sku,
        "expected_at": expected_at,
        "expected_units": dice.choice([0, 10]),
    }
