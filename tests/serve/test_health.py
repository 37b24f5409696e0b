"""The health report: counts and delays of a known day, and what differs from a recorded one. On both databases."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import select

from scenarios.local_time import format_utc, parse_utc
from serve.app import create_app
from serve.decisions.chain import Choice
from serve.decisions.desk import Desk
from serve.monitoring.health import LEAST_VALUES, Delay, DelayStage, HealthReport, compare, make_report
from serve.orders.changes import Changes
from serve.orders.ending import Ending, cancel_order
from serve.orders.order import Cause
from serve.orders.tasks import finish_tasks
from serve.storage import tables
from tests.serve.decisions.test_desk import ask, order_of
from tests.serve.decisions.test_groups import another
from tests.serve.decisions.test_waiting import toy_desk
from tests.serve.orders.test_happened import tell
from tests.serve.reviewed import empty_shelves, take_back
from tests.serve.test_app import check_error, wait_until_ready

Request = Callable[..., dict[str, Any]]


def delay(report: HealthReport, stage: str) -> Delay:
    return next(row for row in report.delays if row.stage == stage)


def test_a_day_is_told_as_it_went(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    now = parse_utc("t", order["placed_at"])
    parcels = ask(desk, order)["plan"]["parcels"]
    ask(desk, {**order, "id": "two"})
    take_back(desk, "two", now + 50)
    empty_shelves(desk)
    ask(desk, {**order, "id": "three"}, at=now + 100)
    quoted = parse_utc("t", parcels[0]["quoted_delivery_at"])
    collected = parse_utc("t", parcels[0]["collection_at"])
    tell(desk, now + 60, {"kind": "pick_started", "parcel": parcels[0]["id"]})
    tell(desk, now + 180, {"kind": "pick_finished", "parcel": parcels[0]["id"]})
    tell(desk, collected + 7, {"kind": "handed_over", "parcel": parcels[0]["id"]})
    tell(desk, quoted + 1, {"kind": "delivered", "parcel": parcels[0]["id"]})
    with desk.database.reading() as tx:
        report = make_report(tx, now, quoted + 2)
        before = make_report(tx, now - 10, now)
    assert (report.num_orders, report.num_manual) == (3, 2)
    assert report.stages == {"policy": 2, "review": 1}
    assert report.exceptions == {"taken_back": 1, "unroutable": 1}
    for stage, seconds, num_late in (
        ("queue", 60, None),
        ("pick", 120, None),
        ("handover", collected + 7 - now - 180, 1),
        ("delivery", quoted + 1 - collected - 7, 1),
    ):
        row = delay(report, stage)
        assert (row.num, row.mean_seconds, row.longest_seconds, row.num_late) == (1, seconds, seconds, num_late)
        assert row.spread_seconds == 0
    assert delay(report, "review").num == 0
    assert (before.num_orders, before.stages, before.exceptions, before.delays[0].mean_seconds) == (0, {}, {}, None)
    desk.keep_until(now + 10**6)
    with desk.database.reading() as tx:
        later = make_report(tx, now, now + 10**6 + 1)
    assert delay(later, "review").num == delay(later, "review").num_late == 2  # nobody looked in time
    assert later.exceptions["review_ended"] == 2


def test_advice_is_no_order(desk: Desk, make_request: Request) -> None:
    request = make_request()
    now = parse_utc("t", request["order"]["placed_at"])
    ask(desk, order_of(make_request, "one"))
    for name in ("one", *(f"cart {number}" for number in range(9))):
        ask(desk, order_of(make_request, name), at=now, snapshot=request["snapshot"])
    with desk.database.reading() as tx:
        report = make_report(tx, now, now + 1)
        kept = tx.execute(select(tables.decisions.c.order_id).where(tables.decisions.c.is_kept)).scalars().all()
    assert (report.num_orders, report.num_manual, report.stages) == (1, 0, {"policy": 1})
    assert kept == ["one"]


def test_orders_that_are_decided_together_are_one_with_its_review(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        order["customer"] = "c-17"
        asked = {line["sku"] for line in order["lines"]}
        sku, now = next(name for name in desk.known.names.skus if name not in asked), parse_utc("t", order["placed_at"])
        assert ask(desk, order)["plan"]["kind"] == "hold"
        monkeypatch.setattr(desk.service.chain, "decide", lambda *_: Choice("review", None, "nobody knows"))
        told = ask(desk, another(order, "late", sku, now + 90), at=now + 90)
        assert (told["joined_orders"], told["plan"], told["review"]["reasons"]) == ([order["id"]], None, ["unroutable"])
        with desk.database.reading() as tx:
            first, second, both = (make_report(tx, now + at, now + end) for at, end in ((0, 90), (90, 91), (0, 91)))
    assert [(report.num_orders, report.num_manual) for report in (first, second, both)] == [(1, 0), (1, 1), (1, 1)]
    assert both.stages == {"policy": 1, "review": 1}


def test_what_was_packed_after_its_collection_was_handed_over_after_it_too(desk: Desk, make_request: Request) -> None:
    """Though nobody told when: it left neither before it was packed nor in time."""
    order = order_of(make_request, "one")
    parcel = ask(desk, order)["plan"]["parcels"][0]
    collected, quoted = (parse_utc("t", parcel[key]) for key in ("collection_at", "quoted_delivery_at"))
    tell(desk, collected - 60, {"kind": "pick_started", "parcel": parcel["id"]})
    tell(desk, collected + 3600, {"kind": "pick_finished", "parcel": parcel["id"]})
    tell(desk, quoted, {"kind": "delivered", "parcel": parcel["id"]})
    with desk.database.reading() as tx:
        row = delay(make_report(tx, collected - 60, quoted + 1), "handover")
    assert (row.num, row.mean_seconds, row.num_late) == (1, 0, 1)


@pytest.mark.parametrize("ended_by", ["cancelled", "joined"])
def test_a_hold_that_ended_before_its_time_is_neither_a_delay_nor_an_exception(
    database_url: str, tmp_path: Path, ended_by: str
) -> None:
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        order["customer"], asked = "c-17", {line["sku"] for line in order["lines"]}
        sku, now = next(name for name in desk.known.names.skus if name not in asked), parse_utc("t", order["placed_at"])
        until = parse_utc("t", ask(desk, order)["plan"]["hold_until"])
        if ended_by == "joined":
            assert ask(desk, another(order, "late", sku, now + 60), at=now + 60)["joined_orders"] == [order["id"]]
        else:
            with desk.database.writing() as tx:
                changes = Changes()
                cancel_order(tx, desk.known, changes, Ending(order["id"], now + 60))
                changes.make(tx)
        waits = parse_utc("t", ask(desk, another(order, "other", sku, now, customer="c-18"))["plan"]["hold_until"])
        with desk.database.writing() as tx:
            finish_tasks(tx, "other", waits + 40)  # decided again after it was due
        with desk.database.reading() as tx:
            report = make_report(tx, now, max(until, waits) + 41)
            short = make_report(tx, now + 60, now + 61)
    row = delay(report, "task")
    assert (row.num, row.mean_seconds, row.longest_seconds) == (1, 40, 40)
    assert (report.exceptions, report.num_early, short.num_early) == ({"hold_ended": 1}, 1, 1)


def test_tasks_of_a_baseline_that_counted_early_ends_are_not_compared() -> None:
    task = Delay(stage="task", num=400, mean_seconds=9.0, spread_seconds=9.0, longest_seconds=9, num_late=None)
    told = {"exceptions": {"hold_ended": 80, "plan_broke": 4}, "delays": [task]}

    def figures(*early: int | None) -> set[str]:
        periods = (
            report_of(random.Random(5), 400, 0.0, 300).model_copy(update={**told, "num_early": e}) for e in early
        )
        return {row.figure for row in compare(*periods)}

    kept = {"manual share", "plan_broke an order"}
    assert figures(0, 3) == kept | {"hold_ended an order", "mean seconds of task"}
    assert figures(0, None) == figures(None, 0) == kept


def test_a_hold_that_is_not_due_yet_is_no_exception(
    database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with toy_desk("toy-hold", database_url, tmp_path, "hold_seconds") as (desk, order):
        now, until = (parse_utc("t", text) for text in (order["placed_at"], ask(desk, order)["plan"]["hold_until"]))
        with desk.database.reading() as tx:
            told = [make_report(tx, now, until + 1, at).exceptions for at in (now, until - 1, until, None)]
        assert told == [{}, {}, {"hold_ended": 1}, {"hold_ended": 1}]
        period, told = {"since": format_utc(now), "until": format_utc(until + 1)}, []
        app = create_app(lambda: desk.service, open_desk=lambda service: desk)
        with TestClient(app, raise_server_exceptions=False) as client:
            wait_until_ready(client)
            desk.settings = replace(desk.settings, is_request_clock=False)
            for at in (until - 1, until):
                monkeypatch.setattr(Desk, "now", lambda _, at=at: at)
                told.append(client.get("/v1/health-report", params=period).json()["report"]["exceptions"])
                told.append(client.put("/v1/health-report/baselines/now", params=period).json()["exceptions"])
        assert told == [{}, {}, {"hold_ended": 1}, {"hold_ended": 1}]


def test_what_was_handed_over_late_counts_though_nobody_told_its_pick(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    first, second = ask(desk, order)["plan"]["parcels"]
    collected = [parse_utc("t", parcel["collection_at"]) for parcel in (first, second)]
    told = sorted([(collected[0], first["id"]), (collected[1] + 1, second["id"])])
    for at, parcel in told:
        tell(desk, at, {"kind": "handed_over", "parcel": parcel})
    with desk.database.reading() as tx:
        row = delay(make_report(tx, min(collected), max(collected) + 2), "handover")
    assert (row.num, row.mean_seconds, row.spread_seconds, row.longest_seconds) == (0, None, None, None)
    assert (row.num_due, row.num_late) == (2, 1)


def test_late_shares_are_of_all_that_had_a_time_also_where_nobody_knows_how_long() -> None:
    def row(num: int, num_due: int | None, num_late: int, stage: DelayStage = "handover") -> Delay:
        mean, spread, longest = (60.0, 1.0, 61) if num else (None, None, None)
        waits = {"mean_seconds": mean, "spread_seconds": spread, "longest_seconds": longest}
        return Delay(stage=stage, num=num, num_due=num_due, num_late=num_late, **waits)  # type: ignore[arg-type]

    def figures(now: Delay, before: Delay) -> dict[str, tuple[float, float]]:
        period = report_of(random.Random(5), 400, 0.0, 300)
        periods = (period.model_copy(update={"delays": [row]}) for row in (now, before))
        return {row.figure: (row.value, row.baseline) for row in compare(*periods) if now.stage in row.figure}

    share, mean = {"late share of handover": (0.5, 0.1)}, {"mean seconds of handover": (60.0, 60.0)}
    assert figures(row(0, 100, 50), row(0, 100, 10)) == share
    assert figures(row(20, 100, 50), row(80, 100, 10)) == {**mean, **share}
    assert figures(row(20, 100, 50), row(80, None, 10)) == mean  # recorded when only those with a pick could be late
    told = figures(row(100, 100, 50, "delivery"), row(80, None, 8, "delivery"))  # which always had a begin
    assert told["late share of delivery"] == (0.5, 0.1)


def test_every_break_is_counted_by_its_cause_although_one_task_is_owed(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    now = parse_utc("t", order["placed_at"])
    first, second = ask(desk, order)["plan"]["parcels"]
    line = first["lines"][0]
    short = {"kind": "pick_finished", "parcel": first["id"], "short": [{"sku": line["sku"], "found_units": 0}]}
    until = format_utc(parse_utc("t", second["collection_at"]) + 1)
    tell(desk, now + 60, short, {"kind": "outage", "service": second["service"], "until": until})
    with desk.database.reading() as tx:
        before, report, after = (make_report(tx, now + at, now + at + 60) for at in (0, 60, 120))
    assert (before.breaks, report.breaks, after.breaks) == ({}, {"short_pick": 1, "outage": 1}, {})
    assert report.exceptions == {"plan_broke": 1}


def test_causes_are_compared_where_both_periods_know_them() -> None:
    def figures(now: dict[Cause, int] | None, before: dict[Cause, int] | None) -> dict[str, tuple[float, bool]]:
        periods = (report_of(random.Random(5), 400, 0.0, 300).model_copy(update={"breaks": b}) for b in (now, before))
        return {row.figure: (row.value, row.is_notable) for row in compare(*periods) if "broken" in row.figure}

    told = figures({"outage": 80, "count": 4}, {"count": 4, "short_pick": 2})
    shares = {"outage": (0.2, True), "count": (0.01, False), "short_pick": (0.0, False)}
    assert told == {f"broken by {cause} an order": row for cause, row in shares.items()}
    assert figures({"outage": 80}, {"unknown": 80}) == figures({"outage": 80}, None) == {}


def report_of(dice: random.Random, num_orders: int, manual: float, seconds: float) -> HealthReport:
    """A period in which orders need a hand with a probability, and wait for exponential times."""
    num_manual = sum(dice.random() < manual for _ in range(num_orders))
    waits = [dice.expovariate(1 / seconds) for _ in range(num_orders)]
    mean = sum(waits) / num_orders
    spread = (sum((wait - mean) ** 2 for wait in waits) / num_orders) ** 0.5
    row = Delay(
        stage="queue", num=num_orders, mean_seconds=mean, spread_seconds=spread, longest_seconds=0, num_late=None
    )
    return HealthReport(
        since="", until="", num_orders=num_orders, num_manual=num_manual, stages={}, delays=[row], exceptions={}
    )


def test_what_has_changed_is_notable_and_chance_is_not() -> None:
    dice, false_alarms = random.Random(5), 0
    for _ in range(200):
        baseline = report_of(dice, 400, 0.05, 300)
        false_alarms += any(change.is_notable for change in compare(report_of(dice, 400, 0.05, 300), baseline))
        worse = compare(report_of(dice, 400, 0.20, 600), baseline)
        assert {change.figure for change in worse if change.is_notable} == {"manual share", "mean seconds of queue"}
    assert false_alarms <= 6  # expected: about one


def changes_of(now: tuple[int, int], before: tuple[int, int], means: tuple[float, float] = (60.0, 60.0)) -> set[str]:
    """Notable figures where so many of so many orders were manual, and as many parcels late, after waits all alike."""
    periods = []
    for (count, num), mean in zip((now, before), means, strict=True):
        waits = {"mean_seconds": mean, "spread_seconds": 0.0, "longest_seconds": 61}
        row = Delay(stage="delivery", num=num, num_due=num, num_late=count, **waits)  # type: ignore[arg-type]
        manual = {"num_manual": count, "delays": [row]}
        periods.append(report_of(random.Random(5), num, 0.0, 300).model_copy(update=manual))
    return {change.figure for change in compare(*periods) if change.is_notable}


SHARES = {"manual share", "late share of delivery"}


@pytest.mark.parametrize(
    ("now", "before"),
    [((70, 100), (90, 100)), ((60, 100), (85, 100)), ((380, 400), (340, 400)), ((5, 100), (30, 100))],
)
def test_large_shares_that_have_changed_are_notable(now: tuple[int, int], before: tuple[int, int]) -> None:
    assert changes_of(now, before) == changes_of(before, now) == SHARES


@pytest.mark.parametrize(
    ("now", "before"),
    [
        ((0, 100), (0, 100)),
        ((100, 100), (50, 50)),
        ((1, 20), (0, 1000)),
        ((19, 20), (1000, 1000)),
        ((75, 100), (90, 100)),
    ],
)
def test_shares_that_chance_brings_are_not_notable(now: tuple[int, int], before: tuple[int, int]) -> None:
    assert changes_of(now, before) == changes_of(before, now) == set()


@pytest.mark.parametrize(("share", "num"), [(0.01, 20), (0.05, 40), (0.8, 20), (0.99, 50)])
def test_equal_shares_of_a_short_and_a_long_period_are_seldom_notable(share: float, num: int) -> None:
    dice, count = random.Random(7), 0
    for _ in range(500):
        now, before = (sum(dice.random() < share for _ in range(size)) for size in (num, 1000))
        count += bool(changes_of((now, num), (before, 1000)))
    assert count <= 6  # expected: about one


def test_mean_delays_that_differ_by_less_than_a_second_are_not_notable() -> None:
    """Of waits that are all alike the error is none."""
    changed = {"mean seconds of delivery"}
    assert changes_of((0, 30), (0, 30), (60.000001, 60.0)) == changes_of((0, 30), (0, 30), (60.9, 60.0)) == set()
    assert changes_of((0, 30), (0, 30), (61.0, 60.0)) == changes_of((0, 30), (0, 30), (60.0, 61.0)) == changed


def test_few_values_are_not_notable() -> None:
    """Of one pick of 60 s and one of 61 s nobody knows how far picks are apart by chance."""

    def notable(num: int, usual: int) -> set[str]:
        periods = []
        for seconds, number, count in ((61.0, num, num), (60.0, usual, 0)):
            times = {"mean_seconds": seconds, "spread_seconds": 0.0, "longest_seconds": 61, "num_late": count}
            row = Delay(stage="delivery", num=number, num_due=number, **times)  # type: ignore[arg-type]
            periods.append(report_of(random.Random(5), number, count, 300).model_copy(update={"delays": [row]}))
        return {change.figure for change in compare(*periods) if change.is_notable}

    assert notable(1, 1) == notable(LEAST_VALUES - 1, 1000) == notable(1000, LEAST_VALUES - 1) == set()
    assert notable(LEAST_VALUES, LEAST_VALUES) == {
        "manual share",
        "mean seconds of delivery",
        "late share of delivery",
    }


def test_a_report_over_http(desk: Desk, make_request: Request) -> None:
    order = order_of(make_request, "one")
    now = parse_utc("t", order["placed_at"])
    ask(desk, order)
    day = {"since": format_utc(now), "until": format_utc(now + 86_400)}
    app = create_app(lambda: desk.service, open_desk=lambda service: desk)
    with TestClient(app, raise_server_exceptions=False) as client:
        wait_until_ready(client)
        assert client.get("/v1/health-report", params={**day, "baseline": "march"}).status_code == 404
        for _ in range(2):
            recorded = client.put("/v1/health-report/baselines/march", params=day).json()
        told = client.get("/v1/health-report", params={**day, "baseline": "march"}).json()
        assert told["baseline"] == told["report"] == recorded
        assert [change["figure"] for change in told["changes"]] == ["manual share"]
        assert not any(change["is_notable"] for change in told["changes"])
        assert client.get("/v1/health-report", params=day).json()["baseline"] is None
        refused = client.get("/v1/health-report", params={"since": day["until"], "until": day["since"]})
        assert (refused.status_code, check_error(refused)["key"]) == (422, "until")
        assert client.get("/v1/health-report").status_code == 422
