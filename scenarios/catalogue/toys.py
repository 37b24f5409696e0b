"""Toys that can be solved by hand; each docstring gives the optimum, ``OPTIMUM_MILLICENTS`` repeats it.

All lie on the equator at UTC, where one degree of longitude is 111.2 km. Warehouses never close, a pick takes
10 minutes, a parcel 24 hours from collection to door; a parcel costs 0.50 to handle and a line 0.10; carbon and
packaging are free. Second 0 is Monday, 2025-03-03 00:00.
"""

from __future__ import annotations

from scenarios.collection import Collection
from scenarios.demand import Demand, Promise
from scenarios.handling import Handling
from scenarios.local_time import DAY_SECONDS, HOUR_SECONDS, parse_utc
from scenarios.money import millicents
from scenarios.order_log import LogLine, LogOrder, OrderLog
from scenarios.quantiles import constant, exponential
from scenarios.region import Region
from scenarios.scenario import Scenario
from scenarios.service import CarrierService, Rate, Zone
from scenarios.settings import Settings
from scenarios.sku import Sku
from scenarios.stock import Receipt, StockRow
from scenarios.warehouse import ALL_WEEK, Warehouse

EPOCH = "2025-03-03T00:00:00Z"

OPTIMUM_MILLICENTS = {
    "toy-nearest": millicents(3.60),
    "toy-scarce": millicents(12.80),
    "toy-split": millicents(7.20),
    "toy-backorder": millicents(3.80),
    "toy-cutoff": millicents(5.60),
    "toy-handling": millicents(5.60),
}
"""Least total of the ledger, over all routers."""

MMC_STATIONS = 3
MMC_PICK_SECONDS = 300
MMC_ORDERS_PER_DAY = 691.2
"""0.008 orders a second: utilisation 0.8 of three stations at 300 seconds a pick."""

_SETTINGS = Settings(
    max_parcels=2,
    lateness_step_millicents=millicents(5.00),
    lateness_hour_millicents=millicents(0.50),
    lateness_cap_hours=48,
    waiting_hour_millicents=millicents(0.02),
    carbon_kg_millicents=0,
    packaging_parcel_millicents=0,
    packaging_kg_millicents=0,
    price_level_millicents=millicents(4.00),
)


def toy_nearest() -> Scenario:
    """One order, a near (3.00) and a far (5.00) warehouse that both have the item.

    Optimum: the near one, 3.00 + 0.50 + 0.10 = 3.60.
    """
    return _toy(
        "toy-nearest@1",
        places={"near": 0.0, "far": 10.0},
        regions={"town": 0.5},
        skus=(Sku("cup", 500, millicents(10.00)),),
        stock=(StockRow("near", "cup", 1), StockRow("far", "cup", 1)),
        orders=(_order(8, 0, (0,)),),
        prices={100: 3.00, 2000: 5.00},
    )


def toy_scarce() -> Scenario:
    """The last unit in the east should be kept for the third customer.

    The second order lives in between: 4.00 from the east, 5.00 from the west. The others live beside the eastern
    warehouse: 3.00 from there, 9.00 from the west. Greedy pays 3 + 4 + 9; the optimum is 3 + 5 + 3, with three
    parcels of 0.60 each 12.80. Closed-form bid prices find it: half of the eastern stock is gone when the second
    order comes, so its unit is priced at 4.00 * 0.3775.
    """
    return _toy(
        "toy-scarce@1",
        places={"east": 0.0, "west": 10.0},
        regions={"between": 4.0, "beside": 0.0},
        skus=(Sku("cup", 500, millicents(10.00)),),
        stock=(StockRow("east", "cup", 2), StockRow("west", "cup", 3)),
        orders=(_order(8, 1, (0,)), _order(9, 0, (0,)), _order(10, 1, (0,))),
        prices={100: 3.00, 500: 4.00, 800: 5.00, 2000: 9.00},
    )


def toy_split() -> Scenario:
    """Two near parcels are cheaper than a far one.

    Cup and bowl lie in two different near warehouses (3.00 each) and together in a far one (9.00). Fewest
    splits pays 9.00 + 0.50 + 0.20 = 9.70; the optimum is twice 3.00 + 0.60 = 7.20.
    """
    return _toy(
        "toy-split@1",
        places={"cups": 0.0, "bowls": 0.2, "far": 10.0},
        regions={"town": 0.1},
        skus=(Sku("cup", 500, millicents(10.00)), Sku("bowl", 700, millicents(10.00))),
        stock=(
            StockRow("cups", "cup", 1),
            StockRow("bowls", "bowl", 1),
            StockRow("far", "cup", 1),
            StockRow("far", "bowl", 1),
        ),
        orders=(_order(8, 0, (0, 1)),),
        prices={100: 3.00, 2000: 9.00},
    )


def toy_backorder() -> Scenario:
    """Waiting for tomorrow's near stock is cheaper than sending from afar today.

    The order comes at 01:00, the near receipt at 11:00: ten hours of waiting at 0.02. The far warehouse costs
    5.00 + 0.60. Optimum: backorder, 3.00 + 0.60 + 0.20 = 3.80.
    """
    return _toy(
        "toy-backorder@1",
        places={"near": 0.0, "far": 10.0},
        regions={"town": 0.5},
        skus=(Sku("cup", 500, millicents(10.00)),),
        stock=(StockRow("far", "cup", 1),),
        receipts=(Receipt("near", "cup", 1, 0, 11 * HOUR_SECONDS),),
        orders=(_order(1, 0, (0,)),),
        prices={100: 3.00, 2000: 5.00},
    )


def toy_cutoff() -> Scenario:
    """The near warehouse misses its only collection of the day.

    The order comes at 11:55 and is ready at 12:05; the near collection goes at 12:00, the far one at 18:00.
    Promised is the end of Tuesday. From near it would come on Wednesday at 12:00, 12 hours late: 3.60 + 5.00 +
    12 * 0.50 = 14.60. Optimum: from afar on Tuesday at 18:00, 5.00 + 0.60 = 5.60.
    """
    return _toy(
        "toy-cutoff@1",
        places={"near": 0.0, "far": 10.0},
        regions={"town": 0.5},
        skus=(Sku("cup", 500, millicents(10.00)),),
        stock=(StockRow("near", "cup", 1), StockRow("far", "cup", 1)),
        orders=(_order(11 + 55 / 60, 0, (0,), promise_days=2),),
        prices={100: 3.00, 2000: 5.00},
        collection_hours={"near": ("12:00",), "far": ("18:00",)},
    )


def toy_handling() -> Scenario:
    """A cold item that only the far warehouse may ship, although both have it.

    Optimum: the far one, 5.00 + 0.60 = 5.60.
    """
    return _toy(
        "toy-handling@1",
        places={"near": 0.0, "far": 10.0},
        regions={"town": 0.5},
        skus=(Sku("ice", 500, millicents(10.00), Handling.COLD),),
        stock=(StockRow("near", "ice", 1), StockRow("far", "ice", 1)),
        orders=(_order(8, 0, (0,)),),
        prices={100: 3.00, 2000: 5.00},
        capabilities={"far": Handling.COLD},
        service_capabilities=Handling.COLD,
    )


def toy_mmc() -> Scenario:
    """An M/M/c queue: Poisson orders, exponential picks, three stations that never close.

    Utilisation 0.8; the Erlang C formula gives a chance of waiting of 0.6472 and a mean wait in the queue of
    0.6472 * 300 / (3 - 2.4) = 323.6 seconds. (Source: Kleinrock 1975, Queueing Systems I, section 3.5.)
    """
    horizon_days = 20
    return Scenario(
        id="toy-mmc@1",
        epoch=EPOCH,
        horizon_days=horizon_days,
        warmup_hours=24,
        drain_days=3,
        warehouses=(
            Warehouse(
                name="only",
                latitude=0.0,
                longitude=0.0,
                num_stations=MMC_STATIONS,
                pick_parcel_seconds=MMC_PICK_SECONDS,
                pick_factor=exponential(1000.0),
            ),
        ),
        services=(_service({100: 3.00}),),
        collections=tuple(Collection("only", "ground", ALL_WEEK, f"{hour:02d}:00", 10**6) for hour in range(24)),
        regions=(Region("town", 0.0, 0.5),),
        skus=(Sku("cup", 500, millicents(10.00)),),
        stock=(StockRow("only", "cup", 10**6),),
        settings=_SETTINGS,
        demand=Demand(
            orders_per_day=MMC_ORDERS_PER_DAY,
            region_shares=(1.0,),
            sku_shares=(1.0,),
            promises=(Promise("standard", 1.0, 3),),
        ),
    )


def _toy(
    scenario_id: str,
    *,
    places: dict[str, float],
    regions: dict[str, float],
    skus: tuple[Sku, ...],
    stock: tuple[StockRow, ...],
    orders: tuple[LogOrder, ...],
    prices: dict[int, float],
    receipts: tuple[Receipt, ...] = (),
    collection_hours: dict[str, tuple[str, ...]] | None = None,
    capabilities: dict[str, Handling] | None = None,
    service_capabilities: Handling = Handling.NONE,
) -> Scenario:
    """Warehouses and regions by longitude; ``prices`` by ``max_km``; lines take the margin of their SKU."""
    hours = collection_hours or {name: ("12:00", "18:00") for name in places}
    priced = tuple(
        LogOrder(
            placed_at=order.placed_at,
            promise_at=order.promise_at,
            region=order.region,
            lines=tuple(LogLine(line.sku, line.units, skus[line.sku].margin_millicents) for line in order.lines),
            customer_id=position,
        )
        for position, order in enumerate(orders)
    )
    return Scenario(
        id=scenario_id,
        epoch=EPOCH,
        horizon_days=1,
        drain_days=5,
        warehouses=tuple(
            Warehouse(
                name=name,
                latitude=0.0,
                longitude=longitude,
                num_stations=2,
                parcel_millicents=millicents(0.50),
                line_millicents=millicents(0.10),
                pick_parcel_seconds=600,
                capabilities=(capabilities or {}).get(name, Handling.NONE),
            )
            for name, longitude in places.items()
        ),
        services=(_service(prices, service_capabilities),),
        collections=tuple(Collection(name, "ground", ALL_WEEK, at, 100) for name in places for at in hours[name]),
        regions=tuple(Region(name, 0.0, longitude) for name, longitude in regions.items()),
        skus=skus,
        stock=stock,
        receipts=receipts,
        settings=_SETTINGS,
        demand=OrderLog.of(priced),
    )


def _service(prices: dict[int, float], capabilities: Handling = Handling.NONE) -> CarrierService:
    day = constant(24 * HOUR_SECONDS)
    zones = tuple(Zone(km, (Rate(10_000, millicents(price)),), day) for km, price in prices.items())
    return CarrierService(name="ground", zones=zones, capabilities=capabilities)


def _order(hour: float, region: int, skus: tuple[int, ...], promise_days: int = 4) -> LogOrder:
    epoch = parse_utc("epoch", EPOCH)
    return LogOrder(
        placed_at=epoch + round(hour * HOUR_SECONDS),
        promise_at=epoch + promise_days * DAY_SECONDS,
        region=region,
        lines=tuple(LogLine(sku, 1) for sku in skus),
    )
