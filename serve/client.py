"""The endpoint's client: typed, and sending again what can be sent again until there is an answer."""

from __future__ import annotations

import math
import random
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import httpx
from pydantic import BaseModel

from agents.documents import OrderDocument
from scenarios.errors import InputError
from scenarios.local_time import format_utc
from serve.decisions.answer import DecisionAnswer
from serve.decisions.request import DecisionRequest, RedecisionRequest
from serve.endpoint_error import EndpointError, foreign, read_answer, refusal, retry_after
from serve.explanations.explanation import ExplanationAnswer
from serve.monitoring.health import HealthAnswer
from serve.orders.event import AnyEvent, Applied, CountedStock, EventBatch, Inventory
from serve.orders.order import OrderAnswer
from serve.orders.tasks import Lease, TaskAnswer, TaskList
from serve.policies.answer import Canary, Load, SlotsAnswer
from serve.reviews.override import Override, WantedParcel
from serve.reviews.queue import ReviewAnswer, ReviewList
from serve.web.path_names import in_path
from serve.web.short_way import MOST_KEY

TOKEN_VARIABLE = "ROUTELAB_TOKEN"
"""Environment variable of commands with the token that they send."""

REFUSED = frozenset({429, 503})
"""Nothing was done; it may be sent again."""
LATER = REFUSED | {502, 504}
"""What can be repeated may be sent again; something may have been done, as a proxy says this of an answer it lost, and
the endpoint of a commit."""

FIRST_WAIT_SECONDS, LONGEST_WAIT_SECONDS = 0.1, 5.0


class _Ready(BaseModel):
    """What an endpoint says that is ready."""

    status: Literal["ready"]


class Client:
    """Asks one endpoint, over connections that are kept. Safe to share between threads.

    Every change has a key or an id of its own, so what got no answer is sent again without being done twice. What has a
    deadline is sent again only while that lasts, as nobody waits for it after that.

    Args:
        url: such as ``http://127.0.0.1:8000``.
        token: see ``routelab token``; None where anyone may ask.
        timeout_seconds: for one attempt.
        patience_seconds: in which an attempt may begin, the first one aside.
        http: sends requests instead of a new connection; ``url`` and ``token`` are not looked at then.
        sleep: waits.

    Raises:
        InputError: no such URL.
    """

    def __init__(
        self,
        url: str = "",
        token: str | None = None,
        *,
        timeout_seconds: float = 10.0,
        patience_seconds: float = 60.0,
        http: httpx.Client | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else None
        self._http = http or httpx.Client(base_url=_address(url), headers=headers, timeout=timeout_seconds)
        self._patience_seconds, self._sleep = patience_seconds, sleep

    def __enter__(self) -> Client:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends all connections."""
        self._http.close()

    def wait_until_ready(self) -> None:
        """Returns once orders can be answered.

        Raises:
            EndpointError: not within the patience, or another service answers there.
        """
        read_answer(self._send("GET", "/health/ready"), _Ready)

    def decide(
        self,
        order: OrderDocument,
        *,
        key: str | None = None,
        now: int | None = None,
        confirm: bool = False,
        max_alternatives: int = 0,
        deadline_ms: float | None = None,
    ) -> DecisionAnswer:
        """Decides a new order from what the endpoint knows.

        Args:
            order: with an id that is new.
            key: ``Idempotency-Key``, printable ASCII; the same key and order get the same answer. One of its own if
                not given.
            now: UTC seconds, where time comes from requests.
            confirm: what is reserved does not expire.
            max_alternatives: other plans to be shown.
            deadline_ms: in which an attempt is to be answered; too little for the policy: by a heuristic. No further
                attempt begins after it; as refusals ask for a second's pause, a short one leaves one attempt.

        Raises:
            InputError: a key that cannot be sent.
            EndpointError: what was refused, or that nobody answered, or another service.
        """
        fields = {"order": order, "now": _text(now), "confirm": confirm, "max_alternatives": max_alternatives}
        asked = DecisionRequest.model_validate({**fields, "deadline_ms": deadline_ms})
        return self._decided("/v1/decisions", asked, key)

    def redecide(
        self,
        order_id: str,
        *,
        key: str | None = None,
        now: int | None = None,
        confirm: bool = False,
        deadline_ms: float | None = None,
    ) -> DecisionAnswer:
        """Decides the open lines of a known order; see ``decide``."""
        asked = RedecisionRequest(now=_text(now), confirm=confirm, max_alternatives=0, deadline_ms=deadline_ms)
        return self._decided(f"/v1/orders/{in_path(order_id)}/redecide", asked, key)

    def decision(self, decision_id: str) -> DecisionAnswer:
        """A decision as it was answered."""
        return read_answer(self._send("GET", f"/v1/decisions/{in_path(decision_id)}"), DecisionAnswer)

    def explain(self, decision_id: str, *, warehouse: str | None = None) -> ExplanationAnswer:
        """Why a decision is as it is, and why not from ``warehouse``."""
        params = {} if warehouse is None else {"warehouse": warehouse}
        path = f"/v1/decisions/{in_path(decision_id)}/explain"
        return read_answer(self._send("GET", path, params=params), ExplanationAnswer)

    def order(self, order_id: str) -> OrderAnswer:
        """How an order stands."""
        return read_answer(self._send("GET", f"/v1/orders/{in_path(order_id)}"), OrderAnswer)

    def confirm(self, order_id: str) -> OrderAnswer:
        """Keeps for good what is reserved, or will be when an order that waits is decided."""
        return read_answer(self._send("POST", f"/v1/orders/{in_path(order_id)}/confirm"), OrderAnswer)

    def cancel(self, order_id: str, *, now: int | None = None) -> OrderAnswer:
        """Cancels what nobody has begun to pick."""
        return read_answer(
            self._send("POST", f"/v1/orders/{in_path(order_id)}/cancel", params=_stated(now)), OrderAnswer
        )

    def take_back(self, order_id: str, *, now: int | None = None) -> OrderAnswer:
        """Undoes a decision of which nothing is picked. Sent again only if it surely was not done."""
        path = f"/v1/orders/{in_path(order_id)}/take-back"
        return read_answer(self._send("POST", path, params=_stated(now), is_repeatable=False), OrderAnswer)

    def tell(self, events: Sequence[AnyEvent]) -> int:
        """Tells what happened, in the order of happening.

        Returns:
            How many of them the endpoint did not know yet.
        """
        body = EventBatch(events=list(events)).model_dump_json(exclude_none=True)
        return read_answer(self._send("POST", "/v1/events", body=body), Applied).applied

    def count_stock(self, at: int, rows: Sequence[CountedStock], *, id: str | None = None) -> None:
        """Tells what lies in warehouses at ``at``, UTC seconds."""
        counted = Inventory(id=id or uuid.uuid4().hex, at=format_utc(at), rows=list(rows))
        body = counted.model_dump_json(exclude_none=True)
        read_answer(self._send("PUT", "/v1/inventory", body=body), Applied)

    def tasks(self, *, limit: int = 10, lease_seconds: int = 60, now: int | None = None) -> list[TaskAnswer]:
        """Leases orders that are to be looked at."""
        params = {"limit": str(limit), "lease_seconds": str(lease_seconds)} | _stated(now)
        return read_answer(self._send("GET", "/v1/tasks", params=params), TaskList).tasks

    def acknowledge(self, task: TaskAnswer, *, now: int | None = None) -> None:
        """A task is done."""
        body = Lease(lease=task.lease).model_dump_json()
        path = f"/v1/tasks/{in_path(task.task_id)}/acknowledge"
        answer = self._send("POST", path, body=body, params=_stated(now))
        if answer.status_code != httpx.codes.NO_CONTENT:
            raise foreign(answer)

    def reviews(self, *, state: str = "open", after: int = 0, limit: int = 100) -> list[ReviewAnswer]:
        """What a person should look at, in the order of opening."""
        params = {"state": state, "after": str(after), "limit": str(limit)}
        return read_answer(self._send("GET", "/v1/reviews", params=params), ReviewList).reviews

    def policies(self) -> SlotsAnswer:
        """Who decides, and who is to."""
        return read_answer(self._send("GET", "/v1/policies"), SlotsAnswer)

    def load_policy(self, folder: str) -> SlotsAnswer:
        """Puts the bundle in that folder below the endpoint's ``--policies`` into the second slot; see below."""
        body = Load(folder=folder).model_dump_json()
        return read_answer(self._send("POST", "/v1/policies", body=body, is_repeatable=False), SlotsAnswer)

    def change_policy(self, sha256: str, how: str, *, share: float | None = None) -> SlotsAnswer:
        """Changes what a policy does, by the paths' names: ``shadow``, ``canary`` with its share, ``activate``, ...

        Sent again only if it surely was not done.
        """
        path = f"/v1/policies/{in_path(sha256)}/{how}"
        body = None if share is None else Canary(share=share).model_dump_json()
        return read_answer(self._send("POST", path, body=body, is_repeatable=False), SlotsAnswer)

    def end_review(self, review_id: str, how: str, *, now: int | None = None) -> ReviewAnswer:
        """Ends a review: ``approve`` or ``reject``. Sent again only if it surely was not done."""
        path = f"/v1/reviews/{in_path(review_id)}/{how}"
        return read_answer(self._send("POST", path, params=_stated(now), is_repeatable=False), ReviewAnswer)

    def override(
        self, review_id: str, parcels: Sequence[WantedParcel], *, now: int | None = None, confirm: bool = False
    ) -> DecisionAnswer:
        """Ends a review with another plan. Sent again only if it surely was not done."""
        body = Override(parcels=list(parcels), now=_text(now), confirm=confirm).model_dump_json(exclude_defaults=True)
        path = f"/v1/reviews/{in_path(review_id)}/override"
        return read_answer(self._send("POST", path, body=body, is_repeatable=False), DecisionAnswer)

    def health_report(self, since: int, until: int, *, baseline: str | None = None) -> HealthAnswer:
        """Where orders broke, waited or needed a hand, UTC seconds; beside a baseline that is recorded."""
        params = {"since": format_utc(since), "until": format_utc(until)}
        params |= {} if baseline is None else {"baseline": baseline}
        return read_answer(self._send("GET", "/v1/health-report", params=params), HealthAnswer)

    def _decided(self, path: str, asked: DecisionRequest | RedecisionRequest, key: str | None) -> DecisionAnswer:
        body, headers = asked.model_dump_json(exclude_defaults=True), {"Idempotency-Key": _sendable(key)}
        lasts = math.inf if asked.deadline_ms is None else asked.deadline_ms / 1000
        return read_answer(self._send("POST", path, body=body, headers=headers, lasts=lasts), DecisionAnswer)

    def _send(
        self,
        method: str,
        path: str,
        *,
        body: str | None = None,
        params: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
        is_repeatable: bool = True,
        lasts: float = math.inf,
    ) -> httpx.Response:
        """Sends until there is an answer, or patience ends, or so many seconds are over.

        Raises:
            EndpointError: what was refused, or that nobody answered.
        """
        sent = {"Content-Type": "application/json"} if body is not None else {}
        until, wait = time.monotonic() + min(self._patience_seconds, lasts), FIRST_WAIT_SECONDS
        while True:
            least = 0.0
            try:
                answer = self._http.request(
                    method, path, content=body, params=params or None, headers={**sent, **(headers or {})}
                )
                if answer.status_code < 400:
                    return answer
                problem = refusal(answer)
                if answer.status_code not in (LATER if is_repeatable else REFUSED):
                    raise problem
                least = retry_after(answer)
            except httpx.TransportError as error:
                what = f"{type(error).__name__} at {method} {path}"
                problem = EndpointError("endpoint", what, "an answer", "look whether the endpoint runs there")
                is_hopeless = isinstance(error, (httpx.UnsupportedProtocol, httpx.LocalProtocolError))
                if is_hopeless or (not is_repeatable and not isinstance(error, httpx.ConnectError)):
                    raise problem from error
            pause = max(least, wait * random.uniform(0.5, 1.0))  # not all clients at once
            if time.monotonic() + pause > until:
                raise problem
            self._sleep(pause)
            wait = min(2 * wait, LONGEST_WAIT_SECONDS)


def _address(url: str) -> str:
    """The URL.

    Raises:
        InputError: nobody can be asked there.
    """
    try:
        parsed = httpx.URL(url)
    except httpx.InvalidURL:
        parsed = httpx.URL()
    if parsed.scheme not in ("http", "https") or not parsed.host:
        expected = "an address that begins with http:// or https://"
        raise InputError("url", url, expected, "write it like http://127.0.0.1:8000")
    return url


def _sendable(key: str | None) -> str:
    """The key, or a new one.

    Raises:
        InputError: a header cannot hold it.
    """
    if key is None:
        return uuid.uuid4().hex
    if not 0 < len(key) <= MOST_KEY or not key.isascii() or not key.isprintable() or key != key.strip():
        expected = f"1 to {MOST_KEY} characters of printable ASCII, without a space at either end"
        raise InputError("key", key, expected, "send another key, such as a hash of this one")
    return key


def _stated(now: int | None) -> dict[str, str]:
    return {} if now is None else {"now": format_utc(now)}


def _text(now: int | None) -> str | None:
    return None if now is None else format_utc(now)
