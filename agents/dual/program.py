"""The linear program of one imagined window: who serves which line from which shelf, and what a unit there is worth.

minimise   sum c[l,w] x[l,w] + sum f[o,w] y[o,w] + sum m[l] u[l]
such that  sum_w x[l,w] + u[l] = 1              every line is served or lost
           x[l,w] <= y[o,w]                     lines of one order share the fixed cost of a parcel
           sum_l units[l] x[l,w] <= stock[w,k]  shelves, with what is announced to arrive within the window
           x, y, u >= 0

The dual of the last row is what one more unit on that shelf would save: its bid price.

Source: Talluri and van Ryzin 1998, "An analysis of bid-price controls for network revenue management"; for fulfilment
Acimovic and Graves 2015, "Making better fulfillment decisions on the fly in an online retail environment".
"""

from __future__ import annotations

import numpy as np

from agents.dual.line_costs import line_costs
from agents.forecast.analogues import Window
from envs.state import Observable
from scenarios.errors import InputError
from scenarios.network import Network


def shelf_prices(network: Network, seen: Observable, stock: np.ndarray, window: Window, share: float) -> np.ndarray:
    """Bid prices of one window.

    Args:
        network: public arrays.
        seen: preference weights and interruptions are read.
        stock: (W, K) units that the window may use, not negative.
        window: imagined demand, of which each order stands for ``1 / share`` orders.
        share: of the window's orders that were kept, above 0, at most 1.

    Returns:
        Weighted millicents a unit, float (W, K), not negative; 0 where the window asks for nothing.

    Raises:
        InputError: the solver did not find the optimum.
    """
    prices = np.zeros(stock.shape)
    whole, fixed = line_costs(network, seen, window)
    lines, places = np.nonzero(np.isfinite(whole))
    if not len(lines):
        return prices
    from scipy.optimize import linprog
    from scipy.sparse import coo_array, vstack

    num_uses, num_lines = len(lines), len(window.lines)
    orders = window.lines["order"]
    is_shared = window.orders["num_lines"][orders[lines]] > 1
    parcels, parcel_of_use = np.unique(
        orders[lines[is_shared]] * stock.shape[0] + places[is_shared], return_inverse=True
    )
    num_parcels = len(parcels)
    costs = whole[lines, places] - np.where(is_shared, fixed[lines, places], 0.0)
    boxes = np.zeros(num_parcels)
    np.maximum.at(boxes, parcel_of_use, fixed[lines[is_shared], places[is_shared]])
    lost = seen.clock["weight_cost_permille"][0] / 1000 * window.lines["margin_millicents"]
    objective = np.concatenate([costs, boxes, lost])

    cells, cell_of_use = np.unique(places * stock.shape[1] + window.lines["sku"][lines], return_inverse=True)
    shape = (len(cells), len(objective))
    shelves = coo_array((window.lines["units"][lines], (cell_of_use, np.arange(num_uses))), shape)
    shared = np.flatnonzero(is_shared)
    rows = np.arange(len(shared))
    together = coo_array(
        (
            np.concatenate([np.ones(len(shared)), -np.ones(len(shared))]),
            (np.concatenate([rows, rows]), np.concatenate([shared, num_uses + parcel_of_use])),
        ),
        (len(shared), len(objective)),
    )
    served = coo_array(
        (
            np.ones(num_uses + num_lines),
            (
                np.concatenate([lines, np.arange(num_lines)]),
                np.concatenate([np.arange(num_uses), num_uses + num_parcels + np.arange(num_lines)]),
            ),
        ),
        (num_lines, len(objective)),
    )
    units = stock.ravel()[cells] * share
    found = linprog(
        objective,
        A_ub=vstack([shelves, together]).tocsr(),
        b_ub=np.concatenate([units, np.zeros(len(shared))]),
        A_eq=served.tocsr(),
        b_eq=np.ones(num_lines),
        method="highs",
    )
    if found.status != 0:
        raise InputError("bid-price program", found.message, "an optimum", "report it: the program is always feasible")
    prices.ravel()[cells] = np.maximum(0.0, -found.ineqlin.marginals[: len(cells)])
    return prices
