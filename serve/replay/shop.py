"""A shop: lets a trace happen, asks the endpoint whatever is to be decided, and tells it what comes of that."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from envs.log import Kind
from envs.metrics import measure
from envs.simulation import rare_collections
from envs.world import World
from scenarios.local_time import parse_utc
from scenarios.trace import Trace
from serve.client import Client
from serve.decisions.answer import DecisionAnswer
from serve.orders.event import AnyEvent
from serve.replay.orders import Orders
from serve.replay.outcomes import Outcomes
from serve.replay.pace import Pace
from serve.replay.report import Report
from serve.replay.told_plan import slot_of
from serve.replay.watched_clock import WatchedClock

_MANY_EVENTS = 500


@dataclass(frozen=True, slots=True)
class Manner:
    """How a trace is replayed.

    Attributes:
        name: that all ids begin with.
        states_time: whether requests state their time, as an endpoint with ``--clock request`` wants.
        speed: seconds of the world in one of ours; None: as fast as it goes.
    """

    name: str
    states_time: bool = True
    speed: float | None = None


class Shop:
    """Plays one trace with the endpoint deciding.

    Args:
        trace: what happens.
        client: of the endpoint.
        manner: how.
        on_order: told after each order how many have arrived.
    """

    def __init__(
        self, trace: Trace, client: Client, manner: Manner, on_order: Callable[[int], None] = lambda number: None
    ) -> None:
        self.world = World(trace, describes=False)
        self.report = Report()
        self._client, self._manner, self._on_order = client, manner, on_order
        self._orders = Orders(trace, manner.name)
        self._outcomes = Outcomes(self.world, self._orders, manner.name)
        starts_at = 0.0 if manner.states_time else time.time() - self._orders.utc(0)
        self._pace = Pace(manner.speed, starts_at)
        self._untold: list[AnyEvent] = []
        self._sent: set[int] = set()
        self._planned: dict[tuple[str, str, frozenset[str]], str] = {}
        self._last_review = 0

    def play(self) -> Report:
        """Plays to the end.

        Raises:
            serve.client.EndpointError: the endpoint refused something, or is away.
        """
        began = time.monotonic()
        clock = WatchedClock(self.world, self._look)
        with rare_collections():
            is_due = clock.start()
            while is_due:
                is_due = clock.answer(self._ask())
        self._tell()
        self.report.metrics, self.report.seconds = measure(self.world), time.monotonic() - began
        return self.report

    @property
    def _now(self) -> int | None:
        """What requests state."""
        if not self._manner.states_time:
            return None
        return self._orders.utc(self.world.seen.clock["now_seconds"][0])

    def _ask(self) -> int:
        """The slot that the endpoint's decision means."""
        self._pace.wait_until(int(self.world.seen.clock["now_seconds"][0]))
        self._tell()
        seen = self.world.seen
        asked = list(dict.fromkeys(seen.lines["order"][: seen.order["num_lines"][0]].tolist()))
        fresh = next((order for order in asked if order not in self._sent), None)
        order = asked[0] if fresh is None else fresh
        order_id, key = self._orders.id(order), f"{self._manner.name}-decision-{seen.clock['decision_id'][0]}"
        began = time.perf_counter()
        if fresh is None:
            answer = self._client.redecide(order_id, key=key, now=self._now, confirm=True)
        else:
            self._sent.add(fresh)
            answer = self._client.decide(self._orders.document(fresh), key=key, now=self._now, confirm=True)
            self._on_order(len(self._sent))
        self.report.count(answer, 1000 * (time.perf_counter() - began))
        slot = self._slot(answer)
        return self._stray(order_id) if slot is None else slot

    def _slot(self, answer: DecisionAnswer) -> int | None:
        plan, slots = answer.plan, self.world.plans.slots
        if plan is None:
            self._reject(answer.decision_id)
            return next((i for i in range(self.world.plans.counts[0]) if slots["is_decline"][i]), None)
        self._planned = {
            (row.warehouse, row.service, frozenset(line.sku for line in row.lines)): str(row.id) for row in plan.parcels
        }
        held_seconds = None
        if plan.hold_until is not None:
            now = self._orders.utc(self.world.seen.clock["now_seconds"][0])
            held_seconds = parse_utc("plan.hold_until", plan.hold_until) - now
        return slot_of(plan, held_seconds, self.world, self._outcomes.receipts)

    def _reject(self, decision_id: str) -> None:
        """Nobody is there to look at it: the order is declined, as the simulation declines it."""
        while True:
            reviews = self._client.reviews(after=self._last_review)
            for review in reviews:
                self._last_review = int(review.review_id)
                if review.decision_id == decision_id:
                    self._client.end_review(review.review_id, "reject", now=self._now)
                    return
            if not reviews:
                return

    def _stray(self, order_id: str) -> int:
        """The world goes on with its own best plan, and the endpoint forgets the order."""
        self.report.strayed.append(order_id)
        self._client.cancel(order_id, now=self._now)
        self._planned = {}
        held = self.world.plans.slots["hold_seconds"][: self.world.plans.counts[0]] > 0
        return int(np.argmin(held))

    def _look(self, first: int, end: int) -> None:
        """Something has happened."""
        rows = self.world.hidden.events[first:end].copy()
        if self._pace.ahead(int(rows[0, 0])) > 0:
            self._tell()
            self._pace.wait_until(int(rows[0, 0]))
        for row in rows[rows[:, 1] == Kind.PLANNED]:
            self._know(int(row[3]))
        self._untold += self._outcomes.events(rows)
        if len(self._untold) >= _MANY_EVENTS:
            self._tell()
        if (rows[:, 1] == Kind.RELEASE_DUE).any() and self._manner.states_time:
            self._tell()
            self._client.tasks(limit=1, lease_seconds=1, now=self._orders.utc(rows[0, 0]))  # time has come so far

    def _know(self, parcel: int) -> None:
        """A parcel of the plan just told is one of the world's now."""
        world, row = self.world, self.world.hidden.parcels[parcel]
        names, skus, line = world.trace.names, [], int(row["first_line"])
        while line >= 0:
            skus.append(self._orders.sku(line))
            line = int(world.hidden.lines["next_line"][line])
        found = self._planned.get((names.warehouses[row["warehouse"]], names.services[row["service"]], frozenset(skus)))
        if found is not None:
            self._outcomes.know(parcel, found)

    def _tell(self) -> None:
        if self._untold:
            self._client.tell(self._untold)
            self.report.num_events += len(self._untold)
            self._untold = []
