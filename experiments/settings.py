"""From a command line to checked settings: what all Hydra mains share.

Hydra composes the groups of ``configs/``; this module makes scenario and training overrides free-form (the frozen
dataclasses check them), names the run's folder, and answers typing mistakes with "did you mean".
"""

from __future__ import annotations

import dataclasses
import difflib
import os
import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import hydra
from hydra._internal.utils import get_args_parser
from hydra.core.hydra_config import HydraConfig
from hydra.errors import ConfigCompositionException, MissingConfigException, OverrideParseException
from hydra.types import RunMode
from omegaconf import DictConfig, OmegaConf

from configs import file_of, groups, members_of
from scenarios.arguments import Arguments
from scenarios.checks import check_float, check_int
from scenarios.demand import Demand
from scenarios.errors import InputError, unknown_name
from scenarios.scenario import Scenario
from scenarios.settings import Settings

CONFIGS = "pkg://configs"
SQLITE = "sqlite:///"
FREE_FORM = ("scenario", "train")
"""Nodes that take any key; whoever receives it knows which exist."""


@dataclasses.dataclass(frozen=True)
class ScenarioChoice:
    """A scenario by name, and what is changed in it."""

    name: str
    overrides: dict[str, Any] = dataclasses.field(default_factory=dict)

    @classmethod
    def of(cls, node: Any) -> ScenarioChoice:
        """From the config group ``scenario``, or a bare name."""
        node = {"name": node} if isinstance(node, str) else dict(node)
        return cls(str(node.pop("name", None)), node)


def launch(command: str, job: Callable[[dict[str, Any], Path], int], arguments: Sequence[str]) -> int:
    """Composes the settings of ``command`` and runs ``job`` once, or once a combination with ``--multirun``.

    Args:
        command: name of a file in ``configs/``.
        job: takes the resolved settings and the folder of the run, which does not exist unless the run goes on.
        arguments: Hydra's command line.

    Returns:
        The highest exit code of the jobs.

    Raises:
        InputError: an unknown setting or group member, or what ``job`` refuses.
    """
    parser = Arguments(prog=f"routelab {command}", parents=[get_args_parser()], add_help=False)
    parser.parse_args(arguments)  # Hydra reads them again, but explains mistakes with its usage
    known = known_keys(command)
    codes: list[int] = [0]
    failures: list[Exception] = []
    sweeps: set[Path] = set()

    def once(config: DictConfig) -> None:
        if failures:  # an earlier combination of a sweep was refused
            return
        try:
            settings: dict[str, Any] = {}
            settings |= OmegaConf.to_container(config, resolve=True, throw_on_missing=True)  # type: ignore[arg-type]
            for key in settings:  # what +key=value or an experiment file adds
                if key not in known:
                    raise _unknown_setting(key, known)
            for key in {name.partition(".")[0] for name in known} - set(settings):  # what ~key takes away
                raise InputError(key, None, "a value", f"do not remove it with ~{key}")
            folder = Path(settings.pop("run_dir"))
            of_hydra = HydraConfig.get()
            if of_hydra.mode == RunMode.MULTIRUN:
                sweeps.add(Path(of_hydra.sweep.dir))
                folder = Path(of_hydra.sweep.dir) / str(of_hydra.job.num)
            codes.append(job(settings, folder))
        except Exception as error:  # raised below: Hydra would print it, too
            failures.append(error)

    os.environ.setdefault("HYDRA_FULL_ERROR", "1")  # otherwise Hydra prints an error and exits by itself
    before, sys.argv = sys.argv, [f"routelab {command}", *map(_freed, arguments)]
    try:
        hydra.main(version_base="1.3", config_path=CONFIGS, config_name=command)(once)()
    except ConfigCompositionException as error:
        raise _explained(error, known) from error
    except OverrideParseException as error:
        raise InputError("setting", error.override, "KEY=VALUE", _as_setting(error.override, known)) from error
    finally:
        sys.argv = before
    if failures:
        for sweep in sweeps:
            _remove_bare(sweep)
        raise failures[0]
    return max(codes)


def weights_of(reward: dict[str, Any]) -> tuple[float, float, float]:
    """Preference weights (cost, lateness, carbon) of the config group ``reward``.

    Raises:
        InputError: an unknown goal, or a weight that is no finite number from 0 to 1000.
    """
    goals = ("cost", "lateness", "carbon")
    for goal in reward:
        if goal not in goals:
            raise unknown_name("reward goal", goal, goals)
    for goal in goals:
        check_float(f"reward.{goal}", reward.get(goal), 0.0, 1000.0)
    return float(reward["cost"]), float(reward["lateness"]), float(reward["carbon"])


def usual_of(command: str) -> dict[str, Any]:
    """Settings of ``command`` and the member of each of its groups, as its own file states them."""
    stated = OmegaConf.to_container(OmegaConf.load(file_of(command)))
    assert isinstance(stated, dict)
    members = (entry for entry in stated.pop("defaults") if isinstance(entry, dict))
    return {str(key): value for part in (stated, *members) for key, value in part.items()}


def check_count(key: str, value: object, low: int = 1, high: int = 1_000_000) -> int:
    """A whole number in ``low..high``."""
    check_int(key, value, low, high)
    return int(value)  # type: ignore[call-overload]


def mlflow_of(settings: dict[str, Any]) -> str | None:
    """Address of MLflow's database; None if it is switched off.

    Raises:
        InputError: a database of another kind.
    """
    uri = settings["mlflow_uri"]
    if not check_flag("mlflow", settings["mlflow"]):
        return None
    if not isinstance(uri, str) or not uri.startswith(SQLITE) or uri == SQLITE:
        raise InputError("mlflow_uri", uri, f"{SQLITE}PATH", "set mlflow_uri, or mlflow=false")
    return uri


def check_flag(key: str, value: object) -> bool:
    """True or false."""
    if not isinstance(value, bool):
        raise InputError(key, value, "true or false", f"write {key}=true or {key}=false")
    return value


def texts_of(key: str, value: object) -> tuple[str, ...]:
    """A list of names; one name counts as a list of one."""
    found = [value] if isinstance(value, str) else value
    if not isinstance(found, list) or not all(isinstance(item, str) and item for item in found):
        raise InputError(key, value, "a list of names such as [nearest,myopic]", f"write {key}=[NAME,NAME]")
    return tuple(found)


def replaced(kind: str, template: Any, overrides: dict[str, Any]) -> Any:
    """The frozen dataclass ``template`` with fields replaced.

    Raises:
        InputError: an unknown field.
    """
    known = [field.name for field in dataclasses.fields(template)]
    for key in overrides:
        if key not in known:
            raise unknown_name(f"{kind} setting", key, known)
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in overrides.items()}
    try:
        return dataclasses.replace(template, **values)
    except (TypeError, OverflowError) as error:  # such as a text where a number belongs
        raise InputError(
            f"{kind} settings", overrides, "numbers where numbers belong", f"correct them ({error})"
        ) from error


def _freed(argument: str) -> str:
    """``scenario.x=1`` as ``++scenario.x=1``: allowed though the config file does not name ``x``."""
    is_free = any(argument.startswith(f"{node}.") for node in FREE_FORM)
    return f"++{argument}" if is_free and "=" in argument else argument


def known_keys(command: str) -> list[str]:
    """Settings of ``command``, groups and their members included, as one types them."""
    from hydra import compose, initialize_config_module

    with initialize_config_module(version_base="1.3", config_module="configs"):
        config = OmegaConf.to_container(compose(command), throw_on_missing=False)
    assert isinstance(config, dict)
    return sorted(_flat(config))


def _flat(config: dict[Any, Any], prefix: str = "") -> Iterable[str]:
    for key, value in config.items():
        yield f"{prefix}{key}"
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")


def _explained(error: ConfigCompositionException, known: Sequence[str]) -> Exception:
    """Hydra's refusal as ours."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        group, _, name = error.missing_cfg_file.rpartition("/")
        return unknown_name(group or "command", name, error.options or ())
    found = re.search(r"Could not (?:override|append to config|delete from config)[^']*'([^']+)'", str(error))
    return _unknown_setting(found[1], known) if found else error


def _unknown_setting(key: str, known: Sequence[str]) -> InputError:
    """An error with the nearest name, whatever node it is in: of ``seeed`` it is ``train.seed``."""
    error = unknown_name("setting", key, known)
    names = {name.rpartition(".")[2]: name for name in (*_free_keys(known), *known)}
    near = difflib.get_close_matches(key.rpartition(".")[2], names, n=1)
    return InputError(error.key, key, error.expected, f"did you mean {names[near[0]]!r}?") if near else error


def _free_keys(known: Sequence[str]) -> Iterable[str]:
    """What may be set in the free-form nodes of a command, as far as it is the same for every scenario."""
    from agents.learned.training_config import TrainingConfig

    kinds = {"scenario": (Scenario, Settings, Demand), "train": (TrainingConfig,)}
    for node in FREE_FORM:
        if node in known:
            fields = (field for kind in kinds[node] for field in dataclasses.fields(kind))
            yield from (f"{node}.{field.name}" for field in fields if field.type in ("str", "int", "float", "bool"))


def _as_setting(text: str, known: Sequence[str]) -> str:
    """How something that is no setting may have been meant."""
    meant = {name: f"{name}=VALUE" for name in known}
    meant |= {name: f"{group}={name}" for group in groups() if group in known for name in members_of(group)}
    for name in () if "=" in text else difflib.get_close_matches(text, meant, n=1, cutoff=0.8):
        return f"write {meant[name]}"
    return "write it like traces=20 or 'agents=[myopic,nearest]', in quotation marks where the shell reads brackets"


def _remove_bare(sweep: Path) -> None:
    """Removes a sweep's folder that holds nothing but Hydra's own file."""
    if sweep.is_dir() and {path.name for path in sweep.iterdir()} <= {"multirun.yaml"}:
        (sweep / "multirun.yaml").unlink(missing_ok=True)
        sweep.rmdir()
