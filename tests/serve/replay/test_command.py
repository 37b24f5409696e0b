"""``routelab replay`` as a command: what it reads, what it says, and the page about it."""

from __future__ import annotations

import re
import shlex
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest

import routelab
from agents.bundle import BundleAgent
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, format_utc, parse_utc
from scenarios.registry import load_scenario
from serve.decisions.desk import DeskSettings
from serve.endpoint_error import EndpointError
from serve.replay.command import main, read_orders
from tests.policy_bundles import FIRST_TEST_SEED, make_bundle
from tests.serve.replay.endpoints import application, calendar_end, listening


def test_it_plays_and_sums_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    agent = BundleAgent(make_bundle(tmp_path / "policy", "tiny", 1))
    trace = draw_trace(load_scenario("tiny"), FIRST_TEST_SEED)
    path, url = str(trace.save(tmp_path / "tiny.npz")), f"sqlite:///{tmp_path / 'shop.db'}"
    settings = {"is_request_clock": True, "calendar_end": calendar_end(trace)}
    with application(agent, url, **settings) as app, listening(app) as address:
        assert main([path, "--url", address, "--name", "first", "--speed", "1e7"]) == 0
        said = capsys.readouterr().out
        assert f"{trace.num_orders} decisions and " in said
        assert f"decided by: policy {trace.num_orders}" in said
        assert "cost an order " in said
        assert main([path, "--url", address, "--name", "first"]) == 0  # the same once more: nothing is done twice
        with closing(sqlite3.connect(tmp_path / "shop.db")) as database:
            assert database.execute("SELECT count(*) FROM orders").fetchone() == (trace.num_orders,)


def test_a_calendar_that_ends_too_early_is_blamed_on_the_endpoints_option(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trace = draw_trace(load_scenario("tiny", horizon_days=2), FIRST_TEST_SEED)
    agent = BundleAgent(make_bundle(tmp_path / "policy", "tiny", 1))
    monkeypatch.setattr("serve.replay.command.read_orders", lambda words, seed, is_stated: trace)
    settings = {"is_request_clock": True, "calendar_end": agent.bundle.public.epoch_seconds + DAY_SECONDS}
    with (
        application(agent, f"sqlite:///{tmp_path / 'shop.db'}", **settings) as app,
        listening(app) as address,
        pytest.raises(EndpointError, match="before the endpoint's --calendar-end") as caught,
    ):
        main(["tiny", "--url", address])
    assert (caught.value.key, caught.value.status) == ("now", 422)


def test_a_wall_clock_gets_the_orders_of_today(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Those of yesterday, which are all due; some plans may wait for what the world has had already."""
    agent = BundleAgent(make_bundle(tmp_path / "policy", "tiny", 1))
    today = read_orders(["tiny"], FIRST_TEST_SEED, False)
    midnight = int(today.network.settings["epoch_seconds"][0])
    assert 0 <= time.time() - midnight <= DAY_SECONDS + 60
    yesterday = draw_trace(load_scenario("tiny", epoch=format_utc(midnight - DAY_SECONDS)), FIRST_TEST_SEED)
    monkeypatch.setattr("serve.replay.command.read_orders", lambda words, seed, is_stated: yesterday)
    monkeypatch.setattr("serve.replay.pace.Pace.ahead", lambda self, seconds: 0.0)  # deliveries are not waited for
    monkeypatch.setattr("serve.shop_clock.FAST_CLOCK_SECONDS", 7 * DAY_SECONDS)  # and so told before they have happened
    with application(agent, f"sqlite:///{tmp_path / 'shop.db'}") as app, listening(app) as address:
        assert main(["tiny", "--url", address, "--clock", "wall"]) == 0
    assert f"{yesterday.num_orders} decisions" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        (["tiny", "--speed", "0"], "--speed"),
        (["tiny", "--speed", "nan"], "--speed"),
        (["tiny", "--speed", "2", "--clock", "wall"], "--speed"),
        (["orders.npz", "--clock", "wall"], "--clock"),
        (["nowhere.npz"], "trace file"),
        (["nowhere.npz", "nonsense=7"], "ORDERS = 'nonsense=7'"),
        (["nowhere"], "scenario"),
        (["tiny", "horizon"], "ORDERS"),
        (["tiny", "horizon=1"], "override"),
    ],
)
def test_what_cannot_be_replayed_is_refused_before_anything_is_sent(arguments: list[str], key: str) -> None:
    with pytest.raises(InputError, match=f"^{re.escape(key)}"):
        main(arguments)


def test_own_tables_are_read(repository: Path) -> None:
    folders = sorted(path.parent for path in repository.rglob("orders.csv"))
    trace = read_orders([str(folders[0])], FIRST_TEST_SEED, True)
    assert read_orders([str(folders[0] / "orders.csv")], FIRST_TEST_SEED, True).sha256 == trace.sha256


def test_the_page_is_true(repository: Path, sound_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its commands are understood, its options are all, and its calendar ends where the trace's does."""
    page = (repository / "docs" / "replay.md").read_text(encoding="utf-8")
    serve, replay = (shlex.split(line)[1:] for line in page.split("```\n")[1].splitlines())
    settings: list[DeskSettings] = []
    monkeypatch.setattr(
        "serve.main._serve", lambda a, b, open_desk, *rest: settings.append(open_desk.keywords["settings"])
    )
    assert routelab.main([word.replace("DIR", str(sound_bundle)) for word in serve]) == 0
    trace = read_orders(replay[1 : replay.index("--url")], FIRST_TEST_SEED, True)
    assert settings[0].calendar_end == calendar_end(trace)
    assert set(re.findall(r"^\| `(--\w+)`", page, re.MULTILINE)) == {"--url", "--seed", "--speed", "--clock", "--name"}
    assert parse_utc("t", serve[serve.index("--calendar-end") + 1]) == calendar_end(trace)
