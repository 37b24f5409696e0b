"""``receipts.csv``: local times to seconds since the start."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from scenarios.local_time import format_utc
from scenarios.stock import Receipt
from scenarios.tables.entities import build
from scenarios.tables.moments import utc_seconds
from scenarios.tables.orders import Window
from scenarios.tables.problems import Problems
from scenarios.tables.rows import Rows
from scenarios.warehouse import Warehouse


def receipts(
    tables: dict[str, Rows], warehouses: Mapping[int, Warehouse], window: Window | None, problems: Problems
) -> tuple[Receipt, ...]:
    """Receipts within the window; what was announced before its start is known from the start on.

    Without a window only their own times are checked.
    """
    rows = tables["receipts"]
    found = []
    for row in rows.usable():
        warehouse = warehouses.get(int(rows["warehouse_id"][row]))
        if warehouse is None:
            continue
        moments = np.array([rows["announced_at"][row], rows["expected_at"][row]])
        announced, expected = utc_seconds(moments, [warehouse.time_zone], np.zeros(2, np.int64)).tolist()
        if announced >= expected:
            wanted, remedy = f"before expected_at {format_utc(expected)}", "announce receipts before they come"
            rows.report(problems, row, "announced_at", format_utc(announced), wanted, remedy)
            continue
        if window is None:
            continue
        if not window.start < expected < window.end:
            rows.report(
                problems,
                row,
                "expected_at",
                format_utc(expected),
                f"a time after {format_utc(window.start)} and before {format_utc(window.end)}",
                "move what came earlier to stock.csv, leave out what comes later, or change drain_days",
            )
            continue
        given = (
            warehouse.name,
            str(tables["skus"].ids[rows["sku_id"][row]]),
            int(rows["units"][row]),
            max(0, announced - window.start),
            expected - window.start,
        )
        receipt = build(rows, row, problems, Receipt, *given)
        if receipt is not None:
            found.append(receipt)
    return tuple(found)
