"""A world that is easy to understand: two warehouses, one service, two regions, two SKUs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from scenarios.collection import Collection
from scenarios.demand import Demand, Promise
from scenarios.money import millicents
from scenarios.quantiles import constant
from scenarios.region import Region
from scenarios.scenario import Scenario
from scenarios.service import CarrierService, Rate, Zone
from scenarios.sku import Sku
from scenarios.stock import Receipt, StockRow
from scenarios.warehouse import ALL_WEEK, Warehouse


@pytest.fixture
def small_world() -> Callable[..., Scenario]:
    """Builds the world, with any of its fields replaced."""

    def build(**changes: Any) -> Scenario:
        ground = CarrierService(name="ground", zones=(Zone(2000, (Rate(20_000, millicents(4.00)),), constant(86_400)),))
        fields: dict[str, Any] = {
            "id": "small@1",
            "horizon_days": 2,
            "warehouses": (
                Warehouse(name="east", latitude=0.0, longitude=0.0),
                Warehouse(name="west", latitude=0.0, longitude=5.0),
            ),
            "services": (ground,),
            "collections": (
                Collection("east", "ground", ALL_WEEK, "12:00", 10),
                Collection("west", "ground", ALL_WEEK, "12:00", 10),
            ),
            "regions": (Region("town", 0.0, 1.0), Region("village", 0.0, 4.0)),
            "skus": (Sku("cup", 300, millicents(5.00)), Sku("bowl", 600, millicents(7.00))),
            "stock": (StockRow("east", "cup", 50), StockRow("west", "bowl", 20)),
            "receipts": (Receipt("east", "bowl", 5, 0, 40_000),),
            "demand": Demand(
                orders_per_day=100.0,
                region_shares=(0.7, 0.3),
                sku_shares=(0.5, 0.5),
                basket_shares=(0.8, 0.2),
                promises=(Promise("standard", 1.0, 2),),
            ),
        }
        return Scenario(**{**fields, **changes})

    return build
