"""Transit and delivery: the truth about a parcel becomes known and is settled."""

from __future__ import annotations

from envs import costs, log, luck, stock, tables
from envs.compiling import compiled
from envs.state import DELIVERED

_MEMORY = 16
"""Punctuality is a moving average over about this many deliveries. Source: assumption."""


@compiled
def lane_table(network, future, hidden, parcel):
    """Transit table of a parcel's lane."""
    parcels = hidden.parcels
    region = future.orders["region"][parcels["order"][parcel]]
    return network.lanes["transit_table"][parcels["warehouse"][parcel], parcels["service"][parcel], region]


@compiled
def hand_over(network, future, seen, hidden, parcel):
    """The parcel has left: its goods are shipped.

    Returns:
        Second of its delivery, as luck has it.
    """
    parcels = hidden.parcels
    order, warehouse = parcels["order"][parcel], parcels["warehouse"][parcel]
    first = future.orders["first_line"][order]
    for i in range(future.orders["num_lines"][order]):
        if parcels["lines_mask"][parcel] >> i & 1:
            stock.ship(seen, warehouse, future.lines["sku"][first + i], future.lines["units"][first + i])
    key = luck.luck(
        future.orders["luck_key"][order],
        luck.TRANSIT,
        warehouse,
        parcels["service"][parcel],
        parcels["attempt"][parcel],
    )
    transit = tables.draw(network.tables, lane_table(network, future, hidden, parcel), key)
    parcels["delivered_at"][parcel] = parcels["departed_at"][parcel] + max(1, transit)
    return parcels["delivered_at"][parcel]


@compiled
def deliver(network, future, seen, hidden, parcel):
    """The parcel is at the door: lateness is settled, punctuality seen, the order perhaps closed."""
    parcels, orders = hidden.parcels, hidden.orders
    now = seen.clock["now_seconds"][0]
    order = parcels["order"][parcel]
    late_seconds = now - future.orders["promise_at"][order]
    log.log_event(hidden, now, log.DELIVERED, order, parcel, late_seconds)
    actual = parcels["num_lines"][parcel] * costs.lateness(network.settings, late_seconds)
    difference = actual - parcels["lateness_millicents"][parcel]
    log.book(hidden, now, parcels["decision_id"][parcel], order, costs.LATENESS, difference, 1)
    _remember(network, future, seen, hidden, parcel)
    orders["num_open_lines"][order] -= parcels["num_lines"][parcel]
    if orders["num_open_lines"][order] == 0:
        close_order(hidden, order, DELIVERED, now)


@compiled
def _remember(network, future, seen, hidden, parcel):
    parcels, row = hidden.parcels, seen.punctuality
    service = parcels["service"][parcel]
    now = seen.clock["now_seconds"][0]
    expected = max(1, tables.mean(network.tables, lane_table(network, future, hidden, parcel)))
    permille = 1000 * (now - parcels["departed_at"][parcel]) // expected
    row["num_delivered"][service] += 1
    row["num_late"][service] += now > parcels["quoted_at"][parcel]
    row["transit_permille"][service] += (permille - row["transit_permille"][service]) // _MEMORY


@compiled
def close_order(hidden, order, status, now):
    """An order ends, once."""
    hidden.orders["status"][order] = status
    hidden.orders["ended_at"][order] = now
    hidden.counters["num_open_orders"][0] -= 1
    num_parcels, parcel = 0, hidden.orders["last_parcel"][order]
    while parcel >= 0:
        num_parcels += 1
        parcel = hidden.parcels["previous_of_order"][parcel]
    log.log_event(hidden, now, log.ORDER_CLOSED, order, -1, num_parcels)
