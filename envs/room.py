"""Room: parcels and logs grow, because broken plans are planned again without a bound."""

from __future__ import annotations

from envs.compiling import compiled
from envs.log import EVENTS, LEDGER

MARGIN = 512
"""Free rows that an array has before each event, besides those for every line that waits."""

ROWS_OF_A_LINE = 10
"""Rows of a log that one event may write for a line that waits: an outage reopens many lines at once."""

PARCELS, EVENT_ROWS, LEDGER_ROWS = 1, 2, 4


@compiled
def what_is_full(hidden):
    """Bits of the arrays that have too little room for whatever one event may write."""
    counters = hidden.counters
    needed = MARGIN + ROWS_OF_A_LINE * counters[0]["num_waiting_lines"]
    result = 0
    if len(hidden.parcels) - counters[0]["num_parcels"] < MARGIN:
        result |= PARCELS
    if counters[0]["log_level"] >= EVENTS and len(hidden.events) - counters[0]["num_events"] < needed:
        result |= EVENT_ROWS
    if counters[0]["log_level"] >= LEDGER and len(hidden.ledger) - counters[0]["num_ledger_rows"] < needed:
        result |= LEDGER_ROWS
    return result
