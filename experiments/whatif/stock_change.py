"""Stock: moved from one warehouse to another, or more or less of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from experiments.whatif.checks import check_names, check_percent, check_share, chosen, known, scaled
from experiments.whatif.phrase import Phrase, named, option_text, share_percent, signed_percent
from scenarios.checks import MAX_SECONDS, check_text
from scenarios.errors import InputError
from scenarios.handling import WAREHOUSE_SIDE
from scenarios.scenario import Scenario
from scenarios.stock import Receipt, StockRow

FORM = "stock move 30% from A to B [sku=K] [with receipts] | stock NAME|all +10% [sku=K] [with receipts]"


@dataclass(frozen=True, slots=True)
class StockMove:
    """A share of what lies in one warehouse at the start lies in another one.

    Goods that the other one cannot handle (no cold room, say) stay, unless they are named: then that is refused.

    Attributes:
        percent: share of the units of each SKU, above 0, at most 100; rounded half up.
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
        for row in scenario.stock:
            moved = self._moved(row.on_hand_units) if row.warehouse == self.source and row.sku in movable else 0
            if moved:
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

    def _moved(self, units: int) -> int:
        return scaled(units, self.percent - 100.0)

    def _split(self, receipts: Iterable[Receipt], movable: frozenset[str]) -> Iterator[Receipt]:
        """Receipts in their places, for their luck goes by it; the moved parts of divided ones come last."""
        moved_parts = []
        for receipt in receipts:
            is_concerned = receipt.warehouse == self.source and receipt.sku in movable
            moved = self._moved(receipt.units) if is_concerned else 0
            if moved == 0:
                yield receipt
            elif moved == receipt.units:
                yield replace(receipt, warehouse=self.target)
            else:
                come = receipt.actual_units
                moved_come = None if come is None else self._moved(come)
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
        percent: relative change, -100 or more; units are rounded half up.
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
        names = chosen("warehouse", self.warehouse, (row.name for row in scenario.warehouses))
        skus = _skus(scenario, self.skus)

        def concerns(row: StockRow | Receipt) -> bool:
            return row.warehouse in names and row.sku in skus

        stock = tuple(
            replace(row, on_hand_units=scaled(row.on_hand_units, self.percent)) if concerns(row) else row
            for row in scenario.stock
        )
        receipts = scenario.receipts
        if self.has_receipts:
            receipts = tuple(self._level(row) if concerns(row) else row for row in receipts)
        return replace(scenario, stock=stock, receipts=receipts)

    def _level(self, row: Receipt) -> Receipt:
        """With other units. One that is gone keeps its place, by which the luck of all goes, and never comes."""
        come = None if row.actual_units is None else scaled(row.actual_units, self.percent)
        units = scaled(row.units, self.percent)
        if units == 0:
            return replace(row, units=1, actual_units=0, expected_seconds=MAX_SECONDS)
        return replace(row, units=units, actual_units=come)

    def text(self) -> str:
        """``stock all -10% with receipts``."""
        return (
            f"stock {named(self.warehouse)} {signed_percent(self.percent)}{option_text('sku', self.skus)}"
            f"{_receipts_text(self.has_receipts)}"
        )


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
