"""The linear program whose dual the climb of bid prices approaches, solved by HiGHS: an oracle for tests.

minimise   sum c[l,w] x[l,w] + sum f[o,w] y[o,w] + sum m[l] u[l]
such that  sum_w x[l,w] + u[l] = 1              every line is served or lost
           x[l,w] <= y[o,w]                     lines of one order share the fixed cost of a parcel
           sum_l units[l] x[l,w] <= supply[k,w,j] over lines of stages up to j
           x, y, u >= 0

Orders may be split without limit here, and fractions of lines may travel: its value is at most that of the dual of
``agents.dual.clearing`` at its best prices, where every order takes one whole plan for given prices.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog
from scipy.sparse import csr_array, lil_array, vstack

from agents.dual.clearing import NOWHERE, Market


def least_value(market: Market) -> float:
    """Millicents of the program's optimum."""
    uses = [(line, c) for line, c in np.argwhere(market.places != NOWHERE).tolist()]
    parcels = sorted({(int(market.lines[line, 0]), c) for line, c in uses})
    number = {parcel: i for i, parcel in enumerate(parcels)}
    num_uses, num_parcels, num_lines = len(uses), len(parcels), len(market.lines)
    width = num_uses + num_parcels + num_lines
    objective = np.concatenate(
        [[market.costs[use] for use in uses], [market.boxes[parcel] for parcel in parcels], market.lost]
    )
    served, together = lil_array((num_lines, width)), lil_array((num_uses, width))
    shelves = lil_array((market.supply.size, width))
    for column, (line, c) in enumerate(uses):
        order, sku, units = market.lines[line].tolist()
        served[line, column] = 1.0
        together[column, column], together[column, num_uses + number[order, c]] = 1.0, -1.0
        for stage in range(int(market.orders[order, 2]), market.supply.shape[2]):
            cell = np.ravel_multi_index((sku, market.places[line, c], stage), market.supply.shape)
            shelves[int(cell), column] = units
    for line in range(num_lines):
        served[line, num_uses + num_parcels + line] = 1.0
    found = linprog(
        objective,
        A_ub=csr_array(vstack([shelves, together])),
        b_ub=np.concatenate([market.supply.ravel(), np.zeros(num_uses)]),
        A_eq=csr_array(served),
        b_eq=np.ones(num_lines),
        method="highs",
    )
    assert found.status == 0
    return float(found.fun)
