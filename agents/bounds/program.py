"""The linear program of both bounds, and what its dual proves.

Every line goes in one parcel or is declined; what leaves before a receipt comes must have been there. The solver works
with rounded numbers, so its objective is not taken on trust: its dual prices are rounded to whole numbers, and by
weak duality *any* prices give a valid bound, which is added up exactly, on whole numbers.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from agents.bounds.columns import Columns, cuts_of
from agents.bounds.declines import Declines
from agents.bounds.packs import Packs
from agents.bounds.supply import Supply
from envs.state import NONE
from scenarios.errors import InputError
from scenarios.network import TABLE_WEIGHT
from scenarios.trace import Future

SCALE = 1e-8
"""Currency units in one millicent-permille: the solver's tolerances are made for numbers about one."""

MANY_VARIABLES = 150_000
"""From here on the interior-point method is faster than the simplex method."""


class Solved(NamedTuple):
    """Result.

    Attributes:
        proven: millicents-permille, what the dual proves.
        parts: float (3,), millicents-permille of the optimal plan by objective.
        num_variables: parcels and declines.
        num_rows: lines and cuts.
    """

    proven: int
    parts: np.ndarray
    num_variables: int
    num_rows: int


def solve_program(
    future: Future, packs: Packs, columns: Columns, supply: Supply, declines: Declines, permille: int
) -> Solved:
    """Least cost of the relaxation.

    Args:
        future: lines and their margins.
        packs: lines of parcels.
        columns: parcels to choose from.
        supply: cuts.
        declines: orders and lines that may stay unserved.
        permille: weight of lost margins, thousandths.
    """
    costs, most, covers = _variables(future, packs, columns, declines, permille)
    takes = _takes(future, packs, columns, supply, len(costs))
    result = _solved(costs, most, covers, takes, supply.units)
    by_line = np.rint(result.eqlin.marginals / SCALE).astype(np.int64)
    by_cut = np.minimum(0, np.rint(result.ineqlin.marginals / SCALE).astype(np.int64))
    chosen = result.x[: len(columns.pack)]
    parts = chosen @ columns.costs
    parts[0] += costs[len(chosen) :] @ result.x[len(chosen) :]
    proven = prove(costs, most, (covers, by_line), (takes, by_cut, supply.units))
    return Solved(proven, parts, len(costs), len(by_line) + len(by_cut))


def _variables(
    future: Future, packs: Packs, columns: Columns, declines: Declines, permille: int
) -> tuple[np.ndarray, np.ndarray, Any]:
    """Parcels, declined orders, lines that end apart: costs, most (TABLE_WEIGHT-ths), and the lines of each."""
    from scipy.sparse import csr_array

    owner, margins = future.lines["order"], permille * future.lines["margin_millicents"]
    whole, apart = np.flatnonzero(declines.whole), np.flatnonzero(declines.apart)
    of_order = np.bincount(owner, weights=margins, minlength=len(future.orders)).astype(np.int64)
    costs = np.concatenate([columns.costs.sum(axis=1), of_order[whole], margins[apart]])
    most = np.concatenate([np.full(len(columns.pack) + len(whole), TABLE_WEIGHT), declines.apart[apart]])
    packed = packs.lines[columns.pack]
    column, place = np.nonzero(packed != NONE)
    declined = np.flatnonzero(declines.whole[owner])
    rank = np.cumsum(declines.whole) - 1
    lines = np.concatenate([packed[column, place], declined, apart])
    variables = np.concatenate(
        [
            column,
            len(columns.pack) + rank[owner[declined]],
            len(columns.pack) + len(whole) + np.arange(len(apart)),
        ]
    )
    ones = np.ones(len(lines), np.int64)
    return costs, most, csr_array((ones, (lines, variables)), shape=(len(owner), len(costs)))


def _takes(future: Future, packs: Packs, columns: Columns, supply: Supply, num_variables: int) -> Any:
    """Units that parcels take before each cut."""
    from scipy.sparse import csr_array

    parcel, line, cut = cuts_of(supply, packs, future.lines["sku"], columns.pack, columns.warehouse)
    is_before = columns.release_at[parcel] < supply.before[cut]
    entries = (future.lines["units"][line[is_before]], (cut[is_before], parcel[is_before]))
    return csr_array(entries, shape=(len(supply.units), num_variables))


def _solved(costs: np.ndarray, most: np.ndarray, covers: Any, takes: Any, units: np.ndarray) -> Any:
    from scipy.optimize import linprog

    limits = np.stack([np.zeros(len(most)), np.where(most < TABLE_WEIGHT, most / TABLE_WEIGHT, np.inf)], axis=1)
    result = linprog(
        costs * SCALE,
        A_ub=takes.astype(float),
        b_ub=units,
        A_eq=covers.astype(float),
        b_eq=np.ones(covers.shape[0]),
        bounds=limits,
        method="highs-ipm" if len(costs) > MANY_VARIABLES else "highs-ds",
    )
    if result.status != 0:
        raise InputError("linear program", result.message, "an optimum", "report the trace: this should not happen")
    return result


def prove(
    costs: np.ndarray, most: np.ndarray, covers: tuple[Any, np.ndarray], takes: tuple[Any, np.ndarray, np.ndarray]
) -> int:
    """At most the least ``costs @ x`` where ``covers @ x = 1``, ``takes @ x <= units`` and x lies in 0 .. ``most``.

    Any prices prove something, those of ``takes`` not above zero: the right sides at these prices, and every variable
    whose reduced cost is below zero taken as often as it may be. All on whole numbers, ``most`` in TABLE_WEIGHT-ths.
    """
    (cover, by_line), (take, by_cut, units) = covers, takes
    reduced = np.minimum(0, costs - by_line @ cover - by_cut @ take)
    worth = sum(by_line.tolist()) + sum((by_cut * units).tolist())
    is_negative = reduced < 0
    given = (
        value * times for value, times in zip(reduced[is_negative].tolist(), most[is_negative].tolist(), strict=True)
    )
    return worth + sum(given) // TABLE_WEIGHT
