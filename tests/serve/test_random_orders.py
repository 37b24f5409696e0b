"""Random orders in random situations: no stage breaks a hard constraint, and what cannot be routed is in the queue.

The short form asks some hundreds; `make soak` asks a hundred thousand (`ROUTELAB_SOAK`).
"""

from __future__ import annotations

import json
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select, update

from agents.bundle import BundleAgent
from agents.documents import parse_case
from envs.snapshot import Snapshot
from scenarios.errors import InputError
from scenarios.local_time import format_utc, parse_utc
from serve.decisions.asked import Asked
from serve.decisions.breaker import Breaker
from serve.decisions.chain import Chain, Choice
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.plan_writer import to_json
from serve.decisions.record import find_decision, read_record
from serve.decisions.request import DecisionRequest
from serve.decisions.service import DecisionService, Mark, Weighed
from serve.main import load_desk
from serve.orders.order import Conflict
from serve.reviews.override import Override, override
from serve.reviews.queue import list_reviews
from serve.reviews.wanted import parcels_of, with_plan
from serve.storage import tables
from serve.storage.database import Database
from tests.exhaustive import Exhaustive
from tests.serve.conftest import AMPLE_SECONDS
from tests.serve.oracle import Oracle
from tests.serve.random_cases import random_case

NUM_ORDERS = int(os.environ.get("ROUTELAB_SOAK", "400"))
"""That come with a snapshot of their own."""

NUM_KEPT = max(200, NUM_ORDERS // 4)
"""That are decided from the database."""


def wanted_by_a_person(snapshot: Snapshot, dice: random.Random) -> tuple[Snapshot, Choice] | None:
    """A plan that is compared with some parcels sent otherwise, wherever the dice say, if the rules allow it."""
    axes = (len(snapshot.network.warehouses), len(snapshot.network.services))
    parcels = []
    for parcel in parcels_of(snapshot, dice.randrange(snapshot.num_plans)):
        house, carrier, receipt, mask = parcel
        if dice.random() < 0.5:
            carrier = dice.randrange(axes[1])
        if dice.random() < 0.2:
            house = dice.randrange(axes[0])
        if dice.random() < 0.1:
            receipt = dice.randrange(-1, len(snapshot.seen.receipts))
        parcels.append((house, carrier, receipt, mask))
    found = with_plan(snapshot, frozenset(parcels))
    return None if found is None else (found[0], Choice("review", found[1], "a person"))


@pytest.mark.slow
def test_no_stage_breaks_a_constraint(service: DecisionService, sound_agent: BundleAgent, oracle: Oracle) -> None:
    chain, seen = Chain(sound_agent, AMPLE_SECONDS), Counter[str]()
    mark = Mark("a decision", 0.0)
    for seed in range(NUM_ORDERS):
        document, dice = random_case(sound_agent, 1000 + seed), random.Random(seed)
        case = parse_case(document)
        snapshot = service.reader.read(case)
        first = chain.decide(snapshot)
        if first.slot is None:
            assert (first.stage, bool(first.fallback_reason)) == ("review", True)
            if len(case.order.lines) < 3:  # nothing is possible, says who tries everything
                assert list(Exhaustive(snapshot.network, snapshot.seen).plans()) == []
            seen["unroutable"] += 1
            continue
        choices = [(snapshot, first)]
        choices += [(snapshot, chain.repeat(snapshot, stage, "", name)) for stage, name in FALLBACKS]
        choices += filter(None, [wanted_by_a_person(snapshot, dice) for _ in range(2)])
        for table, choice in choices:
            others = 31 if seed % 10 == 0 else 0
            answer = json.loads(to_json(service.answer(Weighed(case, table, choice), mark, others)))
            for plan in (answer["plan"], *answer["alternatives"]):
                assert list(oracle.breaches(document, plan)) == [], (seed, choice.stage)
            seen[choice.stage] += 1
            seen[f"{answer['plan']['kind']} by {choice.stage}"] += 1
    assert {"policy", "heuristic", "static", "review", "unroutable"} <= seen.keys(), seen
    assert min(seen["unroutable"], seen["review"], seen["backorder by policy"]) > NUM_ORDERS / 30, seen


FALLBACKS: list[tuple[Any, str]] = [("heuristic", "primal-dual"), ("static", "nearest")]


def test_the_oracle_sees_every_kind_of_breach(
    service: DecisionService, sound_agent: BundleAgent, oracle: Oracle
) -> None:
    """A sound answer, spoilt in each way that it is to find."""
    document = next(d for d in (case.document for case in sound_agent.bundle.golden) if len(d["order"]["lines"]) > 1)
    answer = json.loads(to_json(service.decide(DecisionRequest.model_validate(document))))["plan"]
    assert list(oracle.breaches(document, answer)) == []
    parcel = answer["parcels"][0]
    pair = {name: parcel[name] for name in ("warehouse", "service")}
    sku, at = parcel["lines"][0]["sku"], parcel["collection_at"]
    order, snapshot = document["order"], document["snapshot"]
    hour = format_utc(parse_utc("t", at) + 3600)

    def told(case: dict[str, Any], **changes: Any) -> str:
        plan = {"parcels": [{**parcel, **changes}, *answer["parcels"][1:]]}
        return " ".join(oracle.breaches(case, plan))

    def situated(**changes: Any) -> dict[str, Any]:
        return {"order": order, "snapshot": {**snapshot, **changes}}

    assert "lines" in told(document, lines=[])
    assert "lines" in told(document, lines=[{**row, "units": row["units"] + 1} for row in parcel["lines"]])
    assert "split" in " ".join(oracle.breaches(document, {"parcels": [parcel] * 9}))
    assert "handling" in told({"order": {**order, "requirements": ["cold", "hazardous"]}, "snapshot": snapshot})
    assert "lane" in told(document, distance_km=parcel["distance_km"] + 5)
    heavy = [{**line, "units": 1000} for line in order["lines"]]
    assert "weight" in told({"order": {**order, "lines": heavy}, "snapshot": snapshot})
    assert "is over" in told(situated(now=hour))
    assert "interrupted" in told(situated(interruptions=[{**pair, "until": hour}]))
    assert "calendar" in told(document, collection_at=format_utc(parse_utc("t", at) + 60))
    assert "capacity" in told(situated(bookings=[{**pair, "collection_at": at, "booked_parcels": 10_000}]))

    def booked(number: int) -> dict[str, Any]:
        return situated(bookings=[{**pair, "collection_at": at, "booked_parcels": number}])

    room = next(number for number in range(10_000) if "capacity" in told(booked(number)))
    limited = {**pair, "collection_at": at, "booked_parcels": 1}
    assert "capacity" in told(situated(bookings=[{**limited, "capacity_parcels": 1}]))
    assert "capacity" not in told(situated(bookings=[{**limited, "capacity_parcels": 2}]))
    both = {"parcels": [parcel, parcel]}
    assert "capacity" not in told(booked(room - 1))
    assert "capacity" in " ".join(oracle.breaches(booked(room - 1), both))
    assert "capacity" not in " ".join(oracle.breaches(booked(room - 2), both))
    late = {**order, "lines": [{**line, "ship_from": hour} for line in order["lines"]]}
    assert "presale" in told({"order": late, "snapshot": snapshot})
    assert "picked None" in told({"order": {**order, "lines": [{**line, "ship_from": at} for line in order["lines"]]},
                                  "snapshot": snapshot})  # fmt: skip
    assert "goods" in told(situated(stock=[]))
    receipt = {**{"warehouse": pair["warehouse"], "sku": sku}, "id": "r", "expected_at": hour, "expected_units": 99}
    assert "receipt" in told(situated(receipts=[receipt]), receipt={"id": "r", "expected_at": hour})
    assert "goods" in told(situated(receipts=[]), receipt={"id": "r", "expected_at": hour})


class Shop:
    """A shop with scarce stock, whose policy and heuristics fail now and then."""

    def __init__(self, desk: Desk, agent: BundleAgent, oracle: Oracle, seed: int) -> None:
        self.desk, self.agent, self.oracle, self.dice = desk, agent, oracle, random.Random(seed)
        self.documents = [case.document["order"] for case in agent.bundle.golden]
        self.now = parse_utc("t", self.documents[0]["placed_at"])
        self.seen = Counter[str]()
        self._heuristics, self._scores = desk.service.chain._heuristics, agent.scores

    def order(self, number: int) -> None:
        """One random order is decided by a random stage, and judged."""
        dice, self.now = self.dice, self.now + self.dice.randrange(1, 120)
        document = dice.choice(self.documents)
        skus = dice.sample(self.desk.known.names.skus, dice.choice([1, 1, 2, 3, 5]))
        order = {
            "id": f"order {number}",
            "region": dice.choice(self.desk.known.names.regions),
            "placed_at": format_utc(self.now),
            "promise_at": format_utc(self.now + dice.randrange(6, 200) * 3600),
            "requirements": document["requirements"],
            "lines": [{"sku": sku, "units": dice.randrange(1, 4)} for sku in skus],
        }
        if dice.random() < 0.3:
            order["requirements"] = [dice.choice(["cold", "gift", "hazardous"])]
        if dice.random() < 0.1:
            order["lines"][0]["ship_from"] = format_utc(self.now + dice.randrange(1, 72) * 3600)
        self._break("nobody" if number % 50 == 0 else dice.choice(["policy", "policy", "heuristic", "static"]))
        asked = Asked(DecisionRequest.model_validate({"order": order}), "soak", None, time.perf_counter(), self.now)
        self._judge(json.loads(self.desk.decide(asked)[0]))

    def _break(self, stage: str) -> None:
        """Whoever comes before ``stage`` fails."""
        chain, broken = self.desk.service.chain, SimpleNamespace(name="broken", choose=_fail)
        chain._breaker = Breaker()
        self.agent.scores = self._scores if stage == "policy" else _no_scores  # type: ignore[method-assign]
        chain._heuristics = {
            "static": [broken, self._heuristics[1]],
            "nobody": [broken, broken],
        }.get(stage, self._heuristics)  # type: ignore[assignment]

    def _judge(self, answer: dict[str, Any]) -> None:
        with self.desk.database.reading() as tx:
            record = read_record(tx, find_decision(tx, answer["decision_id"]))
            row = tables.reviews.c
            query = select(row.reasons, row.detail).where(row.order_id == answer["order_id"], row.state == "open")
            queued = tx.execute(query).all()
        assert json.loads(record.answer) == answer
        assert record.replay(self.desk.service).is_same, answer
        self.seen[answer["stage"]] += 1
        if answer["plan"] is None:
            assert [(reasons, bool(detail)) for reasons, detail in queued] == [("unroutable", True)]
            self.seen["unroutable"] += 1
        elif answer["plan"]["parcels"]:
            assert list(self.oracle.breaches(record.case, answer["plan"])) == [], answer
            assert answer["plan"]["kind"] != "decline"
            assert queued == []

    def look(self) -> None:
        """Somebody looks at an unroutable order and wants what its explanation would not give, or what is there now."""
        with self.desk.database.reading() as tx:
            open_ = list_reviews(tx, "open", 0, 100)
        if not open_:
            return
        review, names = self.dice.choice(open_), self.desk.known.names
        with self.desk.database.reading() as tx:
            row = tables.lines.c
            skus = (
                tx.execute(select(row.sku).where(row.order_id == review.order_id, row.state == "open")).scalars().all()
            )
        parcel = {"warehouse": self.dice.choice(names.warehouses), "service": self.dice.choice(names.services)}
        wanted = Override.model_validate({"parcels": [{**parcel, "skus": list(skus)}]})
        try:
            with self.desk.database.writing() as tx:
                answer = override(tx, self.desk, review.review_id, wanted, "soak", self.now)
        except (Conflict, InputError):
            self.seen["override refused"] += 1
            return
        self._judge(json.loads(answer))
        self.seen["overridden"] += 1

    def restock(self) -> None:
        """Goods come and go."""
        row = tables.stock.c
        with self.desk.database.writing() as tx:
            for sku in self.dice.sample(self.desk.known.names.skus, 20):
                units = self.dice.choice([0, 0, 3, 20])
                tx.execute(update(tables.stock).where(row.sku == sku).values(on_hand_units=row.allocated_units + units))


def _fail(*_: object) -> int:
    raise RuntimeError


def _no_scores(features: np.ndarray, context: np.ndarray) -> np.ndarray:
    raise RuntimeError


@pytest.fixture
def open_desk(tmp_path: Any, sqlite_template: Any, agent: BundleAgent) -> Iterator[Callable[[], Desk]]:
    (tmp_path / "shop.db").write_bytes(sqlite_template.read_bytes())
    database = Database(f"sqlite:///{tmp_path / 'shop.db'}")
    settings = DeskSettings(reservation_seconds=10**6, is_request_clock=True)
    yield lambda: load_desk(DecisionService(agent, AMPLE_SECONDS), database, settings)
    database.close()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_what_is_kept_breaks_no_constraint(open_desk: Callable[[], Desk], agent: BundleAgent, oracle: Oracle) -> None:
    shop = Shop(open_desk(), agent, oracle, NUM_KEPT)
    for number in range(NUM_KEPT):
        if number % 25 == 0:
            shop.restock()
        shop.order(number)
        if number % 3 == 0:
            shop.look()
    assert {"policy", "heuristic", "static", "unroutable", "overridden", "override refused"} <= shop.seen.keys(), (
        shop.seen
    )
    cell, made, review = tables.stock.c, tables.decisions.c, tables.reviews.c
    with shop.desk.database.reading() as tx:
        assert tx.execute(select(func.count()).where(cell.allocated_units > cell.on_hand_units)).scalar() == 0
        unrouted = select(func.count(made.order_id.distinct())).where(
            made.stage == "review", made.id == review.decision_id
        )
        opened = select(func.count()).select_from(tables.reviews).where(review.reasons == "unroutable")
        assert tx.execute(unrouted).scalar() == tx.execute(opened).scalar() == shop.seen["unroutable"]
