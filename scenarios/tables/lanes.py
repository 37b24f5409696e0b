"""Which parcels can go where: finds regions, SKUs and lines that no parcel can serve."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scenarios.expand import great_circle_km
from scenarios.handling import SERVICE_SIDE, WAREHOUSE_SIDE, handling_names
from scenarios.region import Region
from scenarios.service import CarrierService
from scenarios.tables.problems import Problems
from scenarios.tables.rows import Rows
from scenarios.warehouse import Warehouse


class Lanes:
    """Heaviest parcel of each lane.

    Attributes:
        grams: int64, shape ``(R, P)``, for region row and (warehouse, service) pair; 0 where there is no lane.
    """

    def __init__(
        self,
        warehouses: Mapping[int, Warehouse],
        services: Mapping[int, CarrierService],
        regions: Mapping[int, Region],
        pairs: list[tuple[int, int]],
    ) -> None:
        self.pairs = pairs
        self.capabilities = [(int(warehouses[w].capabilities), int(services[s].capabilities)) for w, s in pairs]
        self.grams = np.zeros((max(regions, default=-1) + 1, len(pairs)), np.int64)
        for r, region in regions.items():
            for p, (w, s) in enumerate(pairs):
                here = warehouses[w]
                km = great_circle_km(here.latitude, here.longitude, region.latitude, region.longitude)
                zone = services[s].zone_index(round(km))
                if zone is not None:
                    self.grams[r, p] = services[s].zones[zone].rates[-1].max_grams

    def heaviest(self, requirements: int) -> np.ndarray:
        """Heaviest parcel with that handling to each region, grams, shape ``(R,)``; 0 if none can go."""
        able = [
            p
            for p, (warehouse, service) in enumerate(self.capabilities)
            if not requirements & WAREHOUSE_SIDE & ~warehouse and not requirements & SERVICE_SIDE & ~service
        ]
        return self.grams[:, able].max(axis=1, initial=0)


def check_lanes(lanes: Lanes, tables: dict[str, Rows], problems: Problems) -> None:
    """Reports collections without lanes, regions without lanes, and SKUs and lines that cannot go."""
    _check_collections(lanes, tables["collections"], tables, problems)
    reached = lanes.heaviest(0)
    _check_regions(reached, tables, problems)
    skus, orders, lines = tables["skus"], tables["orders"], tables["order_lines"]
    limits = {int(mask): lanes.heaviest(int(mask)) for mask in np.unique(skus["requirements"][skus.is_usable])}
    for row in skus.usable():
        mask, grams = int(skus["requirements"][row]), int(skus["weight_grams"][row])
        heaviest = int(limits[mask].max(initial=0))
        if grams > heaviest:
            _report_parcel(skus, row, "weight_grams", grams, mask, heaviest, "any region", problems)
    chosen = np.flatnonzero(lines.is_usable)
    order, sku = lines["order_id"][chosen], lines["sku_id"][chosen]
    is_open = skus.is_usable[sku] & tables["regions"].is_usable[orders["region_id"][order]]
    chosen, order, sku = chosen[is_open], order[is_open], sku[is_open]
    region = orders["region_id"][order]
    masks = orders["requirements"][order] | skus["requirements"][sku]
    parcels = lines["units"][chosen] * skus["weight_grams"][sku]
    limit = np.zeros(len(chosen), np.int64)
    for mask in np.unique(masks):
        here = masks == mask
        limit[here] = lanes.heaviest(int(mask))[region[here]]
    region_ids = tables["regions"].ids
    for position in np.flatnonzero(parcels > limit):
        where, row = f"region {region_ids[region[position]]}", int(chosen[position])
        found = (int(parcels[position]), int(masks[position]), int(limit[position]))
        _report_parcel(lines, row, "units", *found, where, problems)


def _check_collections(lanes: Lanes, rows: Rows, tables: dict[str, Rows], problems: Problems) -> None:
    empty = {pair for p, pair in enumerate(lanes.pairs) if not lanes.grams[:, p].any()}
    for row in rows.usable():
        pair = (int(rows["warehouse_id"][row]), int(rows["service_id"][row]))
        if pair in empty:
            empty.remove(pair)  # once is enough
            value = f"{tables['warehouses'].ids[pair[0]]}, {tables['services'].ids[pair[1]]}"
            expected, remedy = "a lane to at least one region", "widen the service's zones or remove the collection"
            rows.report(problems, row, "warehouse_id, service_id", value, expected, remedy)


def _check_regions(reached: np.ndarray, tables: dict[str, Rows], problems: Problems) -> None:
    regions, orders = tables["regions"], tables["orders"]
    counts = np.bincount(orders["region_id"][orders["region_id"] >= 0], minlength=len(regions))
    for row in regions.usable():
        if not reached[row]:
            expected = f"a lane from at least one warehouse ({counts[row]} orders go there)"
            remedy = "widen a service's zones, add a collection, or correct the position"
            regions.report(problems, row, "region_id", regions.ids[row], expected, remedy)


def _report_parcel(
    rows: Rows, row: int, column: str, grams: int, mask: int, limit: int, where: str, problems: Problems
) -> None:
    handling = f" with {' '.join(handling_names(mask))}" if mask else ""
    if limit:
        expected = f"at most {limit} grams, the heaviest parcel{handling} that a rate card takes to {where}"
        rows.report(problems, row, column, f"{grams} grams", expected, "correct units or weight, or add a rate")
    else:
        value = " ".join(handling_names(mask))
        expected = f"a warehouse and a service with collections there that can send it{handling} to {where}"
        rows.report(problems, row, "requirements", value, expected, "add the capabilities or drop the requirement")
