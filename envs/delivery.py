"""Carriage and delivery: the truth about a parcel becomes known and is settled."""

from __future__ import annotations

from envs import costs, log, luck, stock, tables
from envs.compiling import compiled, internal
from envs.hidden import DELIVERED
from envs.parcels import end_line, promise_of
from envs.state import NONE
from envs.touched import touch_order

_MEMORY = 16
"""Punctuality is a moving average over about this many deliveries. Source: assumption."""


@internal
def lane_table(network, future, hidden, parcel):
    """Transit table of a parcel's lane."""
    parcels = hidden.parcels
    region = future.orders[parcels[parcel]["order"]]["region"]
    return network.lanes[parcels[parcel]["warehouse"], parcels[parcel]["service"], region]["transit_table"]


@internal
def hand_over(network, future, seen, hidden, parcel):
    """The parcel has left: its goods are shipped.

    Returns:
        Second of its delivery, as luck and the carrier's regime have it.
    """
    parcels = hidden.parcels
    warehouse, service = parcels[parcel]["warehouse"], parcels[parcel]["service"]
    line = parcels[parcel]["first_line"]
    while line != NONE:
        stock.ship(seen, hidden, warehouse, future.lines[line]["sku"], future.lines[line]["units"])
        line = hidden.lines[line]["next_line"]
    seconds = transit_seconds(network, future, hidden, parcel, hidden.weather[service]["transit_permille"])
    parcels[parcel]["delivered_at"] = parcels[parcel]["departed_at"] + seconds
    return parcels[parcel]["delivered_at"]


@compiled
def transit_seconds(network, future, hidden, parcel, permille):
    """How long the journey of a parcel takes, as luck and a regime of ``permille`` have it."""
    rows = hidden.parcels
    key = luck.luck(
        luck.key_of(future, hidden, rows[parcel]["order"]),
        luck.TRANSIT,
        rows[parcel]["warehouse"],
        rows[parcel]["service"],
        rows[parcel]["attempt"],
    )
    transit = tables.draw(network.tables, lane_table(network, future, hidden, parcel), key)
    return max(1, transit * permille // 1000)


@internal
def deliver(network, future, seen, hidden, parcel):
    """The parcel is at the door: lateness is settled by line, punctuality seen, orders perhaps closed."""
    now, line = seen.clock[0]["now_seconds"], hidden.parcels[parcel]["first_line"]
    if hidden.parcels[parcel]["delivered_at"] != now:  # a fork had other luck in mind
        touch_order(hidden, hidden.parcels[parcel]["order"])
        hidden.parcels[parcel]["delivered_at"] = now
    _remember(network, future, seen, hidden, parcel)
    while line != NONE:
        order, difference = future.lines[line]["order"], 0
        late_seconds = now - promise_of(future, line)
        log.log_event(hidden, now, log.DELIVERED, order, parcel, late_seconds)
        first = line
        while line != NONE and future.lines[line]["order"] == order:
            actual = costs.lateness(network.settings, now - promise_of(future, line))
            difference += actual - hidden.lines[line]["lateness_millicents"]
            line = hidden.lines[line]["next_line"]
        decision_id = hidden.parcels[parcel]["decision_id"]
        log.book(hidden, now, decision_id, order, costs.LATENESS, difference, 1)
        while first != line:
            end_line(future, hidden, first, DELIVERED, now)
            first = hidden.lines[first]["next_line"]


@internal
def _remember(network, future, seen, hidden, parcel):
    parcels, row = hidden.parcels, seen.punctuality
    service = parcels[parcel]["service"]
    now = seen.clock[0]["now_seconds"]
    expected = max(1, tables.mean(network.tables, lane_table(network, future, hidden, parcel)))
    permille = 1000 * (now - parcels[parcel]["departed_at"]) // expected
    row[service]["num_delivered"] += 1
    row[service]["num_late"] += now > parcels[parcel]["quoted_at"]
    row[service]["transit_permille"] += (permille - row[service]["transit_permille"]) // _MEMORY
