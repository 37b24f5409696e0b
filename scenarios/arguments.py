"""Command lines whose mistakes are refused like any other input: key, value, expectation, remedy."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

from scenarios.errors import InputError, unknown_name

_NUMBERS: dict[Any, str] = {int: "a whole number", float: "a number"}
_NEGATIVE_NUMBER = re.compile(r"-\d*\.?\d+")


class Arguments(argparse.ArgumentParser):
    """A parser that raises ``InputError`` where argparse prints its usage and leaves.

    Options are written in full: an abbreviation is refused with the name that is nearest. A ``type`` that wants
    something other than a number says what in an ``argparse.ArgumentTypeError``.
    """

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings, allow_abbrev=False)
        self._given: Sequence[str] = ()

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse does it.

        Raises:
            InputError: something is missing, or cannot be read.
        """
        self._given = sys.argv[1:] if args is None else list(args)
        return super().parse_known_args(args, namespace)

    def _get_value(self, action: argparse.Action, arg_string: str) -> Any:
        try:
            return super()._get_value(action, arg_string)
        except argparse.ArgumentError as error:
            reason = error.__context__
            is_told = isinstance(reason, argparse.ArgumentTypeError)
            expected = str(reason) if is_told else _NUMBERS.get(action.type, "another value")
            raise InputError(_key_of(action), arg_string, expected, "correct it") from error

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        if action.choices is not None and value not in action.choices:
            raise unknown_name(_key_of(action), value, map(str, action.choices))

    def error(self, message: str) -> NoReturn:
        """Raises what argparse has found wrong.

        Raises:
            InputError: always.
        """
        options = [name for action in self._actions for name in action.option_strings]
        for word in self._given:
            name = word.partition("=")[0] if word.startswith("--") else word[:2]  # -cjob is -c with a value
            if name.startswith("-") and name not in [*options, "-", "--"] and not _NEGATIVE_NUMBER.fullmatch(word):
                raise unknown_name("option", name, [option for option in options if option.startswith("--")])
        what, _, names = message.partition(": ")
        if what.endswith("are required"):
            raise self._missing(names.split(", ")[0])
        if what == "unrecognized arguments":
            takes_many = any(action.nargs in ("*", "+") for action in self._actions if not action.option_strings)
            remedy = "write such words together, all before the options or all behind" if takes_many else "leave it out"
            raise InputError("arguments", names, "nothing more", remedy)
        raise self._wrong_count(message)

    def _missing(self, name: str) -> InputError:
        """For what must be given."""
        action = self._named(name)
        expected = "one of " + ", ".join(map(str, action.choices)) if action.choices else action.help or "a value"
        needed = " ".join(_written(action) for action in self._actions if action.required)
        return InputError(name, None, expected, f"write `{self.prog} {needed}`")

    def _wrong_count(self, message: str) -> InputError:
        """For an option without its value, or with one that it does not take."""
        problem = sys.exception()
        assert isinstance(problem, argparse.ArgumentError), message
        action = self._named(problem.argument_name or "")
        key = _key_of(action)
        if action.nargs == 0:
            value = next((word.partition("=")[2] for word in self._given if word.startswith(f"{key}=")), None)
            return InputError(key, value, "nothing behind it", f"write {key} alone")
        return InputError(key, None, "a value", f"write {_written(action)}")

    def _named(self, name: str) -> argparse.Action:
        """The argument of which argparse speaks: by all its names, or how it is shown."""
        return next(a for a in self._actions if name in ("/".join(a.option_strings), a.metavar, a.dest))


def _key_of(action: argparse.Action) -> str:
    """An option's longest name."""
    return max(action.option_strings, key=len) if action.option_strings else str(action.metavar or action.dest)


def _written(action: argparse.Action) -> str:
    """As one would type it."""
    value = action.metavar or ("|".join(map(str, action.choices)) if action.choices else action.dest.upper())
    return f"{_key_of(action)} {value}" if action.option_strings else str(value)
