"""What things cost, worked out a second time in plain Python, for tests."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from scenarios.network import Network
from scenarios.trace import Future

HOUR = 3600


class Tariffs:
    """Formulas of the cost parts on Python's own integers."""

    def __init__(self, network: Network, future: Future) -> None:
        self.network = network
        self.rule = {name: int(network.settings[name][0]) for name in network.settings.dtype.names or ()}
        lines, orders = future.lines, future.orders
        arrival, self.ship_from = orders["arrival_seconds"][lines["order"]], lines["ship_from_seconds"].tolist()
        later = np.maximum(0, lines["ship_from_seconds"] - arrival)
        self.promise_at = (orders["promise_at"][lines["order"]] + later).tolist()
        self.is_presale = (lines["ship_from_seconds"] > arrival).tolist()
        self.grams = (lines["units"] * network.skus["grams"][lines["sku"]]).tolist()
        self.units, self.sku, self.order = (lines[name].tolist() for name in ("units", "sku", "order"))
        self.margin = lines["margin_millicents"].tolist()

    def held(self, seconds: int) -> int:
        """A line that waits."""
        return self.rule["waiting_hour_millicents"] * seconds // HOUR

    def waited(self, line: int, since: int, until: int) -> int:
        """A line that waits for goods; waiting for its own presale date is free."""
        return self.held(max(0, until - max(since, self.ship_from[line])))

    def lateness(self, line: int, delivered_at: int) -> int:
        """A line that comes after its promise."""
        late = delivered_at - self.promise_at[line]
        counted = min(late, self.rule["lateness_cap_seconds"])
        slope = self.rule["lateness_hour_millicents"] * counted // HOUR
        return self.rule["lateness_step_millicents"] + slope if late > 0 else 0

    def pick_seconds(self, warehouse: int, lines: Iterable[int]) -> int:
        """Expected time to pick these lines."""
        row, units = self.network.warehouses[warehouse], [self.units[line] for line in lines]
        by_line = row["pick_line_seconds"] * len(units) + row["pick_unit_seconds"] * sum(units)
        return int(row["pick_parcel_seconds"] + by_line)

    def handling(self, warehouse: int, num_picked: int) -> int:
        """A parcel that was picked with so many lines."""
        row = self.network.warehouses[warehouse]
        return int(row["parcel_millicents"] + row["line_millicents"] * num_picked) if num_picked else 0

    def shipping(self, warehouse: int, service: int, region: int, grams: int) -> int:
        """A parcel that travels."""
        rates = self.network.rates[self.network.lanes["rate_row"][warehouse, service, region]]
        return int(rates["price_millicents"][np.flatnonzero(rates["max_grams"] >= grams)[0]])

    def packaging(self, grams: int) -> int:
        """The box of a parcel and its filling."""
        return self.rule["packaging_parcel_millicents"] + self.rule["packaging_kg_millicents"] * grams // 1000

    def carbon(self, warehouse: int, service: int, region: int, grams: int) -> int:
        """Priced CO2e of a parcel."""
        row, km = self.network.services[service], int(self.network.lanes["distance_km"][warehouse, service, region])
        milligrams = row["carbon_parcel_milligrams"] + row["carbon_kg_km_milligrams"] * km * grams // 1000
        return int(self.rule["carbon_kg_millicents"] * milligrams // 1_000_000)
