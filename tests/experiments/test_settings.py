"""Every config composes, every scenario has one, and mistakes are named with the nearest right word."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest
from hydra import compose, initialize_config_module
from omegaconf import OmegaConf

import configs
from experiments.settings import ScenarioChoice, known_keys, launch, replaced, texts_of, weights_of
from experiments.train import LEARNERS
from scenarios.errors import InputError
from scenarios.registry import scenario_names

ROOT = Path(next(iter(configs.__path__)))
COMMANDS = ("evaluate", "train", "trace", "export", "demo", "whatif")


def members(group: str) -> list[str]:
    return sorted(path.stem for path in (ROOT / group).glob("*.yaml"))


def composed(command: str, *overrides: str):
    with initialize_config_module(version_base="1.3", config_module="configs"):
        config = compose(command, list(overrides))
    config.run_dir = "x"  # its time is Hydra's to fill in
    return OmegaConf.to_container(config, resolve=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_composes(command):
    assert composed(command)["command"] == command


def test_every_scenario_has_a_config_that_holds_its_name():
    assert members("scenario") == sorted(scenario_names())
    for name in members("scenario"):
        assert composed("evaluate", f"scenario={name}")["scenario"] == {"name": name}


@pytest.mark.parametrize("name", members("reward"))
def test_every_reward_composes(name):
    assert len(weights_of(composed("evaluate", f"reward={name}")["reward"])) == 3


@pytest.mark.parametrize("name", members("env"))
def test_every_env_composes(name):
    assert composed("evaluate", f"env={name}")["env"] == {"clock": name}


@pytest.mark.parametrize("name", members("agent"))
def test_every_agent_composes(name):
    assert composed("train", f"agent={name}")["agent"]["name"] in LEARNERS


@pytest.mark.parametrize("name", members("experiment"))
def test_every_experiment_composes_with_the_command_it_names(name):
    first = (ROOT / "experiment" / f"{name}.yaml").read_text().splitlines()[1]
    command = first.removeprefix("# For ").partition(":")[0]
    changed, plain = composed(command, f"experiment={name}"), composed(command)
    assert set(changed) == set(plain)
    assert changed != plain


def run(*arguments, command="evaluate"):
    seen = []
    launch(command, lambda settings, folder: seen.append((settings, folder)) or 0, arguments)
    return seen


def test_scenario_overrides_are_free_form(tmp_path):
    ((settings, folder),) = run("scenario.horizon_days=3", "scenario=tiny", f"run_dir={tmp_path}/a")
    assert settings["scenario"] == {"name": "tiny", "horizon_days": 3}
    assert folder == tmp_path / "a"
    assert not folder.exists()


def test_runs_have_a_folder_by_command_and_time(tmp_path):
    ((_, folder),) = run(f"root={tmp_path}")
    assert folder.parent == tmp_path / "evaluate"
    assert folder.name[:2] == "20"


def test_multirun_runs_every_combination(tmp_path):
    seen = run("-m", "scenario=tiny,toy-scarce", "traces=1,2", f"run_dir={tmp_path}/sweep")
    assert [(s["scenario"]["name"], s["traces"]) for s, _ in seen] == [
        ("tiny", 1),
        ("tiny", 2),
        ("toy-scarce", 1),
        ("toy-scarce", 2),
    ]
    assert [folder for _, folder in seen] == [tmp_path / "sweep" / str(number) for number in range(4)]


def test_multirun_that_is_refused_leaves_nothing(tmp_path):
    calls = []

    def refuse(settings, folder):
        calls.append(folder)
        raise InputError("agents", "x", "another", "choose another")

    with pytest.raises(InputError, match="another"):
        launch("evaluate", refuse, ["-m", "scenario=tiny,metro", f"run_dir={tmp_path}/sweep"])
    assert len(calls) == 1
    assert list(tmp_path.iterdir()) == []


def test_exit_code_is_the_highest(tmp_path):
    codes = iter([0, 3, 1])
    assert launch("evaluate", lambda *_: next(codes), ["-m", "traces=1,2,3", f"run_dir={tmp_path}"]) == 3


@pytest.mark.parametrize(
    ("argument", "key", "hint"),
    [
        ("scenario=mtro", "scenario", "'metro'"),
        ("trces=3", "setting", "'traces'"),
        ("reward.cots=1", "setting", "'reward.cost'"),
        ("reward=evn", "reward", "'even'"),
        ("experiment=close-rivls", "experiment", "'close-rivals'"),
        ("+wrkers=2", "setting", "'workers'"),
        ("~traces", "traces", "do not remove"),
        ("traces", "setting", "write traces=VALUE"),
        ("metro-smal", "setting", "write scenario=metro-small"),
        ("agents=[", "setting", "agents=[myopic,nearest]"),
        ("--multi", "option", "'--multirun'"),
    ],
)
def test_mistakes_are_named_with_the_nearest_word(argument, key, hint):
    with pytest.raises(InputError) as caught:
        run(argument)
    assert caught.value.key == key
    assert hint.lower() in str(caught.value).lower()


@pytest.mark.parametrize(
    ("argument", "nearest"),
    [
        ("seeed=1", "train.seed"),
        ("training.hiden=3", "train.hidden"),
        ("horizn_days=2", "scenario.horizon_days"),
        ("orders_per_dy=2", "scenario.orders_per_day"),
        ("reward.cots=1", "reward.cost"),
    ],
)
def test_the_nearest_word_may_lie_in_another_node(argument, nearest):
    with pytest.raises(InputError, match=f"Did you mean '{nearest}'") as caught:
        run(argument, command="train")
    assert caught.value.key == "setting"
    assert "one of agent, " in caught.value.expected


def test_configs_are_found_from_any_folder(fresh_process, tmp_path):
    code = (
        "import os, sys; sys.path.insert(0, os.getcwd()); os.chdir(sys.argv[1])\n"
        "from experiments.settings import known_keys; print('scenario.name' in known_keys('evaluate'))"
    )
    assert fresh_process(code, str(tmp_path)).strip() == "True"


def test_known_keys_are_as_typed():
    assert {"traces", "scenario", "scenario.name", "reward.cost"} <= set(known_keys("evaluate"))


@pytest.mark.parametrize("weight", [float("nan"), float("inf"), -1.0, "many", None, True])
def test_weights_are_finite_and_not_negative(weight):
    with pytest.raises(InputError, match=r"reward\.lateness"):
        weights_of({"cost": 1.0, "lateness": weight, "carbon": 1.0})


def test_unknown_goal_is_refused():
    with pytest.raises(InputError, match="Did you mean 'carbon'"):
        weights_of({"cost": 1.0, "lateness": 1.0, "carbon": 1.0, "crbon": 2.0})


@pytest.mark.parametrize("value", [3, [3], [""], None, {"a": 1}])
def test_lists_of_names_hold_names(value):
    with pytest.raises(InputError, match="agents"):
        texts_of("agents", value)


def test_one_name_is_a_list_of_one():
    assert texts_of("agents", "myopic") == ("myopic",)


@dataclass(frozen=True)
class Knobs:
    steps: int = 1
    sizes: tuple[int, ...] = ()

    def __post_init__(self):
        if self.steps < 0:
            raise InputError("steps", self.steps, "more", "correct it")


def test_replaced_fields():
    assert replaced("train", Knobs(), {"steps": 4, "sizes": [1, 2]}) == Knobs(4, (1, 2))
    with pytest.raises(InputError, match="'steps'"):
        replaced("train", Knobs(), {"stps": 4})
    with pytest.raises(InputError, match="train settings"):
        replaced("train", Knobs(), {"steps": "many"})


def test_scenario_choice_from_name_or_group():
    assert ScenarioChoice.of("tiny") == ScenarioChoice("tiny")
    assert ScenarioChoice.of({"name": "tiny", "data": "x"}) == ScenarioChoice("tiny", {"data": "x"})
