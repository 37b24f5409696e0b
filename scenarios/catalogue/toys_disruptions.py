"""Toys with holds, presale and disruptions that can be solved by hand; each docstring gives the calculation.

``OPTIMUM_MILLICENTS`` repeats the least total of the ledger over all routers, those included that know the future.
What they have in common is in ``scenarios.catalogue.toy``. A near warehouse costs 3.60 a line in a parcel of its own
(shipping 3.00, handling 0.60), a far one 5.60.
"""

from __future__ import annotations

from dataclasses import replace

from scenarios.carrier_outage import CarrierOutage
from scenarios.carrier_regimes import CarrierRegimes
from scenarios.catalogue.toy import SETTINGS, build_toy, toy_order, toy_service
from scenarios.local_time import HOUR_SECONDS
from scenarios.money import millicents
from scenarios.patience import Patience
from scenarios.promotion import Promotion
from scenarios.quantiles import constant
from scenarios.scenario import Scenario
from scenarios.sku import Sku
from scenarios.stock import Receipt, StockRow
from scenarios.warehouse import ALL_WEEK, Shift

JOINED_WAITING_MILLICENTS = SETTINGS.waiting_hour_millicents * 20 * 60 // HOUR_SECONDS
"""Of the line in ``toy-hold`` that is held for 20 minutes."""

OPTIMUM_MILLICENTS = {
    "toy-hold": millicents(3.70) + JOINED_WAITING_MILLICENTS,
    "toy-presale": millicents(11.70),
    "toy-short-pick": millicents(5.60),
    "toy-outage": millicents(5.60),
    "toy-regime": millicents(5.60),
    "toy-promotion": millicents(13.80),
    "toy-cancel": millicents(5.60),
    "toy-receipt-short": millicents(9.38),
    "toy-reorder": millicents(7.30),
}
"""Least total of the ledger, over all routers."""

_PLACES = {"near": 0.0, "far": 10.0}
_TOWN = {"town": 0.5}
_CUP, _BOWL = Sku("cup", 500, millicents(10.00)), Sku("bowl", 700, millicents(10.00))
_GROUND = toy_service({100: 3.00, 2000: 5.00})
_TWO_SERVICES = (toy_service({100: 3.00}, "cheap"), toy_service({100: 5.00}, "dear"))


def toy_hold() -> Scenario:
    """Holding an order for half an hour lets the customer's next one share its parcel.

    A cup is ordered at 08:00, a bowl by the same customer at 08:20. Two parcels cost 2 * 3.60 = 7.20. Held, the cup
    is expected to wait for 30 minutes (0.01000); joined after 20 it has cost 0.02 / 3 = 0.00666. One parcel of two
    lines: 3.00 + 0.50 + 0.20 = 3.70. Optimum: 3.70666.
    """
    return build_toy(
        "toy-hold@1",
        places=_PLACES,
        regions=_TOWN,
        skus=(_CUP, _BOWL),
        stock=(StockRow("near", "cup", 1), StockRow("near", "bowl", 1)),
        orders=(toy_order(8, 0, (0,), customer=7), toy_order(8 + 1 / 3, 0, (1,), customer=7)),
        services=(_GROUND,),
        settings=replace(SETTINGS, hold_short_minutes=30),
    )


def toy_presale() -> Scenario:
    """Bowls ship from Wednesday on: one order should wait for them as a whole, the other should be split.

    Each orders a cup and a bowl, at 08:00 and at 09:00. A bowl leaves on Wednesday at 12:00 and arrives on Thursday at
    12:00; its promise is later by as much as its date, so that it is in time in both orders. The first order is
    promised for the end of Thursday: all together 3.00 + 0.50 + 0.20 and 40 hours of waiting of the cup at 0.02,
    4.50, against two parcels, 7.20. The second is promised for the end of Tuesday: the cup would be 36 hours late
    (5.00 + 36 * 0.50), so it goes now and the bowl later, 2 * 3.60 = 7.20. Optimum: 4.50 + 7.20 = 11.70.
    """
    return build_toy(
        "toy-presale@1",
        places={"near": 0.0},
        regions=_TOWN,
        skus=(_CUP, replace(_BOWL, ship_from_day=2)),
        stock=(StockRow("near", "cup", 2), StockRow("near", "bowl", 2)),
        orders=(toy_order(8, 0, (0, 1)), toy_order(9, 0, (0, 1), promise_days=2)),
        services=(_GROUND,),
    )


def toy_short_pick() -> Scenario:
    """The near warehouse never finds what its books say.

    From near: at 08:10 the cup is not found and written off. Its picking is paid for (0.60), its transport is not; from
    afar it costs 5.60 more, 6.20 in all. Optimum: from afar at once, 5.60.
    """
    return build_toy(
        "toy-short-pick@1",
        places=_PLACES,
        regions=_TOWN,
        skus=(_CUP,),
        stock=(StockRow("near", "cup", 1), StockRow("far", "cup", 1)),
        orders=(toy_order(8, 0, (0,)),),
        services=(_GROUND,),
        short_pick_shares={"near": 1.0},
    )


def toy_outage() -> Scenario:
    """A strike of the cheap service breaks the plan before its pick starts.

    The order comes at 08:00, the warehouse opens at 10:00, the cheap service (3.00) strikes from 09:00 until Thursday
    00:00. Planned with it, 3.60 are booked and taken back at 09:00, when the line is decided again. The dear service
    (5.00) costs 5.60. With the cheap one after the strike it would come on Friday at 12:00, 12 hours after its
    promise: 3.60 + 5.00 + 12 * 0.50 = 14.60. Optimum: 5.60.
    """
    return build_toy(
        "toy-outage@1",
        places={"near": 0.0},
        regions=_TOWN,
        skus=(_CUP,),
        stock=(StockRow("near", "cup", 1),),
        orders=(toy_order(8, 0, (0,)),),
        services=_TWO_SERVICES,
        shifts=(Shift(ALL_WEEK, "10:00", "24:00"),),
        outages=(CarrierOutage(service="cheap", from_day=9 / 24, to_day=3.0),),
    )


def toy_regime() -> Scenario:
    """The cheap service takes twice as long as its table says, and nobody knows.

    Promised is the end of Tuesday. With the cheap one (3.00) it is expected on Tuesday at 12:00, 3.60, and comes on
    Wednesday at 12:00: 12 hours late, 3.60 + 5.00 + 12 * 0.50 = 14.60. Optimum: the dear one (5.00), 5.60.
    """
    return build_toy(
        "toy-regime@1",
        places={"near": 0.0},
        regions=_TOWN,
        skus=(_CUP,),
        stock=(StockRow("near", "cup", 1),),
        orders=(toy_order(8, 0, (0,), promise_days=2),),
        services=_TWO_SERVICES,
        regimes=(CarrierRegimes(service="cheap", transit_permille=(2000, 2000, 2000)),),
    )


def toy_promotion() -> Scenario:
    """A promotion that nobody announced empties the near shelf.

    The log has two orders: at 08:00 from in between (4.00 from near, 5.00 from afar) and at 10:00 from beside the near
    warehouse (3.00 and 9.00), which has two cups. The promotion doubles the demand from 07:30 to 08:30: within the
    hour after 08:00 the first order comes once more. Greedy empties the shelf, 4.00 + 4.00 + 9.00 + 3 * 0.60 = 18.80;
    the optimum sends one of the first two from afar: 4.00 + 5.00 + 3.00 + 3 * 0.60 = 13.80.
    """
    return build_toy(
        "toy-promotion@1",
        places=_PLACES,
        regions={"between": 4.0, "beside": 0.0},
        skus=(_CUP,),
        stock=(StockRow("near", "cup", 2), StockRow("far", "cup", 3)),
        orders=(toy_order(8, 0, (0,)), toy_order(10, 1, (0,))),
        services=(toy_service({100: 3.00, 500: 4.00, 800: 5.00, 2000: 9.00}),),
        promotions=(Promotion(factor=2.0, hours=1.0, from_day=7.5 / 24, to_day=7.5 / 24),),
    )


def toy_cancel() -> Scenario:
    """The customer of ``toy-backorder``, who now waits for two hours only.

    The order comes at 01:00, the near receipt at 11:00. Backordered it is cancelled at 03:00: margin 10.00 and two
    hours of waiting at 0.02, 10.04. Optimum: from afar, where its pick starts at once, 5.60.
    """
    return build_toy(
        "toy-cancel@1",
        places=_PLACES,
        regions=_TOWN,
        skus=(_CUP,),
        stock=(StockRow("far", "cup", 1),),
        receipts=(Receipt("near", "cup", 1, 0, 11 * HOUR_SECONDS),),
        orders=(toy_order(1, 0, (0,)),),
        services=(_GROUND,),
        patience=Patience(constant(2 * HOUR_SECONDS)),
    )


def toy_receipt_short() -> Scenario:
    """Two cups are announced for 11:00, one comes: the later of two claims breaks.

    Orders come at 01:00 and 02:00. Both backordered: the first waits for ten hours, 3.60 + 0.20; the second has waited
    for nine (0.18) when its claim breaks, and is sent from afar, 5.60: in all 9.58. Optimum: the first from afar at
    once, 5.60, and only the second backordered, 3.60 + 0.18: in all 9.38.
    """
    return build_toy(
        "toy-receipt-short@1",
        places=_PLACES,
        regions=_TOWN,
        skus=(_CUP,),
        stock=(StockRow("far", "cup", 2),),
        receipts=(Receipt("near", "cup", 2, 0, 11 * HOUR_SECONDS, actual_units=1),),
        orders=(toy_order(1, 0, (0,)), toy_order(2, 0, (0,))),
        services=(_GROUND,),
    )


def toy_reorder() -> Scenario:
    """The near warehouse refills its shelf by itself.

    It has one cup, which the order of 08:00 takes: 3.60. At the review of 12:00 none is left and two are ordered, which
    come at 18:00. The order of 13:00 waits five hours for one of them, 3.60 + 0.10; from afar it would cost 5.60.
    Optimum: 7.30.
    """
    return build_toy(
        "toy-reorder@1",
        places=_PLACES,
        regions=_TOWN,
        skus=(_CUP,),
        stock=(StockRow("near", "cup", 1, reorder_point_units=0, order_up_to_units=2), StockRow("far", "cup", 1)),
        orders=(toy_order(8, 0, (0,)), toy_order(13, 0, (0,))),
        services=(_GROUND,),
        lead_time=constant(6 * HOUR_SECONDS),
        settings=replace(SETTINGS, review_hours=12),
    )
