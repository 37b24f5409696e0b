"""Warehouses: closed, opened, or with more stations."""

from __future__ import annotations

from dataclasses import dataclass, replace

from experiments.whatif.checks import check_share, chosen, known, scaled
from experiments.whatif.phrase import ALL, Phrase, named, plain, share_percent
from experiments.whatif.stock_change import StockMove
from scenarios.checks import check_float, check_int, check_text
from scenarios.errors import InputError
from scenarios.scenario import Scenario

FORM = "warehouse NAME closed | warehouse NAME stations +2 | warehouse NEW like NAME at 50.1,8.7 stock 30%"
DEFAULT_STOCK_PERCENT = 50.0


@dataclass(frozen=True, slots=True)
class WarehouseClosed:
    """Nothing leaves the warehouse any more, its stock is gone, and what still comes there is of no use.

    It keeps its place in the network, and its receipts theirs, so that everything else keeps its luck. Goods that
    shall survive are moved before, by a ``StockMove`` that stands earlier in the list.

    Attributes:
        warehouse: name.
    """

    warehouse: str

    def __post_init__(self) -> None:
        check_text("warehouse", self.warehouse)

    def apply(self, scenario: Scenario) -> Scenario:
        """Without collections and stock of the warehouse."""
        known("warehouse", self.warehouse, (row.name for row in scenario.warehouses))
        left = tuple(row for row in scenario.collections if row.warehouse != self.warehouse)
        if not left:
            raise InputError(
                "warehouse", self.warehouse, "another one that still ships", "keep one warehouse of the network open"
            )
        return replace(
            scenario,
            collections=left,
            stock=tuple(row for row in scenario.stock if row.warehouse != self.warehouse),
        )

    def text(self) -> str:
        """``warehouse river closed``."""
        return f"warehouse {named(self.warehouse)} closed"


@dataclass(frozen=True, slots=True)
class WarehouseStations:
    """So many pick stations more or fewer.

    Attributes:
        warehouse: name, or ``all``; with ``all`` every warehouse keeps at least one station.
        change: stations added, negative: taken away.
    """

    warehouse: str
    change: int

    def __post_init__(self) -> None:
        check_text("warehouse", self.warehouse)
        check_int("stations", self.change, -999, 999)

    def apply(self, scenario: Scenario) -> Scenario:
        """With other numbers of stations."""
        names = chosen("warehouse", self.warehouse, (row.name for row in scenario.warehouses))
        least = 1 if self.warehouse == ALL else -999

        def changed(stations: int) -> int:
            return max(least, stations + self.change)

        return replace(
            scenario,
            warehouses=tuple(
                replace(row, num_stations=changed(row.num_stations)) if row.name in names else row
                for row in scenario.warehouses
            ),
        )

    def text(self) -> str:
        """``warehouse hills stations +2``."""
        return f"warehouse {named(self.warehouse)} stations {self.change:+d}"


@dataclass(frozen=True, slots=True)
class WarehouseOpened:
    """A new warehouse: a copy of another one, elsewhere, with a share of its stock and receipts.

    Attributes:
        warehouse: its name.
        like: whose shifts, stations, costs, capabilities and collections it copies.
        latitude: degrees.
        longitude: degrees.
        stock_percent: share of the other's stock and receipts that moves here. Where the other one reorders, this
            one does, too, up to the same share of its levels.
    """

    warehouse: str
    like: str
    latitude: float
    longitude: float
    stock_percent: float = DEFAULT_STOCK_PERCENT

    def __post_init__(self) -> None:
        check_text("warehouse", self.warehouse)
        check_text("like", self.like)
        if self.warehouse == ALL:
            raise InputError("warehouse", ALL, "another name", "'all' stands for every warehouse")
        check_float("latitude", self.latitude, -90.0, 90.0, "degrees")
        check_float("longitude", self.longitude, -180.0, 180.0, "degrees")
        check_share("stock", self.stock_percent)

    def apply(self, scenario: Scenario) -> Scenario:
        """With one warehouse more, at the end of the list."""
        return self._reordering(self._move().apply(self._widened(scenario)))

    def realised(self, scenario: Scenario) -> str:
        """What comes of the share in whole units, where it shows; see ``realised_text``."""
        return self._move().realised(self._widened(scenario))

    def _move(self) -> StockMove:
        return StockMove(self.stock_percent, self.like, self.warehouse, has_receipts=True)

    def _widened(self, scenario: Scenario) -> Scenario:
        """With the new warehouse and its collections, and nothing in it."""
        names = [row.name for row in scenario.warehouses]
        known("warehouse", self.like, names)
        if self.warehouse in names:
            raise InputError("warehouse", self.warehouse, "a name that is not taken", "choose another name")
        model = next(row for row in scenario.warehouses if row.name == self.like)
        opened = replace(model, name=self.warehouse, latitude=self.latitude, longitude=self.longitude)
        trucks = tuple(
            replace(row, warehouse=self.warehouse) for row in scenario.collections if row.warehouse == self.like
        )
        return replace(
            scenario, warehouses=(*scenario.warehouses, opened), collections=(*scenario.collections, *trucks)
        )

    def _reordering(self, scenario: Scenario) -> Scenario:
        models = {row.sku: row for row in scenario.stock if row.warehouse == self.like and row.order_up_to_units}
        rows = []
        for row in scenario.stock:
            if row.warehouse == self.warehouse and row.sku in models:
                model = models[row.sku]
                point, level = (
                    scaled(units, self.stock_percent - 100.0)
                    for units in (model.reorder_point_units, model.order_up_to_units)
                )
                row = replace(row, reorder_point_units=point, order_up_to_units=max(level, point + 1))
            rows.append(row)
        return replace(scenario, stock=tuple(rows))

    def text(self) -> str:
        """``warehouse fulda like river at 50.5,9.7 stock 30%``."""
        place = f"{plain(self.latitude)},{plain(self.longitude)}"
        names = f"{named(self.warehouse)} like {named(self.like)}"
        return f"warehouse {names} at {place} stock {share_percent(self.stock_percent)}"


def read(phrase: Phrase) -> WarehouseClosed | WarehouseStations | WarehouseOpened:
    """A line that begins with ``warehouse``."""
    name = phrase.word("the name of a warehouse")
    if phrase.take("closed"):
        return WarehouseClosed(name)
    if phrase.take("stations"):
        return WarehouseStations(name, phrase.number("stations more or fewer, such as +2"))
    if phrase.take("like"):
        like = phrase.word("the name of the warehouse that is copied")
        if not phrase.take("at"):
            raise phrase.refused(phrase.words[:1], "at, and a place such as 50.1,8.7")
        latitude, longitude = phrase.place()
        share = DEFAULT_STOCK_PERCENT
        if phrase.take("stock"):
            share = phrase.percent("a share such as 30%", is_signed=False)
        return WarehouseOpened(name, like, latitude, longitude, share)
    raise phrase.refused(" ".join(phrase.words) or "end of the line", "closed, stations or like")
