"""The ``routelab`` command: cheap to import, clear when it refuses, every name leads somewhere."""

from __future__ import annotations

import ast
import re
import sys
import types
from pathlib import Path

import pytest

import routelab
from scenarios.errors import InputError

HEAVY = ("torch", "stable_baselines3", "mlflow", "hydra", "numba", "matplotlib", "numpy", "pandas")


@pytest.fixture
def fake_command(monkeypatch):
    """Registers a command ``fake`` that runs the given function."""

    def register(function):
        module = types.ModuleType("fake_command_module")
        module.main = function
        monkeypatch.setitem(sys.modules, module.__name__, module)
        monkeypatch.setitem(
            routelab.COMMANDS, "fake", routelab.Command("fake_command_module:main", "pretend", "fake", "More.")
        )

    monkeypatch.delenv("ROUTELAB_DEBUG", raising=False)
    return register


@pytest.mark.parametrize("arguments", [["--help"], [], ["--version"], ["train", "--help"], ["trian"]])
def test_no_heavy_import_for_help_and_typing_mistakes(fresh_process, arguments):
    code = (
        "import sys, contextlib, io, routelab\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):\n"
        "    routelab.main(sys.argv[1:])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert fresh_process(code, *arguments).strip() == "[]"


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_overview_names_every_command(arguments, capsys):
    assert routelab.main(arguments) == 0
    printed = capsys.readouterr().out
    for name, command in routelab.COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(command.summary)}$", printed, re.MULTILINE)


@pytest.mark.parametrize("name", sorted(routelab.COMMANDS))
def test_every_command_has_its_own_help(name, capsys):
    assert routelab.main([name, "--help"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"usage: routelab {name}")
    assert len(printed.splitlines()) >= 3


def test_help_names_what_can_be_chosen_and_set(capsys):
    assert routelab.main(["train", "--help"]) == 0
    printed = capsys.readouterr().out
    (scenarios,) = re.findall(r"^scenario: ((?:.|\n  )+)$", printed, re.MULTILINE)
    assert {"metro-small", "tiny"} <= set(re.split(r",\s+", scenarios))
    for line in ("reward: even, green, punctual", "reference_traces: 10", "root: runs"):
        assert f"\n{line}\n" in printed


@pytest.mark.parametrize("name", sorted(routelab.COMMANDS))
def test_every_command_leads_to_a_function(name, repository):
    module, function = routelab.COMMANDS[name].target.split(":")
    path = Path(repository, *module.split("."))
    source = next(file for file in (path.with_suffix(".py"), path / "__init__.py") if file.exists())
    defined = {node.name for node in ast.parse(source.read_text()).body if isinstance(node, ast.FunctionDef)}
    assert function in defined


def test_unknown_command_names_the_nearest(capsys):
    assert routelab.main(["evalaute"]) == 2
    captured = capsys.readouterr()
    assert "id you mean 'evaluate'?" in captured.err
    assert captured.out == ""
    assert captured.err.count("\n") == 1


@pytest.mark.parametrize("name", sorted(set(routelab.COMMANDS) - {"scenarios", "agents"}))
def test_every_command_refuses_an_unknown_option_in_one_line(name, refused):
    assert "expected" in refused(name, "--no-such-option")


def test_arguments_and_exit_code_pass_through(fake_command):
    seen = {}

    def run(arguments):
        seen["arguments"], seen["argv"] = arguments, list(sys.argv)
        return 7

    fake_command(run)
    argv_before = list(sys.argv)
    assert routelab.main(["fake", "scenario=tiny", "--multirun"]) == 7
    assert seen["arguments"] == ["scenario=tiny", "--multirun"]
    assert seen["argv"] == ["routelab fake", "scenario=tiny", "--multirun"]
    assert sys.argv == argv_before


def test_help_among_other_arguments_is_the_commands_own(fake_command):
    fake_command(lambda arguments: len(arguments))
    assert routelab.main(["fake", "--port", "--help"]) == 2


def test_refused_input_is_one_line_without_traceback(fake_command, capsys):
    def refuse(arguments):
        raise InputError("on_hand_units", -3, "a number from 0", "correct row 7\nof stock.csv")

    fake_command(refuse)
    assert routelab.main(["fake"]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    for part in ("on_hand_units", "-3", "a number from 0", "orrect row 7 of stock.csv"):
        assert part in captured.err
    assert "Traceback" not in captured.err


def test_debug_shows_where_input_was_refused(fake_command, monkeypatch):
    def refuse(arguments):
        raise InputError("seed", 1, "another", "choose another")

    fake_command(refuse)
    monkeypatch.setenv("ROUTELAB_DEBUG", "1")
    with pytest.raises(InputError, match="seed"):
        routelab.main(["fake"])


def test_a_defect_is_not_hidden(fake_command):
    def fail(arguments):
        raise KeyError("a defect")

    fake_command(fail)
    with pytest.raises(KeyError, match="a defect"):
        routelab.main(["fake"])


def test_interrupt_has_its_exit_code(fake_command, capsys):
    def interrupted(arguments):
        raise KeyboardInterrupt

    fake_command(interrupted)
    assert routelab.main(["fake"]) == 130
    assert "interrupted" in capsys.readouterr().err


HYDRA_MODULE = """
import hydra
from scenarios.errors import InputError

@hydra.main(version_base="1.3", config_path=".", config_name="settings")
def run(config):
    raise InputError("scenario", "metor", "one of metro", "did you mean 'metro'?")

def main(arguments):
    run()
"""

HYDRA_CALL = """
import contextlib, io, sys, routelab
sys.path.insert(0, sys.argv[1])
routelab.COMMANDS["fake"] = routelab.Command("hydra_package.run:main", "pretend", "fake")
errors = io.StringIO()
with contextlib.redirect_stderr(errors):
    code = routelab.main(["fake", *sys.argv[2:]])
print("exit", code)
print(errors.getvalue())
"""


@pytest.mark.parametrize(
    ("overrides", "expected"),
    [((), "scenario = 'metor'"), (("seed=1",), "seed"), (("scenario=[",), "scenario=[")],
    ids=["refused by us", "unknown key", "not parsable"],
)
def test_refusals_inside_hydra_reach_the_dispatcher(fresh_process, tmp_path, overrides, expected):
    package = tmp_path / "hydra_package"
    package.mkdir()
    (package / "__init__.py").touch()
    (package / "run.py").write_text(HYDRA_MODULE)
    (package / "settings.yaml").write_text("scenario: metor\n")
    printed = fresh_process(HYDRA_CALL, str(tmp_path), f"hydra.run.dir={tmp_path}", *overrides, ROUTELAB_DEBUG="0")
    assert "exit 2" in printed
    assert "Traceback" not in printed
    refusal = next(line for line in printed.splitlines() if line.startswith("routelab: "))
    assert expected in refusal
