"""Stock: moved from one warehouse to another, or more or less of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from experiments.whatif.checks import check_names, check_percent, check_share, chosen, known
from experiments.whatif.phrase import Phrase, named, option_text, share_percent, signed_percent
from experiments.whatif.whole_units import realised_text, scaled_by_place, scaled_in_all, share, units_of
from scenarios.checks import MAX_SECONDS, check_text
from scenarios.errors import InputError
from scenarios.handling import WAREHOUSE_SIDE
from scenarios.scenario import Scenario
from scenarios.stock import Receipt, StockRow

Rows = Sequence[StockRow | Receipt]
Amount = Callable[[Any], int]
FORM = "stock move 30% from A to B [sku=K] [with receipts] | stock NAME|all +10% [sku=K] [with receipts]"


@dataclass(frozen=True, slots=True)
class StockMove:
    """A share of what lies in one warehouse at the start lies in another one.

    Goods that the other one cannot handle (no cold room, say) stay, unless they are named: then that is refused.

    Attributes:
        percent: share of the units in all, above 0, at most 100; of a SKU to within a unit.
        source: name of the warehouse.
        target: name of the other one.
        skus: names; none: all.
        has_receipts: whether the same share of the receipts goes there, too.
    """

    percent: float
    source: str
    target: str
    skus: tuple[str, ...] = ()
    has_receipts: bool = False

    def __post_init__(self) -> None:
        check_share("stock move", self.percent)
        check_text("stock move from", self.source)
        check_text("stock move to", self.target)
        check_names("sku", self.skus)
        if self.source == self.target:
            raise InputError("stock move to", self.target, "another warehouse than the source", "name two warehouses")

    def apply(self, scenario: Scenario) -> Scenario:
        """With other stock rows and, if wanted, other receipts."""
        names = [row.name for row in scenario.warehouses]
        known("warehouse", self.source, names)
        known("warehouse", self.target, names)
        movable = self._movable(scenario)
        stays: dict[tuple[str, str], StockRow] = {(row.warehouse, row.sku): row for row in scenario.stock}
        for i, moved in self._moved(scenario.stock, movable).items():
            if moved:
                row = scenario.stock[i]
                stays[self.source, row.sku] = replace(row, on_hand_units=row.on_hand_units - moved)
                there = stays.get((self.target, row.sku), StockRow(self.target, row.sku, 0))
                stays[self.target, row.sku] = replace(there, on_hand_units=there.on_hand_units + moved)
        receipts = scenario.receipts
        if self.has_receipts:
            receipts = tuple(self._split(receipts, movable))
        return replace(scenario, stock=tuple(stays.values()), receipts=receipts)

    def _movable(self, scenario: Scenario) -> frozenset[str]:
        wanted = _skus(scenario, self.skus)
        capable = next(row.capabilities for row in scenario.warehouses if row.name == self.target)
        able = {row.name for row in scenario.skus if not row.requirements & WAREHOUSE_SIDE & ~capable}
        for name in self.skus:
            if name not in able:
                raise InputError("sku", name, f"goods that {self.target!r} can handle", "leave them where they are")
        return wanted & able

    def realised(self, scenario: Scenario) -> str:
        """What comes of the percentage in whole units, where it shows; see ``realised_text``."""
        movable = self._movable(scenario)
        found = {
            kind: share(self._moved(rows, movable), rows, self.percent)
            for kind, rows in _kinds(scenario, self.has_receipts).items()
        }
        return realised_text(found, self.percent, share_percent)

    def _moved(self, rows: Rows, movable: frozenset[str], amount: Amount = units_of) -> dict[int, int]:
        """What moves, by the position of its row."""
        places = _positions(rows, frozenset((self.source,)), movable)
        moved = scaled_in_all([amount(rows[i]) for i in places], self.percent - 100.0)
        return dict(zip(places, moved, strict=True))

    def _split(self, receipts: tuple[Receipt, ...], movable: frozenset[str]) -> Iterator[Receipt]:
        """Receipts in their places, for their luck goes by it; the moved parts of divided ones come last."""
        units, shortfalls = self._moved(receipts, movable), self._moved(receipts, movable, _shortfall)
        moved_parts = []
        for i, receipt in enumerate(receipts):
            moved = units.get(i, 0)
            if moved == 0:
                yield receipt
            elif moved == receipt.units:
                yield replace(receipt, warehouse=self.target)
            else:
                come = receipt.actual_units
                moved_come = None if come is None else min(come, max(0, moved - shortfalls[i]))
                left_come = None if come is None or moved_come is None else come - moved_come
                yield replace(receipt, units=receipt.units - moved, actual_units=left_come)
                moved_parts.append(replace(receipt, warehouse=self.target, units=moved, actual_units=moved_come))
        yield from moved_parts

    def text(self) -> str:
        """``stock move 30% from capital to hills``."""
        return (
            f"stock move {share_percent(self.percent)} from {named(self.source)} to {named(self.target)}"
            f"{option_text('sku', self.skus)}{_receipts_text(self.has_receipts)}"
        )


@dataclass(frozen=True, slots=True)
class StockLevel:
    """More or less stock at the start.

    Attributes:
        warehouse: name, or ``all``.
        percent: relative change of the units of every warehouse, -100 or more; of a row to within a unit.
        skus: names; none: all.
        has_receipts: whether receipts change, too.
    """

    warehouse: str
    percent: float
    skus: tuple[str, ...] = ()
    has_receipts: bool = False

    def __post_init__(self) -> None:
        check_text("stock warehouse", self.warehouse)
        check_percent("stock", self.percent)
        check_names("sku", self.skus)

    def apply(self, scenario: Scenario) -> Scenario:
        """With other units in the stock rows and, if wanted, in the receipts."""
        stock, receipts = list(scenario.stock), list(scenario.receipts)
        for i, units in self._levels(scenario, stock).items():
            stock[i] = replace(stock[i], on_hand_units=units)
        if self.has_receipts:
            shortfalls = self._levels(scenario, receipts, _shortfall)
            for i, units in self._levels(scenario, receipts).items():
                receipts[i] = _level(receipts[i], units, shortfalls[i])
        return replace(scenario, stock=tuple(stock), receipts=tuple(receipts))

    def realised(self, scenario: Scenario) -> str:
        """What comes of the percentage in whole units, where it shows; see ``realised_text``."""
        found = {
            kind: share(self._levels(scenario, rows), rows, 100.0 + self.percent) - 100.0
            for kind, rows in _kinds(scenario, self.has_receipts).items()
        }
        return realised_text(found, self.percent, signed_percent)

    def _levels(self, scenario: Scenario, rows: Rows, amount: Amount = units_of) -> dict[int, int]:
        """What becomes of the amounts, by the position of their row."""
        names = chosen("warehouse", self.warehouse, (row.name for row in scenario.warehouses))
        places = _positions(rows, names, _skus(scenario, self.skus))
        amounts = [amount(rows[i]) for i in places]
        levels = scaled_by_place([rows[i].warehouse for i in places], amounts, self.percent)
        return dict(zip(places, levels, strict=True))

    def text(self) -> str:
        """``stock all -10% with receipts``."""
        return (
            f"stock {named(self.warehouse)} {signed_percent(self.percent)}{option_text('sku', self.skus)}"
            f"{_receipts_text(self.has_receipts)}"
        )


def _positions(rows: Rows, warehouses: frozenset[str], skus: frozenset[str]) -> list[int]:
    """Of the rows of these warehouses and goods."""
    return [i for i, row in enumerate(rows) if row.warehouse in warehouses and row.sku in skus]


def _kinds(scenario: Scenario, has_receipts: bool) -> dict[str, Rows]:
    """The rows that change, under the name of their kind."""
    return {"stock": scenario.stock, "receipts": scenario.receipts} if has_receipts else {"stock": scenario.stock}


def _shortfall(row: Receipt) -> int:
    """Units that are expected and do not come; so a receipt that comes as expected still does when it is changed."""
    return 0 if row.actual_units is None else row.units - row.actual_units


def _level(row: Receipt, units: int, shortfall: int) -> Receipt:
    """With other units. One that is gone keeps its place, by which the luck of all goes, and never comes."""
    if units == 0:
        return replace(row, units=1, actual_units=0, expected_seconds=MAX_SECONDS)
    come = None if row.actual_units is None else max(0, units - shortfall)
    return replace(row, units=units, actual_units=come)


def _skus(scenario: Scenario, names: tuple[str, ...]) -> frozenset[str]:
    every = [row.name for row in scenario.skus]
    return frozenset(known("sku", name, every) for name in names) or frozenset(every)


def _receipts_text(has_receipts: bool) -> str:
    return " with receipts" if has_receipts else ""


def read(phrase: Phrase) -> StockMove | StockLevel:
    """A line that begins with ``stock``."""
    skus = phrase.names("sku", "skus")
    if phrase.take("move"):
        share = phrase.percent("a share such as 30%", is_signed=False)
        if not phrase.take("from"):
            raise phrase.refused(" ".join(phrase.words[:1]), "from, and a warehouse")
        source = phrase.word("the name of a warehouse")
        if not phrase.take("to"):
            raise phrase.refused(" ".join(phrase.words[:1]), "to, and a warehouse")
        return StockMove(share, source, phrase.word("the name of a warehouse"), skus, phrase.take("with", "receipts"))
    name = phrase.word("move, the name of a warehouse, or all")
    percent = phrase.percent("a change such as +10%")
    return StockLevel(name, percent, skus, phrase.take("with", "receipts"))
