"""The words of one change, read from the left; numbers, percentages, days and places among them."""

from __future__ import annotations

import re
import shlex

from scenarios.errors import InputError

ALL = "all"
OPTIONS = ("region", "regions", "sku", "skus")
Days = tuple[int, int]
"""First and last day, both included; the first day of a scenario is day 1."""


class Phrase:
    """One line of text, such as ``demand region=capital-03 +30% days 10-14``.

    Words are separated by blanks; a name with blanks stands in quotes. Words such as ``region=A,B`` may stand anywhere.

    Args:
        text: the line.
        form: how such a line is written, for error messages.

    Raises:
        InputError: an open quote, or a key given twice.
    """

    def __init__(self, text: str, form: str) -> None:
        self.text, self.form = text, form
        try:
            words = shlex.split(text)
        except ValueError as error:
            raise self.refused(text, f"quotes that close ({error})") from error
        self.words: list[str] = []
        self.options: dict[str, str] = {}
        for word in words:
            key, sign, value = word.partition("=")
            if word == "%" and self.words and re.fullmatch(r"[+-]?[\d.]+", self.words[-1]):
                self.words[-1] += word  # +30 % is +30%
            elif not sign or key not in OPTIONS:
                self.words.append(word)
            elif key in self.options:
                raise self.refused(word, f"{key}= once")
            else:
                self.options[key] = value

    def refused(self, value: object, expected: str) -> InputError:
        """The error for a line that cannot be read."""
        return InputError(f"change {self.text!r}", value, expected, f"write it as: {self.form}")

    def word(self, what: str) -> str:
        """The next word."""
        if not self.words:
            raise self.refused("end of the line", what)
        return self.words.pop(0)

    def take(self, *literals: str) -> bool:
        """Takes the next words if they are these."""
        if tuple(self.words[: len(literals)]) != literals:
            return False
        del self.words[: len(literals)]
        return True

    def number(self, what: str) -> int:
        """A whole number."""
        word = self.word(what)
        if not re.fullmatch(r"[+-]?\d{1,9}", word):
            raise self.refused(word, what)
        return int(word)

    def percent(self, what: str, is_signed: bool = True) -> float:
        """``+30%`` as 30.0; a share has no sign."""
        word = self.word(what)
        sign = "[+-]" if is_signed else ""
        if not re.fullmatch(sign + r"\d{1,7}(\.\d{1,6})?%", word):
            raise self.refused(word, what)
        return float(word[:-1])

    def place(self) -> tuple[float, float]:
        """``50.1,8.7`` as latitude and longitude in degrees."""
        word = self.word("a place such as 50.1,8.7")
        if not re.fullmatch(r"[+-]?\d{1,3}(\.\d{1,8})?,[+-]?\d{1,3}(\.\d{1,8})?", word):
            raise self.refused(word, "a place such as 50.1,8.7: latitude and longitude, no blank in between")
        latitude, _, longitude = word.partition(",")
        return float(latitude), float(longitude)

    def days(self) -> Days | None:
        """``days 10-14``, ``day 10`` or ``from day 10 to 14``; None if neither follows."""
        if self.take("from", "day") or self.take("from", "days"):
            first = self.number("a day, the first one is 1")
            if not self.take("to"):
                raise self.refused(self.words[:1], "to, and the last day")
            return first, self.number("the last day")
        if self.take("day"):
            day = self.number("a day, the first one is 1")
            return day, day
        if not self.take("days"):
            return None
        word = self.word("days such as 10-14")
        match = re.fullmatch(r"(\d{1,5})-(\d{1,5})", word)
        if match is None:
            raise self.refused(word, "days such as 10-14")
        return int(match[1]), int(match[2])

    def names(self, *keys: str) -> tuple[str, ...]:
        """The names behind ``KEY=A,B``; none without it. Other keys are alternative spellings."""
        for key in keys:
            if key in self.options:
                names = tuple(self.options.pop(key).split(","))
                if not all(names):
                    raise self.refused(f"{key}={','.join(names)}", f"names such as {key}=A,B")
                return names
        return ()

    def end(self) -> None:
        """Refuses what is left over."""
        left = [*self.words, *(f"{key}={value}" for key, value in self.options.items())]
        if left:
            raise self.refused(" ".join(left), "nothing more")


def named(name: str) -> str:
    """A name as it is written in a line."""
    return name if re.fullmatch(r"[^\s\"'\\=]+", name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def signed_percent(percent: float) -> str:
    """``+30%``."""
    return f"{'-' if percent < 0 else '+'}{plain(abs(percent))}%"


def share_percent(percent: float) -> str:
    """``30%``."""
    return f"{plain(percent)}%"


def days_text(days: Days | None) -> str:
    """`` days 10-14`` with a leading blank; nothing for all days."""
    if days is None:
        return ""
    return f" day {days[0]}" if days[0] == days[1] else f" days {days[0]}-{days[1]}"


def option_text(key: str, names: tuple[str, ...]) -> str:
    """`` key=A,B`` with a leading blank; nothing without names."""
    if not names:
        return ""
    value = ",".join(names)
    return f" {key}={value}" if named(value) == value else f" {named(f'{key}={value}')}"


def plain(value: float) -> str:
    """A number without exponent, with six digits behind the point at most."""
    text = f"{value:.6f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
