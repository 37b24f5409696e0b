"""A small trace as a text that a person can read: what a failing property shows."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from scenarios.network import FOREVER_SECONDS, TABLE_WEIGHT
from scenarios.trace import ALL_WAREHOUSES, Trace

DAY, HOUR, MINUTE = 86_400, 3600, 60


def moment(seconds: int) -> str:
    """Day and time: 1+03:20 is 03:20 on the second day; seconds only where there are any."""
    day, rest = divmod(int(seconds), DAY)
    text = f"{day}+{rest // HOUR:02d}:{rest % HOUR // MINUTE:02d}"
    return text + (f":{rest % MINUTE:02d}" if rest % MINUTE else "")


def story(trace: Trace) -> str:
    """What is there and what happens, one line each; times are those of ``moment``."""
    return "\n".join([*_places(trace), *_events(trace)])


def _places(trace: Trace) -> Iterator[str]:
    network, names = trace.network, trace.names
    rules = network.settings[0]
    yield f"{trace.scenario_id}, seed {trace.seed}, calendar until {moment(rules['end_seconds'])}"
    switches = [f"at most {rules['max_parcels']} parcels"]
    switches += ["may decline"] * bool(rules["is_decline_a_choice"])
    switches += ["may backorder"] * bool(rules["is_backorder_allowed"])
    holds = sorted({int(rules[f"hold_{name}_seconds"]) for name in ("short", "long")} - {0})
    switches += [f"may hold {' or '.join(f'{seconds // MINUTE} min' for seconds in holds)}"] * bool(holds)
    switches += [f"reviews every {rules['review_seconds'] // MINUTE} min"] * bool(rules["review_seconds"])
    yield "  " + ", ".join(switches)
    for w, row in enumerate(network.warehouses):
        shifts = network.shifts[row["first_shift"] :][: row["num_shifts"]]
        hours = " ".join(
            f"{moment(opens)}-{'' if closes >= FOREVER_SECONDS else moment(closes)}"
            for opens, closes in shifts[["open_seconds", "close_seconds"]].tolist()
        )
        short = f", {row['short_weight'] / TABLE_WEIGHT:.0%} short" if row["short_weight"] else ""
        yield f"{names.warehouses[w]}: {row['num_stations']} stations{short}, open {hours}"
        yield f"  shelf: {_shelf(trace, w)}"
        for s, service in enumerate(names.services):
            pair = network.pairs[w, s]
            trucks = network.collections[pair["first_collection"] :][: pair["num_collections"]]
            times = [f"{moment(row['time_seconds'])} ({row['capacity_parcels']})" for row in trucks[:-1]]
            if len(trucks):
                yield f"  {service} (room): {' '.join([*times, moment(trucks['time_seconds'][-1])])} (all)"


def _shelf(trace: Trace, warehouse: int) -> str:
    texts = []
    for sku, cell in zip(trace.names.skus, trace.network.stock[warehouse], strict=True):
        level = f" (at {cell['reorder_point_units']} up to {cell['order_up_to_units']})"
        texts.append(f"{cell['on_hand_units']} {sku}" + level * bool(cell["order_up_to_units"]))
    return ", ".join(texts)


def _events(trace: Trace) -> Iterator[str]:
    future, names = trace.future, trace.names
    for i, order in enumerate(future.orders):
        lines = future.lines[order["first_line"] :][: order["num_lines"]]
        wanted = ", ".join(
            f"{line['units']} {names.skus[line['sku']]}"
            + f" (from {moment(line['ship_from_seconds'])})" * bool(line["ship_from_seconds"])
            for line in lines
        )
        patience = order["patience_seconds"]
        waits = "" if patience >= FOREVER_SECONDS else f", waits until {moment(order['arrival_seconds'] + patience)}"
        yield (
            f"{moment(order['arrival_seconds'])} order {i} of customer {order['customer_id']} to "
            f"{names.regions[order['region']]}: {wanted}; promised {moment(order['promise_at'])}{waits}"
        )
    for row in future.receipts:
        what = f"{row['expected_units']} {names.skus[row['sku']]} for {names.warehouses[row['warehouse']]}"
        actual = f"comes {moment(row['actual_at'])} with {row['actual_units']}"
        yield f"{moment(row['announced_at'])} receipt of {what} at {moment(row['expected_at'])}, {actual}"
    for row in future.outages:
        where = "everywhere" if row["warehouse"] == ALL_WAREHOUSES else f"at {names.warehouses[row['warehouse']]}"
        service, until = names.services[row["service"]], moment(row["ends_at"])
        yield f"{moment(row['starts_at'])} outage of {service} {where} until {until}"
    for row in future.regimes:
        yield f"{moment(row['starts_at'])} {names.services[row['service']]} takes {row['transit_permille']} permille"
    keys = np.concatenate([future.orders["luck_key"], future.suppliers["luck_key"]])
    yield f"luck: {' '.join(format(key, 'x') for key in keys.tolist())}"
