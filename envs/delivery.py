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
    region = future.orders[parcels[parcel]["order"]]["region"]
    return network.lanes[parcels[parcel]["warehouse"], parcels[parcel]["service"], region]["transit_table"]


@compiled
def hand_over(network, future, seen, hidden, parcel):
    """The parcel has left: its goods are shipped.

    Returns:
        Second of its delivery, as luck has it.
    """
    parcels = hidden.parcels
    order, warehouse = parcels[parcel]["order"], parcels[parcel]["warehouse"]
    first = future.orders[order]["first_line"]
    for i in range(future.orders[order]["num_lines"]):
        if parcels[parcel]["lines_mask"] >> i & 1:
            stock.ship(seen, warehouse, future.lines[first + i]["sku"], future.lines[first + i]["units"])
    key = luck.luck(
        future.orders[order]["luck_key"],
        luck.TRANSIT,
        warehouse,
        parcels[parcel]["service"],
        parcels[parcel]["attempt"],
    )
    transit = tables.draw(network.tables, lane_table(network, future, hidden, parcel), key)
    parcels[parcel]["delivered_at"] = parcels[parcel]["departed_at"] + max(1, transit)
    return parcels[parcel]["delivered_at"]


@compiled
def deliver(network, future, seen, hidden, parcel):
    """The parcel is at the door: lateness is settled, punctuality seen, the order perhaps closed."""
    parcels, orders = hidden.parcels, hidden.orders
    now = seen.clock[0]["now_seconds"]
    order = parcels[parcel]["order"]
    late_seconds = now - future.orders[order]["promise_at"]
    log.log_event(hidden, now, log.DELIVERED, order, parcel, late_seconds)
    actual = parcels[parcel]["num_lines"] * costs.lateness(network.settings, late_seconds)
    difference = actual - parcels[parcel]["lateness_millicents"]
    log.book(hidden, now, parcels[parcel]["decision_id"], order, costs.LATENESS, difference, 1)
    _remember(network, future, seen, hidden, parcel)
    orders[order]["num_open_lines"] -= parcels[parcel]["num_lines"]
    if orders[order]["num_open_lines"] == 0:
        close_order(hidden, order, DELIVERED, now)


@compiled
def _remember(network, future, seen, hidden, parcel):
    parcels, row = hidden.parcels, seen.punctuality
    service = parcels[parcel]["service"]
    now = seen.clock[0]["now_seconds"]
    expected = max(1, tables.mean(network.tables, lane_table(network, future, hidden, parcel)))
    permille = 1000 * (now - parcels[parcel]["departed_at"]) // expected
    row[service]["num_delivered"] += 1
    row[service]["num_late"] += now > parcels[parcel]["quoted_at"]
    row[service]["transit_permille"] += (permille - row[service]["transit_permille"]) // _MEMORY


@compiled
def close_order(hidden, order, status, now):
    """An order ends, once."""
    hidden.orders[order]["status"] = status
    hidden.orders[order]["ended_at"] = now
    hidden.counters[0]["num_open_orders"] -= 1
    num_parcels, parcel = 0, hidden.orders[order]["last_parcel"]
    while parcel >= 0:
        num_parcels += 1
        parcel = hidden.parcels[parcel]["previous_of_order"]
    log.log_event(hidden, now, log.ORDER_CLOSED, order, -1, num_parcels)
