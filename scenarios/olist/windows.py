"""The scenario whose traces are windows of a real stream."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import date

import numpy as np

from scenarios.drawing.streams import stream
from scenarios.local_time import DAY_SECONDS, format_utc
from scenarios.olist.clock import local_dates
from scenarios.olist.facilities import Forecast, Layout
from scenarios.olist.outcomes import LoadReport
from scenarios.olist.periods import FORECAST_DAYS, Period, window_starts
from scenarios.order_log import OrderLog
from scenarios.scenario import Scenario
from scenarios.seeds import split_of


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """The whole stream, cut at the splits.

    Attributes:
        logs: split to its orders.
        periods: split to its days.
        layout: facilities free of volume.
        thinning: share of the real orders in the stream.
        single_share: share of orders with one pooled SKU.
        report: what became of every row.
    """

    logs: dict[str, OrderLog]
    periods: dict[str, Period]
    layout: Layout
    thinning: float
    single_share: float
    report: LoadReport

    @property
    def first(self) -> date:
        """First day of the stream."""
        return self.periods["training"].first

    def forecast(self, start_seconds: int) -> Forecast:
        """From the ``FORECAST_DAYS`` before that UTC second, whatever split they belong to."""
        begin = start_seconds - FORECAST_DAYS * DAY_SECONDS
        num_orders, units = 0, np.zeros(len(self.layout.units_per_order))
        for log in self.logs.values():
            chosen = log.orders[slice(*np.searchsorted(log.orders["placed_at"], (begin, start_seconds)))]
            num_orders += len(chosen)
            if len(chosen):
                first, last = chosen["first_line"][0], chosen["first_line"][-1] + chosen["num_lines"][-1]
                lines = log.lines[first:last]
                units += np.bincount(lines["sku"], lines["units"], len(units))
        return self.layout.forecast(num_orders, units, FORECAST_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class WindowScenario(Scenario):
    """A scenario that ``at(seed)`` moves to a window of the seed's split.

    Itself it is the first training window, with the training orders as demand: nothing of it comes from
    validation or test.
    """

    stream: Stream
    caveat: str = ""

    def at(self, seed: int) -> Scenario:
        """The world of one seed: a window of ``horizon_days`` within the days of the seed's split.

        The start is drawn among all local midnights that fit; facilities are sized to a forecast from
        the ``FORECAST_DAYS`` before it, and stock and receipts are misplaced by a draw of the seed.

        Raises:
            InputError: bad seed, or a horizon that is longer than the split's days.
        """
        period = self.stream.periods[split_of(seed)]
        starts = window_starts(period, self.stream.first, self.horizon_days)
        start = int(starts[stream(int(seed), "window").integers(len(starts))])
        return window(self, start, stream(int(seed), "supply"))


def window(scenario: WindowScenario, start: int, random: np.random.Generator) -> Scenario:
    """The plain scenario of the window that begins at the UTC second ``start`` (a local midnight)."""
    source = scenario.stream
    period = next(period for period in source.periods.values() if period.begin <= start < period.end)
    forecast = source.forecast(start)
    weekday = local_dates(np.array([start]))[0].astype(object).weekday()
    num_days = scenario.horizon_days + scenario.drain_days
    stock, receipts = source.layout.supply(scenario.skus, forecast.daily_units, num_days, weekday, random)
    values = {field.name: getattr(scenario, field.name) for field in fields(Scenario)}
    values |= {
        "warehouses": source.layout.warehouses(forecast.daily_orders),
        "collections": source.layout.collections(forecast.daily_orders),
        "published": source.layout.published(forecast),
        "demand": source.logs[period.split],
        "stock": stock,
        "receipts": receipts,
        "epoch": format_utc(start),
    }
    return Scenario(**values)
