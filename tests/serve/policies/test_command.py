"""``routelab policy`` as people with tokens use it: what one has loaded, another one activates."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import routelab
from experiments.model_registry import Alias, register
from experiments.settings import SQLITE
from scenarios.errors import InputError
from serve.app import create_app
from serve.client import TOKEN_VARIABLE, Client
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.service import DecisionService
from serve.endpoint_error import EndpointError
from serve.main import load_desk
from serve.policies.command import main
from serve.storage.database import Database
from serve.web.tokens import Tokens, digest_of, make_token
from tests.serve.replay.endpoints import listening

PEOPLE = {"anna": "rule_editor", "bert": "approver", "vera": "viewer"}
TOKENS = {name: make_token() for name in PEOPLE}

Told = Callable[..., list[str]]


@pytest.fixture
def url(service: DecisionService, database_url: str, shelf: Path) -> Iterator[str]:
    database = Database(database_url)

    def open_desk(service: DecisionService) -> Desk:
        return load_desk(service, database, DeskSettings(is_request_clock=True, policies=shelf))

    entries = " ".join(f"{name}:{role}:{digest_of(TOKENS[name]).hex()}" for name, role in PEOPLE.items())
    with listening(create_app(lambda: service, open_desk=open_desk, tokens=Tokens(entries))) as url:
        with Client(url, TOKENS["vera"]) as client:
            client.wait_until_ready()
        yield url
    database.close()


@pytest.fixture
def told(url: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Told:
    """Lines that a command of somebody prints."""

    def run(name: str, *arguments: str) -> list[str]:
        monkeypatch.setenv(TOKEN_VARIABLE, TOKENS[name])
        assert main([*arguments, "--url", url]) == 0
        return [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]

    return run


def test_a_policy_is_loaded_by_one_and_activated_by_another(told: Told) -> None:
    assert told("vera") == ["active:"]
    with pytest.raises(EndpointError) as refused:
        told("vera", "load", "other")
    assert refused.value.status == 403
    assert told("anna", "load", "other") == ["active:", "candidate: contrary"]
    with pytest.raises(EndpointError) as refused:
        told("anna", "activate")
    assert refused.value.status == 403
    assert told("anna", "shadow") == ["active:", "candidate: contrary"]
    assert told("bert", "canary", "0.25") == ["active:", "candidate: contrary"]
    assert told("bert", "activate") == ["active:", "previous:"]
    assert told("bert", "rollback") == ["active:", "candidate: contrary"]
    assert told("anna", "withdraw") == ["active:"]


def test_whoever_may_do_both_may_not_do_both_to_one_policy(told: Told) -> None:
    assert told("bert", "load", "other") == ["active:", "candidate: contrary"]
    with pytest.raises(EndpointError, match="did not load this policy") as refused:
        told("bert", "activate")
    assert refused.value.status == 403


def test_what_is_missing_is_said(told: Told) -> None:
    for arguments, words in (
        (("activate",), "a candidate, but there is none"),
        (("load",), "a folder below"),
        (("show", "other"), "nothing"),
        (("canary", "all"), "a share between 0 and 1"),
        (("load", "nowhere"), "folder"),
    ):
        with pytest.raises(InputError, match=words):
            told("bert", *arguments)


@pytest.mark.slow
def test_a_bundle_comes_from_an_alias_of_a_registry_to_a_running_endpoint(
    told: Told, shelf: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    uri, target = f"{SQLITE}{tmp_path / 'mlflow.db'}", shelf / "fetched"
    assert register(shelf / "other", Alias("shop", "champion"), uri) == 1
    assert routelab.main(["fetch", "shop@champion", "--into", str(target), "--tracking-uri", uri]) == 0
    try:
        assert told("anna", "load", "fetched")[-2:] == ["active:", "candidate: contrary"]
        assert told("bert", "activate") == ["active:", "previous:"]
    finally:
        shutil.rmtree(target)  # the shelf is shared
