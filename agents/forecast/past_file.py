"""A past in one small file: what forecasts of demand read of a history, without the scenario that it was drawn from.

Customers, their patience and luck are left out: nothing that is solved from a forecast looks at them.
"""

from __future__ import annotations

import io
from collections.abc import Callable

import numpy as np

from agents.forecast.history import History
from scenarios.errors import InputError
from scenarios.network import Network
from scenarios.trace import LINES, ORDERS, RECEIPTS, REGIMES, Future, quiet_future

FORMAT = 1
"""Bumped whenever an array of the file changes its meaning."""

_ORDERS = ("arrival_seconds", "region", "promise_at", "requirements", "num_lines")
_LINES = ("sku", "units", "margin_millicents", "ship_from_seconds")
_GROUPS: dict[str, tuple[np.dtype, tuple[str, ...]]] = {
    "orders": (ORDERS, _ORDERS),
    "lines": (LINES, _LINES),
    "receipts": (RECEIPTS, RECEIPTS.names or ()),
    "regimes": (REGIMES, REGIMES.names or ()),
}
_FACTS = ("receipt_fill", "receipt_delay_seconds")


def write_past(history: History) -> bytes:
    """The file of a history: columns of whole numbers, of the past traces one after the other."""
    futures = history.futures
    arrays: dict[str, np.ndarray] = {
        "format": np.array(FORMAT),
        "period_seconds": np.array(history.period_seconds),
        "facts": np.array([getattr(history, name) for name in _FACTS]),
        "counts": np.array([[len(getattr(future, group)) for group in _GROUPS] for future in futures]),
    }
    for group, (_, fields) in _GROUPS.items():
        rows = np.concatenate([getattr(future, group) for future in futures])
        for field in fields:
            column = rows[field] - rows["arrival_seconds"] if field == "promise_at" else rows[field]
            arrays[f"{group}_{field}"] = _small(np.diff(column, prepend=0) if field == "arrival_seconds" else column)
    file = io.BytesIO()
    np.savez_compressed(file, allow_pickle=False, **arrays)
    return file.getvalue()


def _small(column: np.ndarray) -> np.ndarray:
    """In the smallest type that holds it."""
    if not len(column):
        return column.astype(np.int8)
    types = np.min_scalar_type(int(column.min())), np.min_scalar_type(int(column.max()))
    small = np.promote_types(*types)
    return column.astype(small if small.kind in "iu" else np.int64)


class WrittenHistory(History):
    """A history that was read from a file. Forecasts of demand from it equal those from the one that was written.

    It has no ``traces``, so no whole futures can be played on from it.

    Args:
        content: the file.
        network: public arrays of the scenario; only the numbers of its things are looked at.

    Raises:
        InputError: the file is damaged, of another format or of another network.
    """

    def __init__(self, content: bytes, network: Network) -> None:
        self._content, self.network, self.traces = content, network, []
        try:
            with np.load(io.BytesIO(content), allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            if int(arrays["format"]) != FORMAT:
                raise _refused(f"format {arrays['format']}", f"format {FORMAT}")
            self.period_seconds = int(arrays["period_seconds"])
            self.receipt_fill, self.receipt_delay_seconds = map(float, arrays["facts"])
            self.futures = _futures(arrays, network)
        except InputError:
            raise
        except Exception as error:  # numpy, zipfile and zlib have no common error
            raise _refused(type(error).__name__, "arrays as they were written") from error
        if self.period_seconds < 1 or len(self.futures) < 2 or not np.isfinite(arrays["facts"]).all():
            raise _refused("a past without length", "two past traces, and a period")
        self.recent = np.stack([self._recent(future) for future in self.futures])
        self.stretch = np.stack([self._stretch(future) for future in self.futures])

    def __reduce__(self) -> tuple[Callable[..., History], tuple[bytes, Network]]:  # type: ignore[override]
        return WrittenHistory, (self._content, self.network)


def _refused(value: object, expected: str) -> InputError:
    return InputError("past", value, expected, "export the policy again with `routelab export`")


def _futures(arrays: dict[str, np.ndarray], network: Network) -> list[Future]:
    """Futures of the past traces, checked: compiled code that reads them checks no index."""
    counts = arrays["counts"].astype(np.int64)
    ends = counts.cumsum(axis=0)
    rows: dict[str, np.ndarray] = {}
    for place, (group, (dtype, fields)) in enumerate(_GROUPS.items()):
        rows[group] = np.zeros(int(counts[:, place].sum()), dtype)
        for field in fields:
            rows[group][field] = arrays[f"{group}_{field}"].astype(np.int64)  # of the same length, or it raises
    orders, lines = rows["orders"], rows["lines"]
    orders["arrival_seconds"] = orders["arrival_seconds"].cumsum()
    orders["promise_at"] += orders["arrival_seconds"]
    _check(rows, network)
    if counts.min(initial=0) < 0 or orders["num_lines"].sum() != len(lines):
        raise _refused("counts that do not fit", "as many lines as orders have")
    futures = []
    for trace, (end, count) in enumerate(zip(ends, counts, strict=True)):
        mine = {group: rows[group][end[place] - count[place] : end[place]] for place, group in enumerate(_GROUPS)}
        asked, wanted = mine["orders"].copy(), mine["lines"].copy()
        if asked["num_lines"].sum() != len(wanted) or np.any(np.diff(asked["arrival_seconds"]) < 0):
            raise _refused(f"past trace {trace}", "orders in the sequence of arrival, with their lines")
        asked["first_line"] = asked["num_lines"].cumsum() - asked["num_lines"]
        wanted["order"] = np.repeat(np.arange(len(asked)), asked["num_lines"])
        quiet = quiet_future(asked, wanted, mine["receipts"], len(network.warehouses))
        futures.append(quiet._replace(regimes=mine["regimes"]))
    return futures


def _check(rows: dict[str, np.ndarray], network: Network) -> None:
    """Refuses numbers of things that the network does not have, and amounts that cannot be."""
    num_warehouses, num_skus = network.stock.shape
    below = (
        ("orders", "region", len(network.regions)),
        ("lines", "sku", num_skus),
        ("receipts", "sku", num_skus),
        ("receipts", "warehouse", num_warehouses),
        ("regimes", "service", len(network.services)),
    )
    for group, field, limit in below:
        column = rows[group][field]
        if len(column) and not 0 <= column.min() <= column.max() < limit:
            raise _refused(f"{group} {field} {column.min()} to {column.max()}", f"0 to {limit - 1}")
    for group, field, least in (("orders", "num_lines", 1), ("orders", "arrival_seconds", 0), ("lines", "units", 1)):
        column = rows[group][field]
        if len(column) and column.min() < least:
            raise _refused(f"{group} {field} {column.min()}", f"at least {least}")
    if len(rows["regimes"]) and rows["regimes"]["transit_permille"].min() < 1:
        raise _refused("regimes transit_permille", "above 0")
