"""Bundles in MLflow's model registry: a version is an artifact of a run, an alias like ``champion`` names one."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from agents.bundle import Bundle, BundleAgent, read_bundle
from agents.bundle_files import FILES
from agents.registry import MANIFEST
from experiments.settings import SQLITE
from experiments.tracking import begin_run, open_client
from scenarios.errors import InputError

if TYPE_CHECKING:
    from mlflow.tracking import MlflowClient

ARTIFACT = "bundle"
"""Where a bundle lies among the artifacts of its run."""

_MANNERS = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "2",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "20",
}
"""By itself MLflow tells others about us, and waits for minutes; whoever wants that sets its variables."""


@dataclass(frozen=True, slots=True)
class Alias:
    """Which version of which registered model, such as ``shop@champion``."""

    name: str
    alias: str

    @classmethod
    def parse(cls, key: str, text: object) -> Alias:
        """From ``NAME@ALIAS``, or ``models:/NAME@ALIAS`` as MLflow writes it.

        Raises:
            InputError: anything else; it names ``key``.
        """
        found = re.fullmatch(r"(?:models:/)?([^/:@]+)@([A-Za-z0-9_-]+)", text) if isinstance(text, str) else None
        if found is None:
            raise InputError(key, text, "NAME@ALIAS", "write the name of a registered model and an alias of it")
        return cls(found[1], found[2])

    def __str__(self) -> str:
        return f"{self.name}@{self.alias}"


def register(bundle: Path, alias: Alias, uri: str, run_id: str | None = None) -> int:
    """Makes a bundle the newest version of a registered model, and what the alias names from now on.

    Args:
        bundle: its folder.
        alias: model and alias.
        uri: of MLflow's tracking store, which is its registry, too.
        run_id: of the training in that store, which gets the bundle as an artifact; if it is not there, a new run does.

    Returns:
        The version.

    Raises:
        InputError: a bundle that is not sound, or a registry that refuses or is away.
    """
    sha256 = read_bundle(bundle).sha256
    with _refusing(uri):
        from mlflow.exceptions import MlflowException

        client = open_client(uri)
        try:
            run = client.get_run(run_id).info if run_id else None
        except MlflowException:  # it was kept elsewhere
            run = None
        if run is None:
            run = client.get_run(begin_run(client, uri, "export", bundle.name)).info
            client.set_terminated(run.run_id)
        path = f"{ARTIFACT}/{sha256[:12]}"  # a run may be exported more than once
        client.log_artifacts(run.run_id, str(bundle), path)
        try:
            client.create_registered_model(alias.name)
        except MlflowException as error:
            if error.error_code != "RESOURCE_ALREADY_EXISTS":
                raise
        source, tags = f"{run.artifact_uri}/{path}", {"bundle_sha256": sha256}
        version = client.create_model_version(alias.name, source, run.run_id, tags=tags).version
        client.set_registered_model_alias(alias.name, alias.alias, version)
    return int(version)


def fetch(alias: Alias, uri: str, folder: Path) -> Bundle:
    """The bundle that an alias names, checked as by ``agents.bundle`` before it gets its place.

    Args:
        alias: model and alias.
        uri: of MLflow's tracking store.
        folder: to be made.

    Raises:
        InputError: no such alias, no bundle there or none that is sound, a registry that is away, or a folder that is
            in the way; nothing is left behind.
    """
    if folder.exists():
        raise InputError("--into", str(folder), "a new folder", "choose another name or remove it")
    if uri.startswith(SQLITE) and not Path(uri.removeprefix(SQLITE)).is_file():
        raise InputError("--tracking-uri", uri, "a database that is there", "correct the path")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=f".{folder.name}-") as scratch:
        with _refusing(uri):
            found = _download(open_client(uri), alias, uri, Path(scratch) / "registered")
        if not (found / MANIFEST).is_file():
            expected = f"a version whose artifacts are a policy bundle, with its {MANIFEST}"
            raise InputError("alias", str(alias), expected, "register one with `routelab export register=NAME@ALIAS`")
        taken = Path(scratch) / "bundle"
        taken.mkdir()
        for name in (*FILES, MANIFEST):  # and nothing else that may lie there
            if (found / name).is_file():
                shutil.copyfile(found / name, taken / name)
        BundleAgent(taken)
        os.replace(taken, folder)
    return read_bundle(folder)


def _download(client: MlflowClient, alias: Alias, uri: str, folder: Path) -> Path:
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException

    folder.mkdir()
    try:
        version = client.get_model_version_by_alias(alias.name, alias.alias)
    except MlflowException as error:
        if error.error_code in ("RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"):
            models = sorted(model.name for model in client.search_registered_models())
            expected = f"an alias of a registered model; there are {', '.join(models) or 'none'}"
            raise InputError("alias", str(alias), expected, "correct it, or set the alias in MLflow") from error
        raise
    source = client.get_model_version_download_uri(alias.name, version.version)
    try:
        return Path(download_artifacts(artifact_uri=source, dst_path=str(folder), tracking_uri=uri))
    except (MlflowException, OSError) as error:
        expected = f"version {version.version} with its artifacts"
        raise InputError("alias", str(alias), expected, "register the bundle again") from error


@contextmanager
def _refusing(uri: str) -> Iterator[None]:
    """What MLflow refuses, in one line."""
    for name, value in _MANNERS.items():
        os.environ.setdefault(name, value)
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError) as error:
        reason = _without_password(uri, str(error).partition("\n")[0])[:200]
        expected = f"a registry that answers ({reason})"
        raise InputError("MLflow", _without_password(uri, uri), expected, "look whether it runs there") from None


def _without_password(uri: str, text: str) -> str:
    password = urlsplit(uri).password
    return text.replace(f":{password}@", ":***@") if password else text
