"""The planner's command line as settings: ``routelab whatif metro --change "warehouse river closed"``.

A positional word is a scenario, a study of ``configs/whatif/``, or a study file; ``--change`` and ``--variant`` add
variants; everything else is ``KEY=VALUE`` as for every other command, or the same as ``--KEY VALUE``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from experiments.record import CONFIG, read_config
from experiments.whatif.study import STUDY_KEYS
from scenarios.errors import InputError, unknown_name
from scenarios.registry import SCENARIOS, scenario_names

COMMAND = "whatif"
UNNAMED = "change"
"""The variant of ``--change``."""

GROUPS = ("scenario", "reward", "env")
"""Settings that have settings of their own, such as ``scenario.horizon_days``."""
FLAGS = (
    *("name", "routers", "replications", "sensitivities", "workers", "split", "first", "orders", "root"),
    *("run_dir", "mlflow", "mlflow_uri", *GROUPS),
)
LISTS = ("routers",)
PASSED_ON = ("--cfg", "-c", "--package", "-p")
"""Hydra's own options that take a value."""


@dataclass
class Request:
    """What was typed.

    Attributes:
        study: settings of a study file, or none.
        variants: changes by variant, in addition to those of the study.
        overrides: ``KEY=VALUE`` and Hydra's own options.
    """

    study: dict[str, Any] = field(default_factory=dict)
    variants: dict[str, list[str]] = field(default_factory=dict)
    overrides: list[str] = field(default_factory=list)

    def arguments(self) -> list[str]:
        """For Hydra: the study first, then what was typed, which counts more."""
        study = {**self.study}
        known = study.pop("variants", None) or {}
        if not isinstance(known, dict):
            raise InputError("variants", known, "names with their changes", "see docs/whatif.md")
        variants = dict(known)
        for name, changes in self.variants.items():
            variants[name] = [*_listed(variants.get(name)), *changes]
        found: list[str] = []
        for key, value in study.items():
            if key in GROUPS:
                node = {"name": value} if isinstance(value, str) else dict(value)
                if "name" in node:
                    found.append(f"{key}={node.pop('name')}")
                found += [f"{key}.{inner}={hydra_text(item)}" for inner, item in node.items()]
            else:
                found.append(f"{'++' if isinstance(value, dict) else ''}{key}={hydra_text(value)}")
        if variants:
            found.append(f"++variants={hydra_text(variants)}")
        return found + self.overrides


def read_arguments(arguments: Sequence[str], root: str = "runs") -> Request:
    """What the arguments ask for.

    Args:
        arguments: after ``routelab whatif``.
        root: folder of the runs, for ``--rerun NAME``; overridden by ``root=DIR`` or ``--root DIR``.

    Raises:
        InputError: an unknown option, scenario or study, or an option without its value.
    """
    request, left = Request(), list(arguments)
    root = _root(left) or root
    has_subject = False
    while left:
        word = left.pop(0)
        if word in PASSED_ON and left:
            request.overrides += [word, left.pop(0)]
        elif word.startswith("--") and _is_option(word[2:].partition("=")[0]):
            name, sign, value = word[2:].partition("=")
            if not sign:
                if not left:
                    raise InputError(f"--{name}", None, "a value", f"write --{name} VALUE")
                value = left.pop(0)
            _OPTIONS.get(name, _flag(name))(request, value, root)
        elif word.startswith("--") and word not in ("--multirun", "--resolve", "--help"):
            raise unknown_name("option", word, [f"--{name}" for name in (*_OPTIONS, *FLAGS)])
        elif word.startswith("-") or "=" in word:
            request.overrides.append(word)
        elif has_subject:
            raise InputError("scenario", word, "one scenario or study", "put changes in quotes behind --change")
        else:
            has_subject = True
            _take_subject(request, word)
    return request


def _is_option(name: str) -> bool:
    group, dot, _ = name.partition(".")
    return group in GROUPS if dot else name in (*_OPTIONS, *FLAGS)


def _root(words: Sequence[str]) -> str | None:
    """Where runs lie, as the line says it, wherever that stands in it."""
    for i, word in enumerate(words):
        name, sign, value = word.partition("=")
        if name in ("root", "--root") and (sign or i + 1 < len(words)):
            return value if sign else words[i + 1]
    return None


def _take_subject(request: Request, word: str) -> None:
    """A scenario, a study by name, or a study file."""
    if word.endswith((".yaml", ".yml")):
        request.study |= read_study(Path(word))
    elif word.partition("@")[0] in SCENARIOS:
        request.study["scenario"] = word.partition("@")[0]
        if "@" in word:
            request.overrides.append(f"scenario.name={word}")  # whose version is checked where it is loaded
    elif word in study_names():
        request.study |= read_study(Path(str(files("configs").joinpath(COMMAND, f"{word}.yaml"))))
    else:
        raise unknown_name("scenario or study", word, [*scenario_names(), *study_names()])


def study_names() -> list[str]:
    """Studies of ``configs/whatif/``."""
    folder = files("configs").joinpath(COMMAND)
    return sorted(Path(entry.name).stem for entry in folder.iterdir() if entry.name.endswith(".yaml"))


def read_study(path: Path) -> dict[str, Any]:
    """The settings of a study file.

    Raises:
        InputError: missing, no YAML mapping, or a setting that studies do not have.
    """
    try:
        content: object = OmegaConf.to_container(OmegaConf.load(path))
    except Exception as error:  # unreadable, or one of YAML's many errors
        raise InputError(
            "study", str(path), f"a YAML file ({type(error).__name__}: {error})", "see docs/whatif.md"
        ) from error
    if not isinstance(content, dict):
        raise InputError("study", str(path), "a YAML mapping", "see docs/whatif.md")
    for key in content:
        if key not in STUDY_KEYS:
            raise unknown_name(f"setting of the study {path}", key, STUDY_KEYS)
    return {str(key): value for key, value in content.items()}


def _add_change(request: Request, value: str, root: str) -> None:
    request.variants.setdefault(UNNAMED, []).extend(_parts(value))


def _add_variant(request: Request, value: str, root: str) -> None:
    name, sign, text = value.partition("=")
    if not sign or " " in name.strip():
        raise InputError("--variant", value, "NAME=CHANGES", 'write --variant strike="service express outage days 5-7"')
    request.variants.setdefault(name.strip(), []).extend(_parts(text))


def _listed(changes: Any) -> list[Any]:
    """Of a study file, where a single change may stand without brackets; others are refused when they are read."""
    return [] if changes is None else changes if isinstance(changes, list) else [changes]


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]


def _rerun(request: Request, value: str, root: str) -> None:
    folder = Path(value) if "/" in value else Path(root) / COMMAND / value
    if not (folder / CONFIG).is_file():
        raise InputError("--rerun", value, f"a study that was saved, such as one in {Path(root) / COMMAND}", "name it")
    config = read_config(folder)
    request.study |= {key: config[key] for key in STUDY_KEYS if key in config}
    request.overrides[:0] = [
        f"name={config['name']}",
        f"run_dir={hydra_text(str(folder))}",
        f"orders={config['orders']}",
    ]


def _flag(name: str) -> Callable[[Request, str, str], None]:
    def add(request: Request, value: str, root: str) -> None:
        request.overrides.append(f"{name}=[{value.strip('[]')}]" if name in LISTS else f"{name}={value}")

    return add


_OPTIONS: dict[str, Callable[[Request, str, str], None]] = {
    "change": _add_change,
    "variant": _add_variant,
    "rerun": _rerun,
}


def hydra_text(value: Any) -> str:
    """A value as Hydra reads it on a command line."""
    if isinstance(value, dict):
        for key in value:
            if not re.fullmatch(r"[A-Za-z0-9_-]+", str(key)):
                raise InputError("name", key, "letters, digits, - and _", "rename it")
        return "{" + ",".join(f"{key}:{hydra_text(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(hydra_text, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    if isinstance(value, int | float):
        return repr(value)
    escaped = re.sub(r"(\\*)'", lambda found: found[1] * 2 + "\\'", str(value))
    ending = re.search(r"\\*$", escaped)
    return f"'{escaped}{ending[0] if ending else ''}'"
