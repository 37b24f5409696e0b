"""Calibration: quotes and expected lateness beside what came, of known deliveries and of many that are as expected."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi.testclient import TestClient
from scipy.stats import binomtest
from sqlalchemy import update

from scenarios.local_time import format_utc, parse_utc
from serve.app import create_app
from serve.decisions.desk import Desk
from serve.monitoring.calibration import Calibration, calibrate, interval
from serve.orders.known import Known
from serve.storage import tables
from tests.serve.decisions.test_desk import ask, order_of
from tests.serve.lost_sku import without_sku
from tests.serve.orders.test_happened import tell
from tests.serve.test_app import check_error, wait_until_ready

Request = Callable[..., dict[str, Any]]


def one_line(make_request: Request) -> dict[str, Any]:
    order = order_of(make_request, "one")
    return {**order, "lines": order["lines"][:1]}


def of_period(desk: Desk, since: int, until: int) -> Calibration:
    with desk.database.reading() as tx:
        return calibrate(tx, desk.known.public, since, until)


def test_deliveries_beside_quotes_and_promises(desk: Desk, make_request: Request) -> None:
    order = one_line(make_request)
    now = parse_utc("t", order["placed_at"])
    first, late, _ = (
        parcel for name in ("one", "two", "three") for parcel in ask(desk, {**order, "id": name})["plan"]["parcels"]
    )
    quoted = parse_utc("t", first["quoted_delivery_at"])
    tell(desk, quoted, {"kind": "delivered", "parcel": first["id"]})
    tell(desk, quoted + 86_400 * 9, {"kind": "delivered", "parcel": late["id"]})
    found = of_period(desk, now, quoted + 86_400 * 10)
    assert (found.num_delivered, found.num_overdue) == (2, 1)
    assert found.mean_outcome_seconds == quoted - now + 86_400 * 9 / 2
    kept = {row.name: (row.num, row.share) for row in found.quotes}
    assert sum(num for num, _ in kept.values()) == 2
    assert sum(num * share for num, share in kept.values()) == 1
    assert {row.expected for row in found.quotes} == {desk.known.public.settings.quote_level}
    promise = parse_utc("t", order["promise_at"])
    assert sum(row.num * row.share for row in found.lateness) == 1 + (quoted > promise)
    expected = (first["late_probability"] + late["late_probability"]) / 2
    assert sum(row.num * row.expected for row in found.lateness) / 2 == pytest.approx(expected)
    between = of_period(desk, quoted + 1, quoted + 2)
    assert (between.num_delivered, between.quotes, between.lateness, between.mean_outcome_seconds) == (0, [], [], None)


def test_a_line_with_a_presale_date_is_promised_later(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    now = parse_utc("t", order["placed_at"])
    lines = [{**line, "ship_from": format_utc(now + 86_400 * 2)} for line in order["lines"]]
    parcels = ask(desk, {**order, "lines": lines}, confirm=True)["plan"]["parcels"]
    promise = parse_utc("t", order["promise_at"])
    desk.keep_until(now + 86_400 * 2)
    for i, parcel in enumerate(parcels):
        tell(desk, promise + 86_400 * 2 + i, {"kind": "delivered", "parcel": parcel["id"]})
    found = of_period(desk, now, promise + 86_400 * 3)
    assert (sum(row.num for row in found.lateness), sum(row.num * row.share for row in found.lateness)) == (
        len(parcels),
        len(parcels) - 1,
    )


@pytest.mark.parametrize("change", ["gone", "presale"])
def test_a_network_that_changes_later_changes_no_promise(desk: Desk, make_request: Request, change: str) -> None:
    order = one_line(make_request)
    now, late = parse_utc("t", order["placed_at"]), parse_utc("t", order["promise_at"]) + 3600
    (parcel,) = ask(desk, order)["plan"]["parcels"]
    tell(desk, late, {"kind": "delivered", "parcel": parcel["id"]})
    before, public, sku = of_period(desk, now, late + 1), desk.known.public, order["lines"][0]["sku"]
    assert [(row.num, row.share) for row in before.lateness] == [(1, 1.0)]
    day = (now - public.epoch_seconds) // 86_400 + 5
    later = tuple(replace(row, ship_from_day=day) if row.name == sku else row for row in public.skus)
    desk.known = without_sku(public, sku) if change == "gone" else Known(replace(public, skus=later))
    assert of_period(desk, now, late + 1) == before


def test_lines_from_before_their_promises_were_kept_count_by_that_of_their_order(
    desk: Desk, make_request: Request
) -> None:
    order = one_line(make_request)
    now, promise = (parse_utc("t", order[key]) for key in ("placed_at", "promise_at"))
    for i, name in enumerate(("one", "two")):
        (parcel,) = ask(desk, {**order, "id": name})["plan"]["parcels"]
        tell(desk, promise + i, {"kind": "delivered", "parcel": parcel["id"]})
    with desk.database.writing() as tx:
        tx.execute(update(tables.lines).values(promise_at=None))
    found = of_period(desk, now, promise + 2).lateness
    assert (sum(row.num for row in found), sum(row.num * row.share for row in found)) == (2, 1)


def test_what_is_as_expected_is_seldom_off() -> None:
    dice, num_off = random.Random(3), 0
    for _ in range(1000):
        low, high = interval(sum(dice.random() < 0.9 for _ in range(300)), 300)
        num_off += not low <= 0.9 <= high
    assert num_off <= 20
    low, high = interval(240, 300)
    assert high < 0.9


def test_the_interval_is_wilsons_and_exact_at_its_ends() -> None:
    """Rounding left the upper end of 19 of 19 below 1, so that a share of 1 that was expected to be 1 was off."""
    for num in range(1, 1000):
        assert interval(0, num)[0] == 0.0
        assert interval(num, num)[1] == 1.0
        count = num * 37 % (num + 1)
        known = binomtest(count, num).proportion_ci(0.99, "wilson")
        assert interval(count, num) == pytest.approx((known.low, known.high), abs=1e-4)
        assert 0 <= interval(count, num)[0] < interval(count, num)[1] <= 1


def test_over_http(desk: Desk, make_request: Request) -> None:
    ask(desk, order_of(make_request, "one"))
    with TestClient(create_app(lambda: desk.service, open_desk=lambda service: desk)) as client:
        wait_until_ready(client)
        period = {"since": "2020-01-01T00:00:00Z", "until": "2060-01-01T00:00:00Z"}
        body = client.get("/v1/monitoring/calibration", params=period).json()
        assert (body["num_delivered"], body["num_overdue"] > 0) == (0, True)
        backwards = {"since": period["until"], "until": period["since"]}
        refused = client.get("/v1/monitoring/calibration", params=backwards)
        assert (refused.status_code, check_error(refused)["key"]) == (422, "until")
