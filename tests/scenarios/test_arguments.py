"""Mistakes on a command line, and what is said of each."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from scenarios.arguments import Arguments
from scenarios.errors import InputError


def _share(text: str) -> float | None:
    if text == "none":
        return None
    raise argparse.ArgumentTypeError("a share, or none")


@pytest.fixture
def parser() -> Arguments:
    made = Arguments(prog="routelab bake")
    made.add_argument("action", choices=["bake", "freeze"])
    made.add_argument("--into", type=Path, required=True, metavar="DIR", help="a folder, to be made")
    made.add_argument("--count", type=int, default=3)
    made.add_argument("-w", "--weight", type=float)
    made.add_argument("--share", type=_share)
    made.add_argument("--hot", action="store_true")
    return made


SOUND = ("bake", "--into", "x")


@pytest.mark.parametrize(
    ("words", "refusal"),
    [
        (("bake",), "--into = None: expected a folder, to be made. Write `routelab bake bake|freeze --into DIR`."),
        (
            ("--into", "x"),
            "action = None: expected one of bake, freeze. Write `routelab bake bake|freeze --into DIR`.",
        ),
        (("bake", "--inot", "x"), "option = '--inot': *Did you mean '--into'?"),
        ((*SOUND, "-x"), "option = '-x': expected one of --count, *"),
        ((*SOUND, "--cou", "4"), "option = '--cou': *Did you mean '--count'?"),
        ((*SOUND, "more"), "arguments = 'more': expected nothing more. Leave it out."),
        (("freze", "--into", "x"), "action = 'freze': expected one of bake, freeze. Did you mean 'freeze'?"),
        ((*SOUND, "--count", "many"), "--count = 'many': expected a whole number. Correct it."),
        ((*SOUND, "--weight", "1,5"), "--weight = '1,5': expected a number. Correct it."),
        ((*SOUND, "--share", "half"), "--share = 'half': expected a share, or none. Correct it."),
        ((*SOUND, "-w"), "--weight = None: expected a value. Write --weight WEIGHT."),
        ((*SOUND, "--hot=very"), "--hot = 'very': expected nothing behind it. Write --hot alone."),
    ],
)
def test_a_mistake_is_explained(
    parser: Arguments, words: tuple[str, ...], refusal: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError) as caught:
        parser.parse_args(words)
    begin, _, end = refusal.partition("*")
    assert str(caught.value).startswith(begin)
    assert str(caught.value).endswith(end)
    assert capsys.readouterr() == ("", "")


def test_what_is_right_is_read(parser: Arguments) -> None:
    given = parser.parse_args([*SOUND, "--count=-4", "-w-1.5", "--share", "none", "--hot"])
    assert vars(given) == {
        "action": "bake",
        "into": Path("x"),
        "count": -4,
        "weight": -1.5,
        "share": None,
        "hot": True,
    }


def test_a_negative_number_is_no_option(parser: Arguments) -> None:
    with pytest.raises(InputError, match="arguments = '-3'"):
        parser.parse_args([*SOUND, "-3"])


def test_words_of_a_list_stand_together() -> None:
    parser = Arguments(prog="routelab bake")
    parser.add_argument("cakes", nargs="*")
    parser.add_argument("--hot", action="store_true")
    with pytest.raises(InputError, match=r"arguments = 'b': .*together"):
        parser.parse_args(["a", "--hot", "b"])


def test_the_process_arguments_are_read_without_others(parser: Arguments, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.argv", ["routelab", "bake", "--hto"])
    with pytest.raises(InputError, match="Did you mean '--hot'"):
        parser.parse_args()


def test_help_is_as_ever(parser: Arguments, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        parser.parse_args(["--help"])
    assert left.value.code == 0
    assert capsys.readouterr().out.startswith("usage: routelab bake")
