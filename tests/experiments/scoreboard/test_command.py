"""The command line: what is asked for, what is refused."""

from __future__ import annotations

import re
import shlex

import pytest

import routelab
from experiments.scoreboard import command
from experiments.scoreboard.board import DEPLOYABLE_MS, PARTS, Board, changed_worlds, world_of
from experiments.scoreboard.command import board_of, parser
from experiments.scoreboard.front import SWEEP
from experiments.scoreboard.statistics import LEAST_GAP
from experiments.scoreboard.targets import NEEDED_SEEDS, NEEDED_TRACES
from scenarios.drawn import REACH
from scenarios.errors import InputError


def asked(*words: str) -> Board:
    return board_of(parser().parse_args(words))


def test_without_words_it_is_the_whole_board():
    assert asked() == Board()
    assert len(Board().scenarios) == 12


def test_words_become_settings():
    board = asked(
        *("tiny", "two-tier", "--routers", "myopic,dual", "--traces", "7", "--seeds", "3", "--folder", "runs/x"),
        *("--training", "hidden=16", "--training", "learning_rate=0.01", "--training", "pricing=NONE"),
    )
    assert board.scenarios == ("tiny", "two-tier")
    assert board.routers == ("myopic", "dual")
    assert (board.num_traces, board.num_seeds, str(board.folder)) == (7, 3, "runs/x")
    assert board.training == {"hidden": 16, "learning_rate": 0.01, "pricing": "NONE"}


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("tinny",), "did you mean 'tiny'"),
        (("--routers", "myopc"), "did you mean 'myopic'"),
        (("--part", "pagse"), "did you mean 'pages'"),
        (("tiny", "tiny"), "each name once"),
        (("--traces", "1"), "at least 2"),
        (("--slow-traces", "-1"), "num_slow = -1"),
        (("--elsewhere-traces", "0"), "num_elsewhere = 0"),
        (("--workers", "0", "--part", "pages"), "workers"),
        (("--training", "hidden"), "KEY=VALUE"),
    ],
)
def test_what_cannot_be_used_is_refused_in_one_line(refused, words, answer):
    assert answer.lower() in refused("scoreboard", *words).lower()


def test_an_unknown_setting_of_the_training_is_refused(refused, tmp_path):
    words = ("tiny", "--part", "train", "--folder", str(tmp_path / "run"), "--training", "hiden=3")
    assert "did you mean 'hidden'" in refused("scoreboard", *words).lower()


def test_parts_run_in_their_sequence(monkeypatch, tmp_path):
    done: list[str] = []
    monkeypatch.setattr(command.Runner, "part", lambda self, name: done.append(name))
    folders = ["--folder", str(tmp_path / "run"), "--pages", str(tmp_path / "pages")]
    assert routelab.main(["scoreboard", "tiny", "--part", "pages", "--part", "bounds", *folders]) == 0
    assert done == ["bounds", "pages"]
    done.clear()
    assert routelab.main(["scoreboard", "tiny", *folders]) == 0
    assert done == list(PARTS)


def test_worlds_by_name():
    assert world_of("tiny").id == "tiny@1"
    assert world_of("tiny+twinned").id == "tiny-twinned@1"
    assert world_of("tiny+drawn").id == "tiny-drawn@1"
    assert len(world_of("mixed").members) == 6
    assert changed_worlds("tiny") == ("tiny+twinned", "tiny+drawn")
    assert changed_worlds("jasin-sinha") == ()
    with pytest.raises(InputError, match="Did you mean 'drawn'"):
        world_of("tiny+draw")


def test_the_page_about_it_is_true(repository):
    text = (repository / "docs/scoreboard.md").read_text()
    lines = re.findall(r"^routelab scoreboard(.*?)(?:#.*)?$", text, re.MULTILINE)
    assert len(lines) >= 4
    for line in lines:
        board_of(parser().parse_args(shlex.split(line)))
    for part in PARTS:
        assert f"| `{part}` |" in text
    assert f"within {DEPLOYABLE_MS:g} ms" in text
    assert f"less than {100 * LEAST_GAP:g} % of the cost" in text
    assert f"each between {1 / REACH:g} and {REACH:g}" in text
    assert (NEEDED_SEEDS, NEEDED_TRACES, len(SWEEP)) == (5, 100, 10)  # in words there
    flags = {flag for action in parser()._actions for flag in action.option_strings if flag.startswith("--")}
    assert set(re.findall(r"`(--[a-z-]+)", text)) <= flags
    assert flags - set(re.findall(r"(--[a-z-]+)", text)) <= {"--help"}
