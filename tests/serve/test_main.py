"""``routelab serve`` as a command, and what it must not load."""

from __future__ import annotations

import argparse
import json
import re
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from agents.bundle import read_bundle
from scenarios.errors import InputError
from scenarios.local_time import DAY_SECONDS, format_utc
from serve.decisions.desk import DeskSettings
from serve.decisions.request import DecisionRequest
from serve.decisions.service import DecisionService
from serve.main import main
from serve.reviews.queue import ReviewLimits
from tests.serve.conftest import Instead

HEAVY = "[name for name in ('torch', 'stable_baselines3', 'sb3_contrib', 'mlflow', 'hydra') if name in sys.modules]"


def test_the_example_request_can_be_sent(
    sound_bundle: Path, service: DecisionService, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--bundle", str(sound_bundle), "--example-request"]) == 0
    request = DecisionRequest.model_validate(json.loads(capsys.readouterr().out))
    assert service.decide(request).stage == "policy"


def test_it_says_when_it_is_ready(
    sound_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], instead_of_serving: Instead
) -> None:
    """Not before the bundle has been checked, which the application does in the background."""

    database = f"sqlite:///{tmp_path / 'shop.db'}"

    def get_ready(server: uvicorn.Server) -> None:
        assert "Ready:" not in capsys.readouterr().out
        with TestClient(server.config.app) as client:
            until = time.monotonic() + 60
            while client.get("/health/ready").status_code != 200 and time.monotonic() < until:
                time.sleep(0.05)

    instead_of_serving(get_ready)
    assert main(["--bundle", str(sound_bundle), "--port", "1234", "--database", database]) == 0
    assert "Ready: send orders to http://127.0.0.1:1234/v1/decisions" in capsys.readouterr().out


def test_a_corrupt_bundle_ends_the_command(sound_bundle: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sound_bundle, tmp_path / "policy"))
    with (folder / "model.onnx").open("ab") as file:
        file.write(b"!")
    with pytest.raises(InputError, match=r"model\.onnx"):
        main(["--bundle", str(folder)])


@pytest.mark.parametrize(
    "option",
    [
        ["--budget-ms", "0"],
        ["--budget-ms", "nan"],
        ["--fallback-share", "1.1"],
        ["--slow-ms", "0"],
        ["--slow-share", "nan"],
        ["--outcome-hours", "-1"],
        ["--missing-share", "2"],
        ["--stale-minutes", "0"],
        ["--too-old-minutes", "-1"],
        ["--fallback-share", "nan"],
        ["--port", "70000"],
        ["--database", "mysql://x"],
        ["--review-minutes", "0"],
        ["--review-confidence", "1.5"],
        ["--review-confidence", "nan"],
        ["--review-margin", "-1"],
        ["--review-margin", "nan"],
    ],
)
def test_options_out_of_range_are_refused(sound_bundle: Path, option: list[str]) -> None:
    with pytest.raises(InputError):
        main(["--bundle", str(sound_bundle), *option])


@pytest.mark.parametrize(
    "option",
    [
        ["--review-minutes", "5"],
        ["--review-confidence", "0.4"],
        ["--review-margin", "0"],
        ["--review-rules", "rules.toml"],
    ],
)
def test_reviews_need_a_database(sound_bundle: Path, option: list[str]) -> None:
    with pytest.raises(InputError, match=f"^{option[0]}.*--database"):
        main(["--bundle", str(sound_bundle), "--database", "none", *option])


@pytest.mark.parametrize("name", ["nowhere", ".", "__init__.py"])
def test_a_folder_that_is_no_bundle_is_named(tmp_path: Path, name: str) -> None:
    (tmp_path / "__init__.py").touch()
    with pytest.raises(InputError, match="folder made by `routelab export`") as caught:
        main(["--bundle", str(tmp_path / name)])
    assert (caught.value.key, caught.value.value) == ("--bundle", str(tmp_path / name))


@pytest.mark.parametrize("days", [0, -1, 0.5], ids=["at the epoch", "before it", "within a day"])
def test_a_calendar_that_cannot_end_there_is_blamed_on_its_option(sound_bundle: Path, days: float) -> None:
    epoch = read_bundle(sound_bundle).public.epoch_seconds
    options = ["--clock", "request", "--calendar-end", format_utc(epoch + int(days * DAY_SECONDS))]
    with pytest.raises(InputError, match=r"^--calendar-end = .*routelab replay"):
        main(["--bundle", str(sound_bundle), *options])


def test_importing_the_endpoint_loads_no_learning_library(fresh_process: Callable[..., str]) -> None:
    assert fresh_process(f"import sys, serve.app, serve.main; print({HEAVY})").strip() == "[]"


def test_answering_an_order_loads_no_learning_library(sound_bundle: Path, fresh_process: Callable[..., str]) -> None:
    code = f"""
import sys
from pathlib import Path
from agents.bundle import read_bundle
from serve.main import example_request, load_service
from serve.decisions.request import DecisionRequest
import serve.app
service = load_service(Path(sys.argv[1]), 30.0)
answer = service.decide(DecisionRequest.model_validate(example_request(read_bundle(sys.argv[1]))))
print(answer.stage, {HEAVY})
"""
    assert fresh_process(code, str(sound_bundle)).strip() == "policy []"


def test_every_option_is_in_the_pages_with_its_default(sound_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found: dict[str, str] = {}
    pages = [Path("docs", name).read_text() for name in ("serving.md", "load.md")]
    for names, default in re.findall(r"^\| (`--[^|]*) \| ([^|]*) \|", "\n".join(pages), re.MULTILINE):
        options, defaults = re.findall(r"--[a-z-]+", names), default.split(", ")
        found |= dict(zip(options, defaults * (len(options) if len(defaults) == 1 else 1), strict=True))

    def read(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
        actions = [action for action in parser._actions if action.dest != "help"]
        assert {action.option_strings[0]: told(action) for action in actions} == found
        raise SystemExit

    def told(action: argparse.Action) -> str:
        if action.option_strings == ["--inventory"]:
            return "the bundle's stock"
        if action.required:
            return "must be given"
        if isinstance(action.default, str):
            return f"`{action.default}`"
        if isinstance(action.default, bool):
            return {False: "off", True: "on"}[action.default]
        return "none" if action.default is None else f"{action.default:g}"

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", read)
    with pytest.raises(SystemExit):
        main(["--bundle", str(sound_bundle)])


def test_review_limits_reach_the_desk(sound_bundle: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings: list[DeskSettings] = []

    def serve_instead(options: Any, load: Any, open_desk: Any, *others: Any) -> None:
        settings.append(open_desk.keywords["settings"])

    monkeypatch.setattr("serve.main._serve", serve_instead)
    options = ["--review-minutes", "5", "--review-confidence", "0.4", "--review-margin", "12.5"]
    assert main(["--bundle", str(sound_bundle), *options]) == 0
    assert settings[0].review == ReviewLimits(300, 0.4, 1_250_000)
    assert main(["--bundle", str(sound_bundle)]) == 0
    assert settings[1].review == ReviewLimits()
