"""A scenario: what the world is. Frozen data that checks itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from scenarios.checks import check_known, check_tuple
from scenarios.collection import Collection
from scenarios.demand import Demand, PublishedDemand
from scenarios.errors import InputError
from scenarios.order_log import OrderLog
from scenarios.public import PublicScenario
from scenarios.region import Region
from scenarios.service import CarrierService
from scenarios.settings import Settings
from scenarios.sku import Sku
from scenarios.stock import Receipt, StockRow
from scenarios.warehouse import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The whole world: the public part, and what only the world itself knows.

    Public attributes are those of ``PublicScenario``.

    Attributes:
        receipts: known to a router from their announcement on.
        demand: hidden; a model that orders are drawn from, or a log of orders.
        published: public means; those of ``demand`` if not given.
    """

    id: str
    warehouses: tuple[Warehouse, ...]
    services: tuple[CarrierService, ...]
    collections: tuple[Collection, ...]
    regions: tuple[Region, ...]
    skus: tuple[Sku, ...]
    demand: Demand | OrderLog
    stock: tuple[StockRow, ...] = ()
    receipts: tuple[Receipt, ...] = ()
    settings: Settings = field(default_factory=Settings)
    published: PublishedDemand | None = None
    epoch: str = "2025-03-03T00:00:00Z"
    time_zone: str = "UTC"
    horizon_days: int = 1
    warmup_hours: int = 0
    drain_days: int = 7

    def __post_init__(self) -> None:
        demand = self.demand
        if isinstance(demand, OrderLog):
            demand.check_references(len(self.regions), len(self.skus))
        elif isinstance(demand, Demand):
            for key, found, wanted in (
                ("region_shares", len(demand.region_shares), len(self.regions)),
                ("sku_shares", len(demand.sku_shares), len(self.skus)),
            ):
                if found != wanted:
                    raise InputError(
                        key, f"{found} numbers", f"{wanted} numbers", "give one for each, in the same order"
                    )
        else:
            raise InputError("demand", demand, "a Demand or an OrderLog", "build one of them")
        self.public()
        check_tuple("receipts", self.receipts, Receipt)
        warehouses, skus = {warehouse.name for warehouse in self.warehouses}, {sku.name for sku in self.skus}
        for receipt in self.receipts:
            check_known("receipt warehouse", receipt.warehouse, warehouses)
            check_known("receipt sku", receipt.sku, skus)

    @property
    def name(self) -> str:
        """The id without its version."""
        return self.id.partition("@")[0]

    def at(self, seed: int) -> Scenario:
        """The world that ``seed`` draws from: this one, unless the scenario plays another window for each seed."""
        return self

    def public(self) -> PublicScenario:
        """What a router may know: neither the true demand nor any receipt that is not yet announced."""
        published = self.published
        if published is None:
            if isinstance(self.demand, OrderLog):
                published = self.demand.published(len(self.regions), len(self.skus))
            else:
                published = self.demand.published()
        return PublicScenario(
            id=self.id,
            epoch=self.epoch,
            time_zone=self.time_zone,
            horizon_days=self.horizon_days,
            warmup_hours=self.warmup_hours,
            drain_days=self.drain_days,
            warehouses=self.warehouses,
            services=self.services,
            collections=self.collections,
            regions=self.regions,
            skus=self.skus,
            settings=self.settings,
            stock=self.stock,
            published=published,
        )
