"""The public part of a scenario: what a router, and whoever serves one, may know."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta

from scenarios.checks import check_int, check_known, check_text, check_tuple, check_unique
from scenarios.collection import Collection
from scenarios.demand import PublishedDemand
from scenarios.errors import InputError
from scenarios.expand import expand, great_circle_km
from scenarios.local_time import parse_utc, utc_of, zone_of
from scenarios.network import Network
from scenarios.record import decode, encode
from scenarios.region import Region
from scenarios.service import CarrierService
from scenarios.settings import Settings
from scenarios.sku import Sku
from scenarios.stock import StockRow
from scenarios.trace import Names
from scenarios.warehouse import Warehouse

FORMAT = 1
"""Bumped whenever a field of the JSON form changes its meaning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicScenario:
    """Network, rate cards, calendars, settings, initial stock and published means. No true demand, no draws.

    Attributes:
        id: name and version, such as ``metro@1``.
        epoch: UTC time of second 0, ISO 8601.
        time_zone: IANA name of the clock that features use.
        horizon_days: days in which orders arrive, 1..3660.
        warmup_hours: orders of these first hours are left out of metrics.
        drain_days: days of calendar after the horizon, 1..365.
        warehouses: at least one.
        services: at least one.
        collections: a pair without one has no lanes.
        regions: each reached from somewhere.
        skus: at least one.
        settings: costs and rules.
        stock: units on hand at second 0.
        published: mean demand.
    """

    id: str
    epoch: str
    time_zone: str
    horizon_days: int
    warmup_hours: int
    drain_days: int
    warehouses: tuple[Warehouse, ...]
    services: tuple[CarrierService, ...]
    collections: tuple[Collection, ...]
    regions: tuple[Region, ...]
    skus: tuple[Sku, ...]
    settings: Settings
    stock: tuple[StockRow, ...]
    published: PublishedDemand

    def __post_init__(self) -> None:
        check_text("scenario id", self.id)
        name, _, version = self.id.partition("@")
        if not name or not version.isdigit() or version.startswith("0"):
            raise InputError("scenario id", self.id, "a name and a version such as metro@1", "add @1")
        parse_utc("epoch", self.epoch)
        zone_of("time_zone", self.time_zone)
        check_int("horizon_days", self.horizon_days, 1, 3660, "days")
        check_int("warmup_hours", self.warmup_hours, 0, 24 * self.horizon_days, "hours")
        check_int("drain_days", self.drain_days, 1, 365, "days")
        for key, entities, kind in (
            ("warehouses", self.warehouses, Warehouse),
            ("services", self.services, CarrierService),
            ("regions", self.regions, Region),
            ("skus", self.skus, Sku),
        ):
            check_tuple(key, entities, kind, at_least=1)
            check_unique(f"{key[:-1]} name", [entity.name for entity in entities])
        check_tuple("settings", (self.settings,), Settings)
        check_tuple("published", (self.published,), PublishedDemand)
        for key, found, wanted in (
            ("published region_shares", len(self.published.region_shares), len(self.regions)),
            ("daily_units_milli", len(self.published.daily_units_milli), len(self.skus)),
        ):
            if found != wanted:
                raise InputError(key, f"{found} numbers", f"{wanted} numbers", "give one for each, in the same order")
        self._check_stock()
        self._check_lanes()

    def _check_stock(self) -> None:
        check_tuple("stock", self.stock, StockRow)
        warehouses, skus = {warehouse.name for warehouse in self.warehouses}, {sku.name for sku in self.skus}
        for row in self.stock:
            check_known("stock warehouse", row.warehouse, warehouses)
            check_known("stock sku", row.sku, skus)
        check_unique("stock (warehouse, sku)", [(row.warehouse, row.sku) for row in self.stock])
        if self.settings.review_hours:
            without = {warehouse.name for warehouse in self.warehouses if warehouse.lead_time is None}
            for row in self.stock:
                if row.order_up_to_units and row.warehouse in without:
                    raise InputError(
                        f"stock of {row.sku!r} at {row.warehouse!r} order_up_to_units",
                        row.order_up_to_units,
                        "a lead_time of its warehouse, since stock is reviewed",
                        "give the warehouse a lead_time, or set order_up_to_units or review_hours to 0",
                    )

    def _check_lanes(self) -> None:
        check_tuple("collections", self.collections, Collection, at_least=1)
        warehouses = {warehouse.name: warehouse for warehouse in self.warehouses}
        services = {service.name: service for service in self.services}
        for collection in self.collections:
            check_known("collection warehouse", collection.warehouse, warehouses)
            check_known("collection service", collection.service, services)
        reached: set[str] = set()
        for name, service_name in {(row.warehouse, row.service): None for row in self.collections}:
            warehouse, reach = warehouses[name], services[service_name].zones[-1].max_km
            near = {
                region.name
                for region in self.regions
                if round(great_circle_km(warehouse.latitude, warehouse.longitude, region.latitude, region.longitude))
                <= reach
            }
            if not near:
                raise InputError(
                    f"collection at {name!r} by {service_name!r}",
                    f"max_km {reach}",
                    "lanes to at least one region",
                    "widen the service's zones or remove the collection",
                )
            reached |= near
        for region in self.regions:
            if region.name not in reached:
                raise InputError(
                    f"region {region.name!r}",
                    (region.latitude, region.longitude),
                    "a lane from at least one warehouse",
                    "widen a service's zones, add a collection, or correct the position",
                )

    @property
    def epoch_seconds(self) -> int:
        return parse_utc("epoch", self.epoch)

    @property
    def names(self) -> Names:
        """Names of the indices of all arrays."""
        return Names(
            warehouses=tuple(warehouse.name for warehouse in self.warehouses),
            services=tuple(service.name for service in self.services),
            regions=tuple(region.name for region in self.regions),
            skus=tuple(sku.name for sku in self.skus),
        )

    @property
    def ship_from_seconds(self) -> tuple[int, ...]:
        """UTC second from which each SKU ships, 0 for ordinary ones."""
        zone = zone_of("time_zone", self.time_zone)
        first = datetime.fromtimestamp(self.epoch_seconds, zone).date()
        return tuple(
            0 if sku.ship_from_day is None else utc_of(zone, first + timedelta(days=sku.ship_from_day), 0)
            for sku in self.skus
        )

    def expand(
        self, start_seconds_utc: int | None = None, num_days: int | None = None, drain_days: int | None = None
    ) -> Network:
        """The arrays of this network with calendars for one window. Pure: same arguments, same bytes.

        Args:
            start_seconds_utc: UTC time of second 0; the scenario's epoch if not given.
            num_days: days in which orders arrive; the scenario's horizon if not given.
            drain_days: days of calendar after that; the scenario's if not given.

        Returns:
            Read-only, C-contiguous arrays. The warm-up counts from the scenario's epoch.
        """
        start = self.epoch_seconds if start_seconds_utc is None else start_seconds_utc
        days = self.horizon_days if num_days is None else num_days
        drain = self.drain_days if drain_days is None else drain_days
        check_int("start_seconds_utc", start, 0, 1 << 34, "seconds")
        check_int("num_days", days, 1, 3660, "days")
        check_int("drain_days", drain, 0, 365, "days")
        return expand(self, start, days, drain)

    def to_json(self) -> str:
        """The whole public scenario as one JSON object."""
        return json.dumps({"format": FORMAT, **encode(self)}, allow_nan=False)

    @classmethod
    def from_json(cls, text: str | bytes) -> PublicScenario:
        """Reads what ``to_json`` wrote and checks it again.

        Raises:
            InputError: not JSON, another format, unknown or missing fields, illegal values.
        """
        try:
            data = json.loads(text)
        except ValueError as error:
            raise InputError(
                "public scenario", f"{len(text)} characters", f"JSON ({error})", "write it again"
            ) from error
        if not isinstance(data, dict) or data.pop("format", None) != FORMAT:
            raise InputError("public scenario format", "other", str(FORMAT), "write it again with this version")
        return decode(cls, data, "public")
