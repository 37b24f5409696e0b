import pytest

from agents import agent_names, load_agent
from agents.registry import FORECASTERS, HEURISTICS, main
from envs.protocol import Agent
from scenarios.errors import InputError


@pytest.mark.parametrize("name", agent_names())
def test_every_name_is_an_agent(name):
    agent = load_agent(name)
    assert isinstance(agent, Agent)
    assert agent.name == name


def test_the_board_is_complete():
    wanted = {"random", "nearest", "cheapest", "fastest", "fewest-splits", "myopic", "primal-dual", "hold-once"}
    assert wanted <= set(agent_names())


@pytest.mark.parametrize(
    ("wrong", "right"), [("nearst", "nearest"), ("fewest_splits", "fewest-splits"), ("Myopic", "myopic")]
)
def test_did_you_mean(wrong, right):
    with pytest.raises(InputError, match=f"(?i)did you mean '{right}'"):
        load_agent(wrong)


@pytest.mark.parametrize("path", ["nowhere/at/all", "policy.zip"])
def test_a_path_to_nothing_is_refused(path):
    with pytest.raises(InputError):
        load_agent(path)


def test_the_command_lists_all(capsys):
    assert main([]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [*agent_names(), *FORECASTERS]
    assert all(doc in line for line, (_, doc) in zip(lines, (HEURISTICS | FORECASTERS).values(), strict=True))


def test_asking_for_names_imports_no_learning_library(fresh_process):
    code = "import sys, agents; agents.agent_names(); agents.load_agent('myopic'); print('torch' in sys.modules)"
    assert fresh_process(code).strip() == "False"
