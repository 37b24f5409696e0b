"""``routelab replay``: plays a trace or an order file against a running endpoint."""

from __future__ import annotations

import os
import time
import uuid
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from scenarios.arguments import Arguments
from scenarios.draw import draw_trace
from scenarios.errors import InputError
from scenarios.local_time import format_utc, utc_of, zone_of
from scenarios.registry import load_scenario
from scenarios.seeds import TEST
from scenarios.trace import Trace, load_trace
from serve.client import TOKEN_VARIABLE, Client
from serve.replay.shop import Manner, Shop


def main(args: Sequence[str] | None = None) -> int:
    """Replays, and prints a summary.

    Returns:
        0; 1 if plans could not be carried out.

    Raises:
        InputError: orders that cannot be read, or an endpoint that refused or is away.
    """
    options = _parser().parse_args(args)
    if options.speed is not None and not 0 < options.speed <= 1e9:
        raise InputError("--speed", options.speed, "seconds of the trace in a second, above 0", "correct the number")
    is_stated = options.clock == "request"
    if not is_stated and options.speed not in (None, 1.0):
        raise InputError("--speed", options.speed, "1 with --clock wall", "leave it out, or take --clock request")
    trace = read_orders(options.orders, options.seed, is_stated)
    settings = trace.network.settings[0]
    end = format_utc(int(settings["epoch_seconds"] + settings["end_seconds"]))
    print(f"{trace.scenario_id}: {trace.num_orders:,} orders to {options.url}")
    if is_stated:
        print(
            f"To decide as in a simulation, the endpoint must run with --clock request --calendar-end {end} "
            "and a database of its own."
        )
    manner = Manner(options.name or uuid.uuid4().hex[:8], is_stated, options.speed if is_stated else 1.0)
    columns = (TextColumn("orders"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Client(options.url, os.environ.get(TOKEN_VARIABLE)) as client, Progress(*columns) as progress:
        client.wait_until_ready()
        bar = progress.add_task("orders", total=trace.num_orders)
        shop = Shop(trace, client, manner, lambda number: progress.update(bar, completed=number))
        report = shop.play()
    print("\n".join(report.lines()))
    return 1 if report.strayed else 0


def _parser() -> Arguments:
    parser = Arguments(
        prog="routelab replay",
        description="Plays a trace or an order file against a running endpoint, as a shop would.",
    )
    parser.add_argument(
        "orders",
        nargs="+",
        metavar="ORDERS",
        help="a scenario and what to change in it (NAME KEY=VALUE ...), a trace file, or a folder of tables",
    )
    parser.add_argument("--url", default="http://127.0.0.1:8000", help="of the endpoint (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=TEST.start, help="of the trace that is drawn (default: %(default)s)"
    )
    parser.add_argument("--speed", type=float, help="seconds of the trace in a second; as fast as it goes if not given")
    parser.add_argument(
        "--clock",
        choices=("request", "wall"),
        default="request",
        help="request: the replay states the time; wall: orders of today, in real time (default: request)",
    )
    parser.add_argument("--name", help="that all ids begin with (default: a new one)")
    return parser


def read_orders(words: Sequence[str], seed: int, is_stated: bool) -> Trace:
    """The trace that ``routelab replay`` is asked to play.

    Args:
        words: a scenario's name and ``KEY=VALUE``, a ``.npz`` file, or a folder of tables (or its ``orders.csv``).
        seed: of what is drawn.
        is_stated: whether the replay states the time; if not, the scenario is moved to today.

    Raises:
        InputError: none of these, or something dated that would have to be moved.
    """
    first, changes = words[0], dict(_setting(word) for word in words[1:])
    path = Path(first)
    is_file = path.exists() or path.suffix in (".npz", ".csv")
    if is_file and not is_stated:
        raise InputError("--clock", "wall", "a scenario's name: orders of a file have their own dates", "leave it out")
    if path.suffix == ".npz":
        if words[1:]:
            raise InputError("ORDERS", words[1], "nothing after a trace file, which is drawn already", "leave it out")
        return load_trace(path)
    if is_file:
        folder = path.parent if path.suffix == ".csv" else path
        return draw_trace(load_scenario("tables", data=str(folder), **changes), seed)
    if not is_stated:
        zone = zone_of("time_zone", load_scenario(first, **changes).time_zone)
        midnight = utc_of(zone, datetime.fromtimestamp(time.time(), zone).date(), 0)
        changes["epoch"] = format_utc(midnight)
    return draw_trace(load_scenario(first, **changes), seed)


def _setting(word: str) -> tuple[str, object]:
    key, equals, text = word.partition("=")
    if not equals:
        raise InputError("ORDERS", word, "KEY=VALUE after a scenario's name", "write it like horizon_days=1")
    for read in (int, float):
        try:
            return key, read(text)
        except ValueError:
            continue
    return key, text
