"""Kinds of cells: how the text of a cell becomes a value, and what is said when it cannot."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal, Inexact
from typing import Any, ClassVar

import numpy as np

from scenarios.checks import MAX_MILLICENTS
from scenarios.errors import InputError
from scenarios.handling import EVERYTHING, handling_mask, handling_names
from scenarios.local_time import minutes_of, zone_of
from scenarios.money import UNIT_MILLICENTS

LOCAL = 1 << 50
"""Added to the seconds of a ``Moment`` that was written without an offset from UTC."""

_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(?:\.[0-9]{0,20})?", re.ASCII)
_EXACT = Context(prec=60, traps=[Inexact])
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class BadCellError(ValueError):
    """The text cannot be read as its kind."""


class Kind:
    """What a cell holds. ``parse`` gets a text that is not blank and has no blanks at its ends.

    Attributes:
        dtype: of the array that holds a column of it.
        absent: value of a cell that may be left blank and is.
        remedy: what to do about a cell that cannot be read.
    """

    dtype: ClassVar[Any] = object
    absent: ClassVar[Any] = ""
    remedy: ClassVar[str] = "correct the value"

    @property
    def expected(self) -> str:
        raise NotImplementedError

    def parse(self, text: str) -> Any:
        """The value, or ``BadCellError``."""
        raise NotImplementedError


@dataclass(frozen=True)
class Name(Kind):
    """An identifier of the user's own."""

    remedy: ClassVar[str] = "give a short name in plain characters"

    @property
    def expected(self) -> str:
        return "a name of 1 to 100 printable characters"

    def parse(self, text: str) -> str:
        if len(text) > 100 or not text.isprintable():
            raise BadCellError
        return text


@dataclass(frozen=True)
class Word(Name):
    """A name that becomes part of the scenario's id."""

    @property
    def expected(self) -> str:
        return "1 to 60 letters, digits, dots, hyphens and underscores"

    def parse(self, text: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9._-]{1,60}", text):
            raise BadCellError
        return text


@dataclass(frozen=True)
class Anything(Kind):
    """Text that is looked at later."""

    @property
    def expected(self) -> str:
        return "a text"

    def parse(self, text: str) -> str:
        return text


@dataclass(frozen=True)
class Reference(Kind):
    """The id of a row in another table; the reader turns it into that row's number.

    Attributes:
        table: name of the other table.
    """

    table: str
    dtype: ClassVar[Any] = np.int64
    absent: ClassVar[Any] = -1

    @property
    def expected(self) -> str:
        return f"an id of {self.table}.csv"

    @property
    def remedy(self) -> str:  # type: ignore[override]
        return f"correct it, or add the row to {self.table}.csv"


@dataclass(frozen=True)
class Exact(Kind):
    """A decimal number that is a whole number of a finer unit; converted without rounding.

    Attributes:
        scale: finer units in one unit of the table.
        low: least value, in finer units.
        high: greatest value, in finer units.
        finest: what makes it whole, in words.
    """

    scale: int
    low: int
    high: int
    finest: str = "whole"
    dtype: ClassVar[Any] = np.int64
    absent: ClassVar[Any] = -1
    remedy: ClassVar[str] = "correct the value or its unit"

    @property
    def expected(self) -> str:
        span = f"from {self.written(self.low)} to {self.written(self.high)}"
        return f"a whole number {span}" if self.finest == "whole" else f"a number {span}, {self.finest}"

    def parse(self, text: str) -> int:
        if not _NUMBER.fullmatch(text):
            raise BadCellError
        product = _EXACT.multiply(Decimal(text), Decimal(self.scale))
        value = int(product)
        if value != product or not self.low <= value <= self.high:
            raise BadCellError
        return value

    def written(self, value: int) -> str:
        """A value in the table's unit."""
        return f"{(Decimal(value) / self.scale).normalize():f}"


MONEY = Exact(UNIT_MILLICENTS, 0, MAX_MILLICENTS, "at most 5 decimals")
"""Currency units to millicents."""


@dataclass(frozen=True)
class Real(Kind):
    """A finite number, kept as a float."""

    low: float
    high: float
    dtype: ClassVar[Any] = np.float64
    absent: ClassVar[Any] = float("nan")
    remedy: ClassVar[str] = "correct the value or its unit"

    @property
    def expected(self) -> str:
        return f"a number from {self.low:g} to {self.high:g}"

    def parse(self, text: str) -> float:
        if not _NUMBER.fullmatch(text) or not self.low <= float(text) <= self.high:
            raise BadCellError
        return float(text)


@dataclass(frozen=True)
class YesNo(Kind):
    dtype: ClassVar[Any] = np.int64
    absent: ClassVar[Any] = 0

    @property
    def expected(self) -> str:
        return "yes or no"

    def parse(self, text: str) -> int:
        if text.lower() not in ("yes", "no"):
            raise BadCellError
        return int(text.lower() == "yes")


@dataclass(frozen=True)
class HandlingNames(Kind):
    """Requirements or capabilities, as a bit mask."""

    dtype: ClassVar[Any] = np.int64
    absent: ClassVar[Any] = 0

    @property
    def expected(self) -> str:
        return f"words out of {', '.join(handling_names(EVERYTHING))}, with blanks in between"

    def parse(self, text: str) -> int:
        try:
            return int(handling_mask(text.lower().split()))
        except InputError as error:
            raise BadCellError from error


@dataclass(frozen=True)
class Weekdays(Kind):
    """Days of the week as a tuple, 0 is Monday."""

    @property
    def expected(self) -> str:
        return "weekdays such as mon-fri, or sat sun, each once"

    def parse(self, text: str) -> tuple[int, ...]:
        days: list[int] = []
        for word in text.lower().split():
            first, dash, last = word.partition("-")
            if first not in _WEEKDAYS or (dash and last not in _WEEKDAYS):
                raise BadCellError
            begin = _WEEKDAYS.index(first)
            end = _WEEKDAYS.index(last) if dash else begin
            if end < begin:
                raise BadCellError
            days.extend(range(begin, end + 1))
        if len(days) != len(set(days)):
            raise BadCellError
        return tuple(sorted(days))


@dataclass(frozen=True)
class Clock(Kind):
    """A local time of day, kept as ``HH:MM``."""

    last: str = "24:00"

    @property
    def expected(self) -> str:
        return f"a local time HH:MM from 00:00 to {self.last}"

    def parse(self, text: str) -> str:
        text = f"0{text}" if re.fullmatch(r"[0-9]:[0-9]{2}", text, re.ASCII) else text
        try:
            if minutes_of("", text) > minutes_of("", self.last):
                raise BadCellError
        except InputError as error:
            raise BadCellError from error
        return text


@dataclass(frozen=True)
class TimeZone(Kind):
    @property
    def expected(self) -> str:
        return "an IANA time zone such as Europe/Berlin or UTC"

    def parse(self, text: str) -> str:
        try:
            zone_of("", text)
        except InputError as error:
            raise BadCellError from error
        return text


@dataclass(frozen=True)
class Day(Kind):
    """A date, kept as its proleptic Gregorian ordinal."""

    dtype: ClassVar[Any] = np.int64
    absent: ClassVar[Any] = -1

    @property
    def expected(self) -> str:
        return "an ISO date such as 2025-03-14 from the years 1990 to 2199"

    def parse(self, text: str) -> int:
        if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text, re.ASCII):
            raise BadCellError
        try:
            day = date.fromisoformat(text)
        except ValueError as error:
            raise BadCellError from error
        if not 1990 <= day.year <= 2199:
            raise BadCellError
        return day.toordinal()


@dataclass(frozen=True)
class Moment(Kind):
    """Date and time: UTC seconds if written with an offset, else ``LOCAL`` plus the seconds on the local clock."""

    dtype: ClassVar[Any] = np.int64
    absent: ClassVar[Any] = -1
    remedy: ClassVar[str] = "write date and time; leave out fractions of a second"

    @property
    def expected(self) -> str:
        return "an ISO time such as 2025-03-03T14:30 from the years 1990 to 2199"

    def parse(self, text: str) -> int:
        if len(text) < 16 or text[4] != "-" or text[7] != "-" or text[10] not in "T " or text[13] != ":":
            raise BadCellError
        try:
            moment = datetime.fromisoformat(text)
        except ValueError as error:
            raise BadCellError from error
        if moment.microsecond or not 1990 <= moment.year <= 2199:
            raise BadCellError
        if moment.tzinfo is None:
            return LOCAL + int(moment.replace(tzinfo=UTC).timestamp())
        seconds = moment.timestamp()
        if seconds != int(seconds):
            raise BadCellError
        return int(seconds)
