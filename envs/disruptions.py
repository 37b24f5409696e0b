"""Disruptions: outages that everybody sees, and regimes that nobody does."""

from __future__ import annotations

from envs import log
from envs.compiling import internal
from envs.parcels import withdraw
from envs.state import NONE


@internal
def start_outage(network, future, seen, hidden, outage):
    """A carrier service stops collecting: what is only planned with it is planned again, what is packed waits."""
    row, now = future.outages, seen.clock[0]["now_seconds"]
    service, until = row[outage]["service"], row[outage]["ends_at"]
    log.log_event(hidden, now, log.OUTAGE_STARTED, NONE, NONE, outage)
    for warehouse in range(len(network.warehouses)):
        if row[outage]["warehouse"] != NONE and row[outage]["warehouse"] != warehouse:
            continue
        if seen.interruptions[warehouse, service]["until_seconds"] < until:
            seen.interruptions[warehouse, service]["until_seconds"] = until
        parcel = hidden.queues[warehouse]["first_parcel"]
        while parcel != NONE:
            following = hidden.parcels[parcel]["next_parcel"]
            collection = hidden.parcels[parcel]["collection"]
            if hidden.parcels[parcel]["service"] == service and network.collections[collection]["time_seconds"] < until:
                withdraw(network, future, seen, hidden, parcel)
            parcel = following


@internal
def change_regime(future, seen, hidden, regime):
    """From now on transit of a service takes so many thousandths of the time that luck gives it."""
    row = future.regimes
    hidden.weather[row[regime]["service"]]["transit_permille"] = row[regime]["transit_permille"]
    log.log_event(hidden, seen.clock[0]["now_seconds"], log.REGIME_CHANGED, NONE, NONE, regime)
