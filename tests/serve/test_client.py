"""The client: what it sends again, what it makes of refusals, and its methods against the endpoint itself."""

from __future__ import annotations

import json
import pickle
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from fastapi.testclient import TestClient

from agents.documents import OrderDocument
from scenarios.errors import InputError
from scenarios.local_time import format_utc, parse_utc
from serve.app import create_app
from serve.client import Client
from serve.decisions.desk import DeskSettings
from serve.decisions.service import DecisionService
from serve.endpoint_error import EndpointError
from serve.main import load_desk
from serve.orders.event import CountedStock, Delivered, EventBatch, PickStarted
from serve.orders.tasks import TaskAnswer
from serve.reviews.override import WantedParcel
from serve.storage.database import Database
from serve.web.path_names import in_path
from tests.serve.replay.endpoints import hurried, listening

Request = Callable[..., dict[str, Any]]
READY = {"status": "ready"}


class Scripted(httpx.BaseTransport):
    """Answers one after the other; an exception is raised."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self._answers, self.requests = list(answers), list[httpx.Request]()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def scripted(*answers: httpx.Response | Exception, patience: float = 60.0) -> tuple[Client, Scripted, list[float]]:
    """A client of a script, what was sent, and how long it waited."""
    script, waits = Scripted(*answers), list[float]()
    http = httpx.Client(base_url="http://endpoint", transport=script)
    return Client(http=http, sleep=waits.append, patience_seconds=patience), script, waits


def order_of(make_request: Request, order_id: str) -> OrderDocument:
    return OrderDocument.model_validate({**make_request()["order"], "id": order_id})


def refusal(status: int, **headers: str) -> httpx.Response:
    told = {"key": "order.id", "value": "x", "expected": "an id that is new", "remedy": "send another"}
    return httpx.Response(status, json={"error": told}, headers=headers)


def test_it_sends_again_with_the_same_key_and_as_late_as_it_is_told(make_request: Request) -> None:
    gone = httpx.ReadTimeout("late")
    client, script, waits = scripted(
        gone, httpx.ConnectError("no"), refusal(429, **{"Retry-After": "7"}), refusal(503), refusal(409)
    )
    with pytest.raises(EndpointError, match="an id that is new") as caught:
        client.decide(order_of(make_request, "x"))
    assert (caught.value.status, caught.value.key, caught.value.remedy) == (409, "order.id", "send another")
    assert len({request.headers["Idempotency-Key"] for request in script.requests}) == 1
    assert len({request.content for request in script.requests}) == 1
    assert len(waits) == 4
    assert waits[2] == 7.0
    assert 0.05 <= waits[0] <= 0.1 < waits[3] <= 0.8
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_its_patience_ends() -> None:
    client, script, waits = scripted(refusal(503, **{"Retry-After": "30"}), patience=20.0)
    with pytest.raises(EndpointError):
        client.wait_until_ready()
    assert (len(script.requests), waits) == (1, [])


def test_what_may_have_been_done_is_not_sent_again() -> None:
    client, script, _ = scripted(httpx.ReadTimeout("late"))
    with pytest.raises(EndpointError, match="ReadTimeout"):
        client.end_review("1", "approve")
    assert len(script.requests) == 1
    for status in (502, 504):  # of a proxy
        client, script, _ = scripted(httpx.Response(status, text="no answer"))
        with pytest.raises(EndpointError) as caught:
            client.end_review("1", "approve")
        assert (caught.value.status, len(script.requests)) == (status, 1)
    for ask in (
        lambda client: client.take_back("x"),
        lambda client: client.override("1", [WantedParcel(warehouse="w", service="s", skus=["a"])]),
    ):
        client, script, _ = scripted(refusal(503), httpx.ReadTimeout("late"))
        with pytest.raises(EndpointError, match="ReadTimeout"):
            ask(client)
        assert len(script.requests) == 2
    client, script, _ = scripted(httpx.ConnectError("no"), refusal(429), refusal(503), refusal(404))
    with pytest.raises(EndpointError):
        client.end_review("1", "approve")
    assert len(script.requests) == 4
    client, script, _ = scripted(httpx.Response(502, text="no answer"), refusal(504), refusal(404))
    with pytest.raises(EndpointError):
        client.order("x")  # can be repeated
    assert len(script.requests) == 3
    for look in (lambda client: client.explain("x"), lambda client: client.health_report(0, 1)):
        client, script, _ = scripted(httpx.ReadTimeout("late"), refusal(504), refusal(404))
        with pytest.raises(EndpointError):
            look(client)
        assert len(script.requests) == 3


def test_a_deadline_is_sent(make_request: Request) -> None:
    client, script, _ = scripted(refusal(404), refusal(404))
    for ask in (
        lambda: client.decide(order_of(make_request, "x"), deadline_ms=40),
        lambda: client.redecide("x", deadline_ms=40),
    ):
        with pytest.raises(EndpointError):
            ask()
    assert [json.loads(request.content)["deadline_ms"] for request in script.requests] == [40, 40]


def test_nothing_is_sent_again_after_its_deadline(make_request: Request) -> None:
    """Refusals ask for a pause; what got no answer is sent again while the deadline lasts."""
    busy = refusal(503, **{"Retry-After": "1"})
    for ask in (
        lambda client, ms: client.decide(order_of(make_request, "x"), deadline_ms=ms),
        lambda client, ms: client.redecide("x", deadline_ms=ms),
    ):
        for deadline_ms, num_sent in ((40, 1), (60_000, 3), (None, 3)):
            client, script, waits = scripted(busy, busy, refusal(404))
            with pytest.raises(EndpointError) as caught:
                ask(client, deadline_ms)
            assert (len(script.requests), len(waits)) == (num_sent, num_sent - 1)
            assert caught.value.status == (503 if num_sent == 1 else 404)
        client, script, _ = scripted(httpx.ConnectError("no"), busy)
        with pytest.raises(EndpointError):
            ask(client, 900)
        assert len(script.requests) == 2


def test_another_service_is_named_as_such() -> None:
    client, _, _ = scripted(httpx.Response(200, text="hello"), httpx.Response(404, text="not here"))
    for _ in range(2):
        with pytest.raises(EndpointError, match="Correct the URL"):
            client.order("a b")


ASKED: list[Callable[[Client], object]] = [
    lambda client: client.wait_until_ready(),
    lambda client: client.tell([]),
    lambda client: client.count_stock(0, [CountedStock(warehouse="w", sku="s", on_hand_units=1)]),
    lambda client: client.tasks(),
    lambda client: client.acknowledge(TASK),
    lambda client: client.reviews(),
    lambda client: client.order("x"),
]
TASK = TaskAnswer(task_id="1", kind="plan_broke", order_id="x", due_at="", lease="y", leased_until="")


@pytest.mark.parametrize("ask", ASKED, ids=range(len(ASKED)))
def test_no_foreign_answer_is_taken_for_the_endpoints(
    ask: Callable[[Client], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("serve.client.EventBatch", EventBatch.model_construct)  # of no event: nothing is looked at
    for answer in (httpx.Response(200, text="<html>login</html>"), httpx.Response(200, json={}), httpx.Response(302)):
        client, script, waits = scripted(answer)
        with pytest.raises(EndpointError, match="Correct the URL"):
            ask(client)
        assert (len(script.requests), waits) == (1, [])


@pytest.mark.parametrize("url", ["", "127.0.0.1:8000", "localhost", "ftp://localhost", "http://", "http://a:b"])
def test_a_url_at_which_nobody_can_be_asked_is_refused_at_once(url: str) -> None:
    with pytest.raises(InputError, match="Write it like http:") as caught:
        Client(url)
    assert caught.value.value == url


def test_what_can_never_be_sent_is_not_sent_again() -> None:
    for error in (httpx.UnsupportedProtocol("no"), httpx.LocalProtocolError("no")):
        client, _, waits = scripted(error)
        with pytest.raises(EndpointError):
            client.order("x")
        assert waits == []


@pytest.mark.parametrize("key", ["Bestellung-ü", "", " a", "a\n", "a\x00b", "k" * 256])
def test_a_key_that_no_header_holds_is_refused_at_once(make_request: Request, key: str) -> None:
    for ask in (
        lambda client: client.decide(order_of(make_request, "x"), key=key),
        lambda client: client.redecide("x", key=key),
    ):
        client, script, _ = scripted()
        with pytest.raises(InputError, match="printable ASCII") as caught:
            ask(client)
        assert (caught.value.key, caught.value.value, script.requests) == ("key", key, [])


def test_its_token_is_sent() -> None:
    with pytest.raises(EndpointError, match="ConnectError"):
        Client("http://127.0.0.1:9", "secret", patience_seconds=0.0).wait_until_ready()
    client = Client("http://127.0.0.1:9", "secret")
    assert client._http.headers["Authorization"] == "Bearer secret"
    client.close()


@pytest.fixture
def app(service: DecisionService, database_url: str) -> Iterator[Any]:
    database = Database(database_url)
    settings = DeskSettings(is_request_clock=True)
    yield create_app(lambda: service, open_desk=lambda service: load_desk(service, database, settings))
    database.close()


@pytest.fixture
def client(app: Any) -> Iterator[Client]:
    """Of an endpoint that is ready."""
    with TestClient(app) as http:
        client = Client(http=http, sleep=hurried)
        client.wait_until_ready()
        yield client


def test_a_shop_lives_through_it(client: Client, make_request: Request) -> None:
    order = order_of(make_request, "one?two")
    now = parse_utc("t", order.placed_at)
    answer = client.decide(order, key="once", now=now)
    assert client.decide(order, key="once", now=now) == answer == client.decision(answer.decision_id)
    assert answer.plan is not None
    parcel = str(answer.plan.parcels[0].id)
    assert client.order(order.id).state == "reserved"  # its id has a question mark
    at = format_utc(now + 60)
    started = PickStarted(id="a", at=at, kind="pick_started", parcel=parcel)
    assert client.tell([started]) == 1
    assert client.tell([started, Delivered(id="b", at=at, kind="delivered", parcel=parcel)]) == 1
    warehouse = answer.plan.parcels[0].warehouse
    client.count_stock(now, [CountedStock(warehouse=warehouse, sku=order.lines[0].sku, on_hand_units=3)])
    with pytest.raises(EndpointError) as caught:
        client.tasks()
    assert (caught.value.key, caught.value.status) == ("now", 422)
    assert client.tasks(now=now) == []


def test_a_person_looks_at_it(client: Client, make_request: Request) -> None:
    order = order_of(make_request, "one")
    now = parse_utc("t", order.placed_at)
    answer = client.decide(order, now=now)
    assert answer.plan is not None
    explained = client.explain(answer.decision_id)
    assert (explained.why_not, sum(plan.is_chosen for plan in explained.plans)) == (None, 1)
    house = answer.plan.parcels[0].warehouse
    why_not = client.explain(answer.decision_id, warehouse=house).why_not
    assert why_not is not None
    assert (why_not.warehouse, why_not.is_chosen) == (house, True)
    assert client.take_back(order.id, now=now).state == "review"
    wanted = [
        WantedParcel(warehouse=row.warehouse, service=row.service, skus=[line.sku for line in row.lines])
        for row in answer.plan.parcels
    ]
    (review,) = client.reviews()
    chosen = client.override(review.review_id, wanted, now=now, confirm=True)
    assert chosen.plan is not None
    assert (chosen.stage, client.order(order.id).state) == ("review", "confirmed")
    assert [row.warehouse for row in chosen.plan.parcels] == [row.warehouse for row in answer.plan.parcels]
    answered = client.health_report(now, now + 1)
    assert (answered.baseline, answered.report.num_manual, answered.report.breaks) == (None, 1, {})
    with pytest.raises(EndpointError) as caught:
        client.health_report(now, now + 1, baseline="none")
    assert caught.value.status == 404


def test_over_a_socket(app: Any, make_request: Request) -> None:
    with listening(app) as address:
        client = Client(address, sleep=hurried)
        client.wait_until_ready()
        first, second = order_of(make_request, "first"), order_of(make_request, "second")
        now = parse_utc("t", first.placed_at)
        client.decide(first, now=now)
        assert client.confirm("first").state == "confirmed"
        assert client.cancel("first", now=now).state == "cancelled"
        client.decide(second, now=now)
        late = now + 10_000
        tasks = client.tasks(now=late)
        assert [(task.kind, task.order_id) for task in tasks] == [("reservation_expired", "second")]
        client.acknowledge(tasks[0], now=late)
        assert client.redecide("second", now=late, confirm=True).reservation is not None
        assert client.reviews() == []
        client.close()


NAMES = ["2026/0001", "/", "a//b/", "..", ".", "a/../b", "what?", "#1", "100%2F", "x/confirm", "x/redecide", "line\n"]


def test_any_order_id_can_be_reached(app: Any, make_request: Request) -> None:
    """Over a socket: the framework's own client for tests reads paths otherwise than a server."""
    with listening(app) as address, Client(address, sleep=hurried) as client, httpx.Client(base_url=address) as http:
        for name in NAMES:
            order = order_of(make_request, name)
            now = parse_utc("t", order.placed_at)
            client.decide(order, now=now)
            assert (client.order(name).order_id, client.order(name).state) == (name, "reserved")
            assert client.take_back(name, now=now).state == "review"
            assert client.redecide(name, now=now).order_id == name
            assert client.confirm(name).state == "confirmed"
            assert client.cancel(name, now=now).state == "cancelled"
        assert http.get("/v1/orders/2026/0001").json()["order_id"] == "2026/0001"  # as a proxy may have read it
        assert http.get("/v1/orders/2026%2F0002").json()["error"]["key"] == "order"
        assert http.post("/v1/orders/2026%2F0001/nothing").status_code == 405
        metrics = http.get("/metrics").text
    assert 'path="/v1/orders/{order_id}/redecide"' in metrics
    assert ":name}" not in metrics


def test_a_name_is_one_part_of_a_path() -> None:
    assert [in_path(name) for name in NAMES[:6]] == ["2026%2F0001", "%2F", "a%2F%2Fb%2F", "%2E%2E", "%2E", "a%2F..%2Fb"]
