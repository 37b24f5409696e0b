"""Requests as nobody should send them: sound ones of every path that has a body, with one thing spoilt in each."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from scenarios.local_time import format_utc, parse_utc

JSON = "application/json"
UNKNOWN = "unknown_field"
KNOWN_METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS")

NAMELESS_TIMES = ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00")
"""ISO 8601 has them, UTC has not."""

NEVER_SOUND: tuple[Any, ...] = (
    float("nan"), float("inf"), -float("inf"), -1, 10**30, -(10**30), 1e300, "\ud800", "\x00", "", "x" * 100_000,
    [], {}, [[[[]]]], {"a": {"b": 1}}, "NaN", "2025-02-30T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
    *NAMELESS_TIMES, "\U0010ffff",
    "'; DROP TABLE orders; --", "../../etc/passwd", 0.5, 2**63, 2**31, -(2**63), "１２",
)  # fmt: skip
"""Values of which hardly a field may take one."""

MAYBE_SOUND: tuple[Any, ...] = (None, True, False, 0, 1, "a", 1_000_000, "2025-03-03T10:00:00Z", ["gift"], "sku")


@dataclass(frozen=True)
class Sent:
    """One request.

    Attributes:
        method: of HTTP.
        path: with its query.
        content: the body.
        headers: beside the usual ones.
        spoilt: path of what was spoilt in the body, such as ``order.lines[0].units``; None: something else was.
        is_gone: it was left out.
    """

    method: str
    path: str
    content: bytes = b""
    headers: tuple[tuple[str, str], ...] = (("content-type", JSON),)
    spoilt: str | None = None
    is_gone: bool = False

    def is_named_by(self, key: str) -> bool:
        """Whether an error tells where to look: at what was spoilt or in it; at what it was left out of."""
        if self.spoilt is None:
            return False
        there, told = steps(self.spoilt), steps(key.partition(" ")[0])  # what follows is of the thing that was named
        if told[: len(there)] == there or told == [*there[:-1], UNKNOWN]:
            return True
        return self.is_gone and told == there[:-1]


def leaves(value: Any, path: str = "") -> Iterator[str]:
    """Paths of everything in a document, but the document."""
    if isinstance(value, dict):
        for name, inner in value.items():
            here = f"{path}.{name}" if path else name
            yield here
            yield from leaves(inner, here)
    elif isinstance(value, list):
        for i, inner in enumerate(value[:3]):
            yield f"{path}[{i}]"
            yield from leaves(inner, f"{path}[{i}]")


def steps(path: str) -> list[str | int]:
    """``order.lines[0].units`` as keys."""
    found: list[str | int] = []
    for part in path.replace("[", ".[").split("."):
        found.append(int(part[1:-1]) if part.startswith("[") and part[1:-1].isdigit() else part)
    return found


def spoil(document: dict[str, Any], path: str, dice: random.Random) -> tuple[dict[str, Any], bool]:
    """The document with one thing replaced, left out or added beside it; and whether it was left out."""
    spoilt = copy.deepcopy(document)
    inner: Any = spoilt
    *outer, last = steps(path)
    for step in outer:
        inner = inner[step]
    act = dice.random()
    if act < 0.7:
        inner[last] = dice.choice(NEVER_SOUND)
    elif act < 0.85:
        inner[last] = dice.choice(MAYBE_SOUND)
    elif act < 0.95 or not isinstance(inner, dict):
        del inner[last]
        return spoilt, True
    else:
        inner[UNKNOWN] = 1
    return spoilt, False


Sound = tuple[str, str, dict[str, Any]]
"""Method, path and body."""


class Fuzz:
    """Spoilt requests without end.

    Args:
        documents: sound requests for decisions, with snapshots.
        seed: of the dice.
    """

    def __init__(self, documents: Sequence[dict[str, Any]], seed: int) -> None:
        self._documents, self._dice, self._number = documents, random.Random(seed), 0

    def sound(self) -> Sound:
        """A request that is well-formed."""
        return self._dice.choice(self.every())

    def every(self) -> list[Sound]:
        """One of each kind."""
        dice, document = self._dice, copy.deepcopy(self._dice.choice(self._documents))
        self._number += 1
        order, name = {**document["order"], "id": f"fuzz {self._number}"}, f"{self._number}"
        now, house = order["placed_at"], document["snapshot"]["stations"][0]["warehouse"]
        sku, later = order["lines"][0]["sku"], format_utc(parse_utc("t", order["placed_at"]) + 7200)
        known = f"fuzz {dice.randrange(1, self._number + 1)}"
        event = {"id": name, "at": now}
        receipt = {"receipt": name, "warehouse": house, "sku": sku, "expected_at": later, "units": 5}
        counted = {"warehouse": house, "sku": sku, "on_hand_units": 7}
        station = {"warehouse": house, "num_open": 1, "num_queued": 1, "queued_seconds": 60}
        service = document["snapshot"]["punctuality"][0]["service"] if document["snapshot"].get("punctuality") else "x"
        booked = document["snapshot"].get("bookings") or [{"warehouse": house, "service": "x", "collection_at": later}]
        collection = {**dice.choice(booked), "capacity_parcels": 3}
        collection.pop("booked_parcels", None)
        return [
            ("POST", "/v1/decisions", {"order": order, "now": now, "max_alternatives": 2, "deadline_ms": 900.0}),
            ("POST", "/v1/decisions", {"order": order, "now": now, "confirm": True}),
            ("POST", "/v1/decisions", {"order": order, "snapshot": document["snapshot"]}),
            ("POST", f"/v1/orders/{known}/redecide", {"now": later, "max_alternatives": 1}),
            ("POST", "/v1/events", {"events": [{**event, "kind": "receipt_announced", **receipt}]}),
            ("POST", "/v1/events", {"events": [{**event, "kind": "outage", "service": service, "until": later}]}),
            ("POST", "/v1/events", {"events": [{**event, "kind": "capacity", **collection}]}),
            ("POST", "/v1/events", {"events": [{**event, "kind": "cancelled", "order": known}]}),
            ("POST", "/v1/events", {"events": [{**event, "kind": "delivered", "parcel": known}]}),
            ("PUT", "/v1/inventory", {"id": name, "at": now, "rows": [counted]}),
            ("PUT", "/v1/stations", {"id": name, "at": now, "rows": [station]}),
            ("POST", "/v1/policies", {"folder": "nowhere"}),
            ("POST", f"/v1/policies/{'0' * 64}/canary", {"share": 0.5}),
            ("POST", "/v1/experiments", {"name": f"trial {name}", "treatment": "0" * 64, "share": 0.5, "alpha": 0.1,
                                         "guardrails": [{"metric": "total", "limit": 1.5}]}),
            ("POST", "/v1/experiments/trial 1/stop", {"reason": "enough"}),
            ("POST", "/v1/reviews/1/override", {"now": now, "parcels": [{"warehouse": house, "service": service,
                                                                          "skus": [sku]}]}),
        ]  # fmt: skip

    def spoilt(self) -> Sent:
        """One of them with one thing spoilt."""
        method, path, body = self.sound()
        field = self._dice.choice(list(leaves(body)))
        document, is_gone = spoil(body, field, self._dice)
        text = json.dumps(document).encode("utf-8", "surrogatepass")
        return Sent(method, path, text, spoilt=field, is_gone=is_gone)

    def broken(self) -> Sent:
        """One that is not even JSON, or too large, or of another kind."""
        dice = self._dice
        method, path, body = self.sound()
        text = json.dumps(body).encode()
        bodies = [
            text[: dice.randrange(len(text))],
            text + b"}",
            bytes(dice.randrange(256) for _ in range(dice.randrange(200))),
            b'{"order": ' + b"[" * dice.choice([33, 5_000]) + b"1",
            b"{" * 40 + b"}" * 40,
            text.replace(b'"', b"'"),
            text.decode().encode("utf-16"),
            b"\xff\xfe" + text,
            b"null", b"[]", b"1", b'"text"', b"", b"1e999", b"-0", b"[" + text + b"]",
            text.replace(b":", b":" + b"9" * 5_000 + b",", 1),
            b'{"a":1,' + text[1:],
            text[:-1] + b"," + text[1:],  # every field twice
        ]  # fmt: skip
        kinds = [
            JSON,
            JSON,
            JSON,
            "text/plain",
            "application/xml",
            "multipart/form-data",
            "",
            "application/json; charset=x",
        ]
        headers = [("content-type", dice.choice(kinds))]
        if dice.random() < 0.2:
            headers.append(("idempotency-key", dice.choice(["", "k" * 300, "é", "a b", "\t", "same"])))
        if dice.random() < 0.1:
            headers.append(("content-encoding", "gzip"))
        return Sent(method, path, dice.choice(bodies), tuple(headers))

    def strange(self) -> Sent:
        """A path, method or query that is not."""
        dice = self._dice
        ids = [
            "none",
            "0",
            "-1",
            "9" * 30,
            "%00",
            "%ff",
            "..%2f..",
            "a" * 5_000,
            "%F0%9F%9A%9A",
            "'",
            "fuzz 1",
            "1e5",
            "１",
        ]
        paths = ["decisions/{}", "decisions/{}/explain?warehouse={}", "orders/{}", "orders/{}/confirm?now={}",
                 "orders/{}/cancel?now={}", "orders/{}/take-back?now={}", "reviews?state={}&after={}&limit={}",
                 "reviews/{}", "reviews/{}/approve?now={}", "reviews/{}/reject?now={}",
                 "tasks?limit={}&lease_seconds={}&now={}",
                 "tasks/{}/acknowledge", "health-report?since={}&until={}&baseline={}", "policies/{}/activate",
                 "health-report/baselines/{}?since={}&until={}", "monitoring/calibration?since={}&until={}",
                 "experiments/{}?now={}", "experiments/{}/start", "experiments/{}/stop",
                 "experiments/{}/estimate?policy={}&metric={}&limit={}", "decisions/{}/replay", "{}"]  # fmt: skip
        times = ["2025-03-03T10:00:00Z", "2025-03-04T10:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00Z",
                 *(quote(text) for text in NAMELESS_TIMES)]  # fmt: skip
        path = dice.choice(paths)
        while "{}" in path:
            path = path.replace("{}", dice.choice([*ids, *times]), 1)
        return Sent(dice.choice(KNOWN_METHODS), f"/v1/{path}", dice.choice([b"", b"{}", b"[]"]))

    def whole(self) -> Sent:
        """One with nothing spoilt, so that there is something to spoil."""
        method, path, body = self.sound()
        return Sent(method, path, json.dumps(body).encode())

    def any(self) -> Sent:
        """Any of them."""
        make = self._dice.choices([self.spoilt, self.broken, self.strange, self.whole], [6, 2, 2, 1])[0]
        return make()
