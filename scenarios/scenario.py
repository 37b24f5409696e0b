"""A scenario: what the world is. Frozen data that checks itself."""

from __future__ import annotations

from dataclasses import dataclass, field

from scenarios.carrier_outage import CarrierOutage
from scenarios.carrier_regimes import CarrierRegimes
from scenarios.checks import check_known, check_tuple, check_unique
from scenarios.collection import Collection
from scenarios.demand import Demand, PublishedDemand
from scenarios.errors import InputError
from scenarios.order_log import OrderLog
from scenarios.outage_risk import OutageRisk
from scenarios.patience import Patience
from scenarios.promotion import Promotion
from scenarios.public import PublicScenario
from scenarios.receipt_reliability import ReceiptReliability
from scenarios.region import Region
from scenarios.service import CarrierService
from scenarios.settings import Settings
from scenarios.sku import Sku
from scenarios.stock import Receipt, StockRow
from scenarios.surge import Surge, check_chosen_known
from scenarios.warehouse import Warehouse


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """The whole world: the public part, and what only the world itself knows.

    Public attributes are those of ``PublicScenario``.

    Attributes:
        receipts: known to a router from their announcement on.
        demand: hidden; a model that orders are drawn from, or a log of orders.
        published: public means; those of ``demand`` if not given, without promotions and surges.
        patience: hidden; of customers. None: nobody cancels.
        promotions: hidden; each has random streams of its own, by its position.
        surges: hidden; the same.
        outages: hidden; stated ones.
        outage_risks: hidden; random ones.
        regimes: hidden; of services, each at most once.
        reliability: hidden; of receipts that do not state themselves what comes. None: all come as expected.
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
    patience: Patience | None = None
    promotions: tuple[Promotion, ...] = ()
    surges: tuple[Surge, ...] = ()
    outages: tuple[CarrierOutage, ...] = ()
    outage_risks: tuple[OutageRisk, ...] = ()
    regimes: tuple[CarrierRegimes, ...] = ()
    reliability: ReceiptReliability | None = None
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
        self._check_hidden(warehouses, skus)

    def _check_hidden(self, warehouses: set[str], skus: set[str]) -> None:
        for key, rule, kind in (
            ("patience", self.patience, Patience),
            ("reliability", self.reliability, ReceiptReliability),
        ):
            if rule is not None:
                check_tuple(key, (rule,), kind)
        check_tuple("promotions", self.promotions, Promotion)
        check_tuple("surges", self.surges, Surge)
        check_tuple("outages", self.outages, CarrierOutage)
        check_tuple("outage_risks", self.outage_risks, OutageRisk)
        check_tuple("regimes", self.regimes, CarrierRegimes)
        regions = {region.name for region in self.regions}
        for promotion in self.promotions:
            check_chosen_known("promotion", promotion, regions, skus)
        for surge in self.surges:
            check_chosen_known("surge", surge, regions, skus)
        services = {service.name for service in self.services}
        for outage in self.outages:
            check_known("outage service", outage.service, services)
            if outage.warehouse is not None:
                check_known("outage warehouse", outage.warehouse, warehouses)
        for risk in self.outage_risks:
            check_known("outage risk service", risk.service, services)
            for name in risk.warehouses:
                check_known("outage risk warehouse", name, warehouses)
        for regimes in self.regimes:
            check_known("regimes service", regimes.service, services)
        check_unique("regimes service", [regimes.service for regimes in self.regimes])

    @property
    def name(self) -> str:
        """The id without its version."""
        return self.id.partition("@")[0]

    def at(self, seed: int) -> Scenario:
        """The world that ``seed`` draws from: this one, unless the scenario plays another window for each seed."""
        return self

    def public(self) -> PublicScenario:
        """What a router may know: not the true demand, no disruption, no receipt that is not yet announced."""
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
