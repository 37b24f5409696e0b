"""The folder of a run: written whole or not at all, and enough to make everything again."""

from __future__ import annotations

import json
import os
import shlex
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from experiments.provenance import provenance
from scenarios.errors import InputError

CONFIG, RECORD = "config.yaml", "record.json"


def write_text(path: Path, text: str) -> Path:
    """Writes ``text`` to ``path`` at once or not at all."""
    return write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> Path:
    """Writes ``content`` to ``path`` at once or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{path.name}.{os.getpid()}.partial")
    try:
        scratch.write_bytes(content)
        os.replace(scratch, path)
    except BaseException:
        scratch.unlink(missing_ok=True)
        raise
    return path


def write_json(path: Path, value: Any) -> Path:
    """Writes JSON without NaN, at once or not at all."""
    return write_text(path, json.dumps(value, indent=1, allow_nan=False, default=str) + "\n")


def read_json(path: Path) -> Any:
    """Reads a JSON file of a record.

    Raises:
        InputError: missing or damaged.
    """
    try:
        return json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise InputError(
            "record file", str(path), f"a JSON file ({type(error).__name__}: {error})", "run the command again"
        ) from error


def append_line(path: Path, row: Mapping[str, Any]) -> None:
    """Adds one JSON line and brings it to disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "ab") as file:
        if file.tell() and not _ends_whole(path):
            file.write(b"\n")  # the last line was cut off by a crash; it is skipped when read
        file.write(json.dumps(row, allow_nan=False).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def _ends_whole(path: Path) -> bool:
    with open(path, "rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1) == b"\n"


def read_lines(path: Path) -> Iterator[dict[str, Any]]:
    """JSON lines of a file that is appended to; a line that was cut off is skipped."""
    if not path.exists():
        return
    for line in path.read_text(errors="replace").splitlines():
        try:
            row = json.loads(line)
        except ValueError:
            continue
        if isinstance(row, dict):
            yield row


class Run:
    """One run's folder.

    Attributes:
        folder: where everything of it lies.
        record: what ``record.json`` says.
    """

    def __init__(self, folder: Path, record: dict[str, Any]) -> None:
        self.folder, self.record = folder, record

    @classmethod
    def begin(cls, folder: Path, command: str, config: dict[str, Any], arguments: Iterable[str] = ()) -> Run:
        """Starts a run, or goes on with one of the same configuration in the same folder.

        Raises:
            InputError: the folder holds something else, or cannot be written.
        """
        try:
            return cls._begin(folder, command, config, arguments)
        except OSError as error:
            expected = f"a folder that can be written ({type(error).__name__}: {error.strerror})"
            raise InputError("run_dir", str(folder), expected, "choose another run_dir") from error

    @classmethod
    def _begin(cls, folder: Path, command: str, config: dict[str, Any], arguments: Iterable[str]) -> Run:
        if (folder / CONFIG).exists():
            _require_same(folder, config)
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError("run_dir", str(folder), "a new folder, or one of the same run", "choose another run_dir")
        earlier: list[dict[str, Any]] = []
        if (folder / RECORD).exists():  # goes on: who ran the earlier parts stays on record
            before = cls.open(folder).record
            kept = {key: before.get(key) for key in ("started_at", "git", "rules", "platform")}
            earlier = [*before.get("earlier", []), kept]
        record = {
            "command": command,
            "command_line": shlex.join(["routelab", command, *arguments]),
            "status": "unfinished",
            **provenance(),
            "earlier": earlier,
        }
        run = cls(folder, record)
        write_text(folder / CONFIG, yaml_of(config))
        run.save()
        return run

    @classmethod
    def open(cls, folder: str | os.PathLike[str]) -> Run:
        """An existing run.

        Raises:
            InputError: not the folder of a run.
        """
        path = Path(folder)
        if not (path / RECORD).is_file():
            raise InputError("run", str(folder), f"the folder of a run, with a {RECORD}", "give a folder under runs/")
        record = read_json(path / RECORD)
        if not isinstance(record, dict) or "command" not in record:
            raise InputError("record file", str(path / RECORD), "the record of a run", "run the command again")
        return cls(path, record)

    @property
    def config(self) -> dict[str, Any]:
        """The resolved configuration."""
        return read_config(self.folder)

    def path(self, name: str) -> Path:
        """A file in the run's folder."""
        return self.folder / name

    def save(self, **entries: Any) -> None:
        """Adds entries to the record and writes it."""
        self.record |= entries
        write_json(self.folder / RECORD, self.record)

    def finish(self, **entries: Any) -> None:
        """Writes the last entries; without them a run counts as unfinished."""
        self.save(**entries, status="finished")


def read_config(folder: Path) -> dict[str, Any]:
    """The resolved configuration of a run.

    Raises:
        InputError: missing or damaged.
    """
    try:
        config: object = OmegaConf.to_container(OmegaConf.load(folder / CONFIG))
    except Exception as error:  # unreadable, or one of YAML's many errors
        config = error
    if not isinstance(config, dict):
        raise InputError("run configuration", str(folder / CONFIG), f"a YAML mapping ({config})", "run it again")
    return {str(key): value for key, value in config.items()}


def yaml_of(config: dict[str, Any]) -> str:
    """A resolved configuration as YAML."""
    return OmegaConf.to_yaml(OmegaConf.create(config))


UNIMPORTANT = ("workers", "mlflow", "mlflow_uri", "root", "orders")
"""Settings that may change when a run goes on: they change no result, at most how much of it is shown."""


def _require_same(folder: Path, config: dict[str, Any]) -> None:
    found = read_config(folder)
    for key in sorted({*found, *config} - set(UNIMPORTANT)):
        if found.get(key) != config.get(key):
            raise InputError(
                f"run_dir {folder}",
                f"{key}={config.get(key)!r}",
                f"{key}={found.get(key)!r}, as in the run that lies there",
                "choose another run_dir, or the same settings to go on",
            )
