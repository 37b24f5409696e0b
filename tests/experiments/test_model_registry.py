"""Bundles in MLflow's registry: what an alias names is fetched as it was registered, or nothing is."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import routelab
from agents.bundle import read_bundle
from agents.bundle_files import FILES
from agents.registry import MANIFEST
from experiments.model_registry import Alias, fetch, register
from experiments.settings import SQLITE
from experiments.tracking import begin_run, open_client
from scenarios.errors import InputError
from tests.policy_bundles import make_bundle

CHAMPION = Alias("shop", "champion")

Refused = Callable[..., str]


def test_an_alias_is_a_name_and_what_it_means():
    assert Alias.parse("alias", "shop@champion") == Alias.parse("alias", "models:/shop@champion") == CHAMPION
    assert str(CHAMPION) == "shop@champion"
    for text in ("shop", "shop@", "@champion", "models:/shop/3", "a@b@c", "shop@champ ion", 3):
        with pytest.raises(InputError, match="NAME@ALIAS"):
            Alias.parse("alias", text)


def test_what_is_in_the_way_or_not_there_is_said_before_anything_is_asked(refused: Refused, tmp_path: Path):
    (tmp_path / "there").mkdir()
    for arguments, words in (
        (("shop", "--into", "x"), "name@alias"),
        (("shop@champion", "--into", str(tmp_path / "there")), "a new folder"),
        (("shop@champion", "--into", str(tmp_path / "x"), "--tracking-uri", f"{SQLITE}{tmp_path}/no.db"), "no.db"),
    ):
        assert words in refused("fetch", *arguments).lower()
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_export_refuses_an_alias_that_cannot_be_kept(refused: Refused):
    assert "NAME@ALIAS" in refused("export", "run=nowhere", "register=shop")
    assert "mlflow=true" in refused("export", "run=nowhere", "register=shop@champion", "mlflow=false")


@pytest.mark.slow
def test_what_an_alias_names_is_fetched_and_checked(refused: Refused, tmp_path: Path, capsys):
    uri, bundle = f"{SQLITE}{tmp_path / 'mlflow.db'}", make_bundle(tmp_path / "bundle", "tiny", every=1)
    sha256 = read_bundle(bundle).sha256
    client = open_client(uri)
    training = begin_run(client, uri, "train", "first")
    assert register(bundle, CHAMPION, uri, training) == 1
    assert client.get_model_version_by_alias("shop", "champion").run_id == training
    assert register(bundle, CHAMPION, uri, "0" * 32) == 2  # trained where this store knows nothing of it
    assert client.get_model_version("shop", "2").tags["bundle_sha256"] == sha256

    target = tmp_path / "policies" / "new"
    assert routelab.main(["fetch", "shop@champion", "--into", str(target), "--tracking-uri", uri]) == 0
    assert sha256 in capsys.readouterr().out
    assert {path.name for path in target.iterdir()} == {*FILES, MANIFEST}
    assert read_bundle(target).sha256 == sha256

    into = ("--into", str(tmp_path / "policies" / "other"), "--tracking-uri", uri)
    assert "there are shop" in refused("fetch", "shop@challenger", *into)
    assert "an alias of a registered model" in refused("fetch", "shoe@champion", *into)

    run = client.get_run(begin_run(client, uri, "train", "without a bundle")).info
    (tmp_path / "note.txt").write_text("no bundle")
    client.log_artifact(run.run_id, str(tmp_path / "note.txt"), "notes")
    for place, words in (("notes", "policy bundle"), ("nowhere", "with its artifacts")):
        version = client.create_model_version("shop", f"{run.artifact_uri}/{place}", run.run_id).version
        client.set_registered_model_alias("shop", "empty", version)
        assert words in refused("fetch", "shop@empty", *into)

    altered = Path(shutil.copytree(bundle, tmp_path / "altered"))
    with (altered / "model.onnx").open("ab") as file:
        file.write(b"!")
    with pytest.raises(InputError, match=r"model\.onnx"):
        register(altered, CHAMPION, uri)
    client.log_artifacts(run.run_id, str(altered), "altered")
    version = client.create_model_version("shop", f"{run.artifact_uri}/altered", run.run_id).version
    client.set_registered_model_alias("shop", "altered", version)
    assert "model.onnx" in refused("fetch", "shop@altered", *into)
    assert [path.name for path in (tmp_path / "policies").iterdir()] == ["new"]  # nothing is left behind


@pytest.mark.slow
def test_a_registry_that_is_away_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with pytest.raises(InputError, match="a registry that answers") as refused:
        fetch(CHAMPION, "http://anna:secret@127.0.0.1:9", tmp_path / "x")
    assert "secret" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []
