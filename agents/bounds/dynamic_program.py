"""An exact dynamic program for worlds as small as ``tiny``: what the best router that knows the demand model pays.

Orders of one line and one unit arrive in a Poisson process, nothing queues, nothing is random after the arrival, and
what a parcel costs does not depend on the hour. Then an order is the choice of a warehouse, and all that matters is the
time, how many orders have come (the process stops at the largest number), and the shelves.
SKUs share only the first two, which no choice touches, so the value is a sum of one function for each SKU:

    V(t, n, shelf), with -dV/dt = rate (A V - V) before the horizon, 0 after it and for the largest n,
    A V (n, shelf) = for an order of another SKU V(n + 1, shelf), else the mean over regions of
    min over warehouses with a unit of (cost + V(n + 1, shelf less one unit there)), or the margin if none has one.

It is integrated backwards by the classical Runge-Kutta method, twice, with different steps; the difference is stated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from agents.bounds.small_world import SmallWorld, small_world
from scenarios.scenario import Scenario

STEP_SECONDS = 120


@dataclass(frozen=True, slots=True, eq=False)
class Optimum:
    """Value and choices of the best router.

    Attributes:
        value_millicents: expected ledger from second 0 on.
        error_millicents: what halving the step of the integration changes.
        world: costs and chances.
        values: by SKU, float (steps + 1, orders + 1, units + 1 of each warehouse), expected cost to come in millicents.
    """

    value_millicents: float
    error_millicents: float
    world: SmallWorld
    values: tuple[np.ndarray, ...]

    def choice_costs(
        self, now_seconds: int, num_orders: int, sku: int, region: int, units: tuple[int, ...]
    ) -> np.ndarray:
        """Expected cost of this order and all later ones of its SKU, for the warehouse that sends it.

        Args:
            now_seconds: when the order arrives.
            num_orders: that came before.
            sku: of the order.
            region: of the order.
            units: available to promise at each warehouse.

        Returns:
            float (W,), millicents; infinity where nothing is left.
        """
        place, share = divmod(now_seconds, STEP_SECONDS)
        grid = self.values[sku][:, min(num_orders + 1, self.world.max_orders)]
        result = np.full(len(units), np.inf)
        for warehouse, count in enumerate(units):
            if count > 0:
                left = tuple(other - (number == warehouse) for number, other in enumerate(units))
                before, after = grid[place][left], grid[place + 1][left]
                later = before + (after - before) * share / STEP_SECONDS
                result[warehouse] = self.world.costs[region, sku, warehouse] + later
        return result


def solve(scenario: Scenario) -> Optimum:
    """The best that a router can do in the mean over all traces of a scenario.

    Raises:
        InputError: a scenario that is not as small as that.
    """
    world = small_world(scenario)
    values = tuple(_integrated(world, sku, STEP_SECONDS) for sku in range(world.costs.shape[1]))
    finer = sum(_at_start(world, sku, _integrated(world, sku, STEP_SECONDS // 2)) for sku in range(len(values)))
    value = sum(_at_start(world, sku, grid) for sku, grid in enumerate(values))
    return Optimum(value, abs(value - finer), world, values)


def _at_start(world: SmallWorld, sku: int, grid: np.ndarray) -> float:
    return float(grid[(0, 0, *world.units[:, sku])])


def _integrated(world: SmallWorld, sku: int, step: int) -> np.ndarray:
    """Cost to come at every step, by orders so far and shelves."""
    num_steps, shape = world.horizon_seconds // step, tuple(world.units[:, sku] + 1)
    grid = np.zeros((num_steps + 1, world.max_orders + 1, *shape))
    slope = world.rate * step
    for place in range(num_steps, 0, -1):
        value = grid[place]
        first = slope * (_arrival(world, sku, value) - value)
        second = slope * (_arrival(world, sku, value + first / 2) - value - first / 2)
        third = slope * (_arrival(world, sku, value + second / 2) - value - second / 2)
        fourth = slope * (_arrival(world, sku, value + third) - value - third)
        grid[place - 1] = value + (first + 2 * second + 2 * third + fourth) / 6
    return grid


def _arrival(world: SmallWorld, sku: int, value: np.ndarray) -> np.ndarray:
    """Expected cost to come when an order arrives; nothing arrives after the largest number."""
    later, num_warehouses = value[1:], len(world.units)
    best = np.full((len(world.regions), *later.shape), np.inf)
    for warehouse in range(num_warehouses):
        axis = 1 + warehouse  # of ``later``
        less_unit = np.take(later, range(later.shape[axis] - 1), axis=axis)
        target = np.moveaxis(best, 1 + axis, 0)[1:]
        costs = world.costs[:, sku, warehouse].reshape(-1, *[1] * later.ndim)
        np.minimum(target, np.moveaxis(costs + less_unit, 1 + axis, 0), out=target)
    nothing_left = later.reshape(len(later), -1)[:, 0]
    best.reshape(*best.shape[:2], -1)[:, :, 0] = world.margins[sku] + nothing_left
    result = np.zeros_like(value)
    result[:-1] = world.skus[sku] * np.tensordot(world.regions, best, 1) + (1 - world.skus[sku]) * later
    return result
