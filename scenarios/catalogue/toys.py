"""Toys that can be solved by hand; each docstring gives the optimum, ``OPTIMUM_MILLICENTS`` repeats it.

What they have in common is in ``scenarios.catalogue.toy``; those with disruptions are in
``scenarios.catalogue.toys_disruptions``.
"""

from __future__ import annotations

from scenarios.catalogue.toy import EPOCH, SETTINGS, build_toy, toy_order, toy_service
from scenarios.collection import Collection
from scenarios.demand import Demand, Promise
from scenarios.handling import Handling
from scenarios.local_time import HOUR_SECONDS
from scenarios.money import millicents
from scenarios.quantiles import exponential
from scenarios.region import Region
from scenarios.scenario import Scenario
from scenarios.sku import Sku
from scenarios.stock import Receipt, StockRow
from scenarios.warehouse import ALL_WEEK, Warehouse

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


def toy_nearest() -> Scenario:
    """One order, a near (3.00) and a far (5.00) warehouse that both have the item.

    Optimum: the near one, 3.00 + 0.50 + 0.10 = 3.60.
    """
    return build_toy(
        "toy-nearest@1",
        places={"near": 0.0, "far": 10.0},
        regions={"town": 0.5},
        skus=(Sku("cup", 500, millicents(10.00)),),
        stock=(StockRow("near", "cup", 1), StockRow("far", "cup", 1)),
        orders=(toy_order(8, 0, (0,)),),
        services=(toy_service({100: 3.00, 2000: 5.00}),),
    )


def toy_scarce() -> Scenario:
    """The last unit in the east should be kept for the third customer.

    The second order lives in between: 4.00 from the east, 5.00 from the west. The others live beside the eastern
    warehouse: 3.00 from there, 9.00 from the west. Greedy pays 3 + 4 + 9; the optimum is 3 + 5 + 3, with three
    parcels of 0.60 each 12.80. Closed-form bid prices find it: half of the eastern stock is gone when the second
    order comes, so its unit is priced at 4.00 * 0.3775.
    """
    return build_toy(
        "toy-scarce@1",
        places={"east": 0.0, "west": 10.0},
        regions={"between": 4.0, "beside": 0.0},
        skus=(Sku("cup", 500, millicents(10.00)),),
        stock=(StockRow("east", "cup", 2), StockRow("west", "cup", 3)),
        orders=(toy_order(8, 1, (0,)), toy_order(9, 0, (0,)), toy_order(10, 1, (0,))),
        services=(toy_service({100: 3.00, 500: 4.00, 800: 5.00, 2000: 9.00}),),
    )


def toy_split() -> Scenario:
    """Two near parcels are cheaper than a far one.

    Cup and bowl lie in two different near warehouses (3.00 each) and together in a far one (9.00). Fewest
    splits pays 9.00 + 0.50 + 0.20 = 9.70; the optimum is twice 3.00 + 0.60 = 7.20.
    """
    return build_toy(
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
        orders=(toy_order(8, 0, (0, 1)),),
        services=(toy_service({100: 3.00, 2000: 9.00}),),
    )


def toy_backorder() -> Scenario:
    """Waiting for tomorrow's near stock is cheaper than sending from afar today.

    The order comes at 01:00, the near receipt at 11:00: ten hours of waiting at 0.02. The far warehouse costs
    5.00 + 0.60. Optimum: backorder, 3.00 + 0.60 + 0.20 = 3.80.
    """
    return build_toy(
        "toy-backorder@1",
        places={"near": 0.0, "far": 10.0},
        regions={"town": 0.5},
        skus=(Sku("cup", 500, millicents(10.00)),),
        stock=(StockRow("far", "cup", 1),),
        receipts=(Receipt("near", "cup", 1, 0, 11 * HOUR_SECONDS),),
        orders=(toy_order(1, 0, (0,)),),
        services=(toy_service({100: 3.00, 2000: 5.00}),),
    )


def toy_cutoff() -> Scenario:
    """The near warehouse misses its only collection of the day.

    The order comes at 11:55 and is ready at 12:05; the near collection goes at 12:00, the far one at 18:00.
    Promised is the end of Tuesday. From near it would come on Wednesday at 12:00, 12 hours late: 3.60 + 5.00 +
    12 * 0.50 = 14.60. Optimum: from afar on Tuesday at 18:00, 5.00 + 0.60 = 5.60.
    """
    return build_toy(
        "toy-cutoff@1",
        places={"near": 0.0, "far": 10.0},
        regions={"town": 0.5},
        skus=(Sku("cup", 500, millicents(10.00)),),
        stock=(StockRow("near", "cup", 1), StockRow("far", "cup", 1)),
        orders=(toy_order(11 + 55 / 60, 0, (0,), promise_days=2),),
        services=(toy_service({100: 3.00, 2000: 5.00}),),
        collection_hours={"near": ("12:00",), "far": ("18:00",)},
    )


def toy_handling() -> Scenario:
    """A cold item that only the far warehouse may ship, although both have it.

    Optimum: the far one, 5.00 + 0.60 = 5.60.
    """
    return build_toy(
        "toy-handling@1",
        places={"near": 0.0, "far": 10.0},
        regions={"town": 0.5},
        skus=(Sku("ice", 500, millicents(10.00), Handling.COLD),),
        stock=(StockRow("near", "ice", 1), StockRow("far", "ice", 1)),
        orders=(toy_order(8, 0, (0,)),),
        capabilities={"far": Handling.COLD},
        services=(toy_service({100: 3.00, 2000: 5.00}, capabilities=Handling.COLD),),
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
        services=(toy_service({100: 3.00}),),
        collections=tuple(Collection("only", "ground", ALL_WEEK, f"{hour:02d}:00", 10**6) for hour in range(24)),
        regions=(Region("town", 0.0, 0.5),),
        skus=(Sku("cup", 500, millicents(10.00)),),
        stock=(StockRow("only", "cup", 10**6),),
        settings=SETTINGS,
        demand=Demand(
            orders_per_day=MMC_ORDERS_PER_DAY,
            region_shares=(1.0,),
            sku_shares=(1.0,),
            promises=(Promise("standard", 1.0, 3),),
        ),
    )
