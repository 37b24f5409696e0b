"""``routelab serve``: answers orders over HTTP with an exported bundle."""

from __future__ import annotations

import argparse
import gc
import json
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from agents.bundle import Bundle, BundleAgent, read_bundle
from agents.bundle_folder import check_bundle_folder
from scenarios.arguments import Arguments
from scenarios.errors import InputError
from serve.admission.limits import Limits
from serve.admission.options import add_limits, limits_of
from serve.decisions.desk import Desk, DeskSettings
from serve.decisions.service import DEFAULT_BUDGET_SECONDS, DecisionService
from serve.monitoring.logs import writing_logs
from serve.monitoring.options import add_watch, staleness_of, watch_of
from serve.orders.known import Known
from serve.reviews.options import add_reviews, check_reviews, limits_of_reviews
from serve.reviews.version import note_version
from serve.stated_time import stated_utc
from serve.storage.database import DEFAULT_URL, Database
from serve.storage.seed import read_stock, seed
from serve.web.cores import CHOICES, check_cores, keep_to_core
from serve.web.processes import bound_socket, check_processes, run_together
from serve.web.safety import Exposure
from serve.web.tokens import Tokens, tokens_from_environment


def main(args: Sequence[str] | None = None) -> int:
    """Serves until interrupted, or prints an example request.

    Returns:
        0.

    Raises:
        InputError: the bundle is not sound.
    """
    parser = Arguments(prog="routelab serve", description="Answers orders over HTTP with a bundle.")
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="a folder written by routelab export")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen at (default: %(default)s)")
    parser.add_argument(
        "--budget-ms",
        type=float,
        default=1000 * DEFAULT_BUDGET_SECONDS,
        help="the policy's time for one decision; then a heuristic decides (default: %(default)g)",
    )
    parser.add_argument(
        "--database",
        default=DEFAULT_URL,
        metavar="URL",
        help="sqlite:///FILE, postgresql://..., or none: decide from snapshots alone (default: %(default)s)",
    )
    parser.add_argument("--inventory", type=Path, metavar="CSV", help="stock of a new database; else the bundle's")
    parser.add_argument(
        "--reservation-minutes", type=int, default=15, help="until an unconfirmed reservation expires (default: 15)"
    )
    parser.add_argument(
        "--clock", choices=("wall", "request"), default="wall", help="request: replays state the time (default: wall)"
    )
    parser.add_argument(
        "--calendar-end", metavar="TIME", help="with --clock request: where a simulation's calendar ends"
    )
    add_reviews(parser)
    add_watch(parser)
    parser.add_argument("--policies", type=Path, metavar="DIR", help="below it lie bundles that may be loaded")
    add_limits(parser)
    parser.add_argument("--processes", type=int, default=1, help="that serve together (default: %(default)s)")
    parser.add_argument(
        "--cores", choices=CHOICES, default="any", help="own: each process keeps to one (default: %(default)s)"
    )
    parser.add_argument("--development", action="store_true", help="accept what is unsafe, such as no tokens")
    parser.add_argument("--example-request", action="store_true", help="print a request that can be sent, and stop")
    options = parser.parse_args(args)
    if not 0 < options.budget_ms <= 60_000:
        raise InputError("--budget-ms", options.budget_ms, "milliseconds above 0, at most 60000", "correct the number")
    if not 0 <= options.port <= 65_535:
        raise InputError("--port", options.port, "a port from 0 to 65535", "correct the number")
    if not 0 < options.reservation_minutes <= 100_000:
        expected = "minutes from 1 to 100000"
        raise InputError("--reservation-minutes", options.reservation_minutes, expected, "correct the number")
    check_reviews(options)
    limits = limits_of(options)
    check_processes(options.processes, options.port, options.database != "none", options.clock == "request")
    check_cores(options.cores, options.processes)
    watch, staleness = watch_of(options), staleness_of(options)
    if options.calendar_end is not None and options.clock != "request":
        raise InputError(
            "--calendar-end", options.calendar_end, "--clock request", "no real calendar ends: leave it out"
        )
    check_bundle_folder("--bundle", options.bundle)
    bundle = read_bundle(options.bundle)  # wrong checksums end the command before anything is listened to
    end = _calendar_end(options.calendar_end, bundle)
    if options.example_request:
        print(json.dumps(example_request(bundle), indent=2))
        return 0
    tokens, open_desk = tokens_from_environment(), None
    exposure = Exposure(options.host, tokens, options.database != "none", options.clock == "request")
    if exposure.is_development(options.development):
        print("Development mode: " + ("anyone may ask for anything." if tokens is None else "unsafe options pass."))
    if options.policies is not None and not options.policies.is_dir():
        raise InputError("--policies", str(options.policies), "a folder that is there", "correct the path")
    if options.database != "none":
        review = limits_of_reviews(options, bundle.public)
        seconds, is_request_clock = 60 * options.reservation_minutes, options.clock == "request"
        settings = DeskSettings(seconds, is_request_clock, review, options.policies, watch, staleness, end)
        database = Database(options.database)
        open_desk = partial(load_desk, database=database, settings=settings, inventory=options.inventory)
    print(f"Checking {options.bundle}. The first time the rules are compiled, which takes about a minute.")
    print(f"http://{options.host}:{options.port}/health/ready answers 200 when that is done; /docs describes the API.")
    load = partial(load_service, bundle.path, options.budget_ms / 1000)
    serve = partial(_serve, options, load, open_desk, tokens, limits.of_each(options.processes))
    if options.processes > 1:
        return run_together(options.processes, serve)
    serve(0)
    return 0


def example_request(bundle: Bundle) -> dict[str, object]:
    """The golden case with the most lines, in the busiest network, as a request."""
    documents: list[dict[str, Any]] = [case.document for case in bundle.golden]

    def interest(document: dict[str, Any]) -> tuple[int, int]:
        return len(document["order"]["lines"]), len(document["snapshot"].get("bookings", []))

    return max(documents, key=interest)


def _calendar_end(stated: str | None, bundle: Bundle) -> int | None:
    """UTC seconds of ``--calendar-end``, which must lie where a calendar of the bundle's scenario can end."""
    if stated is None:
        return None
    end = stated_utc("--calendar-end", stated)
    try:
        Known(bundle.public, end)
    except InputError as error:
        expected = f"whole days after the scenario's epoch {bundle.public.epoch}"
        raise InputError("--calendar-end", stated, expected, "give the time that `routelab replay` prints") from error
    return end


def load_service(path: Path, budget_seconds: float) -> DecisionService:
    """Checks the bundle's golden cases, which also compiles the rules, and prepares to answer."""
    return DecisionService(BundleAgent(path), budget_seconds)


def load_desk(
    service: DecisionService, database: Database, settings: DeskSettings | None = None, inventory: Path | None = None
) -> Desk:
    """Makes or updates the schema, fills an empty database, and begins to keep what is due.

    Raises:
        InputError: stock of ``inventory`` that cannot be used.
        sqlalchemy.exc.OperationalError: the database is away.
    """
    known = Known(service.reader.public, settings.calendar_end if settings else None)
    rows = None if inventory is None else read_stock(inventory, known)
    database.migrate()
    with database.writing() as tx:
        seed(tx, known, rows)
    desk = Desk(service, database, known, settings or DeskSettings())
    with database.writing() as tx:
        note_version(tx, desk.audit, desk.review_version)
    desk.policies.start()
    desk.start()
    return desk


def _serve(
    options: argparse.Namespace,
    load: Callable[[], DecisionService],
    open_desk: Callable[[DecisionService], Desk] | None,
    tokens: Tokens | None,
    limits: Limits,
    number: int,
) -> None:
    import uvicorn

    from serve.app import create_app
    from serve.web.guard import Near

    if options.cores == "own":
        keep_to_core(number)  # before there are threads that work

    failures: list[Exception] = []

    def stop(error: Exception) -> None:
        failures.append(error)
        server.should_exit = True

    def be_ready() -> None:
        gc.collect()
        gc.freeze()  # what is there now stays: it need not be looked through for garbage again and again
        print(f"Ready: send orders to {url}/v1/decisions", flush=True)

    url = f"http://{options.host}:{options.port}"
    app = create_app(load, stop, open_desk, be_ready, tokens, limits)
    if tokens is None and not options.development:
        app.add_middleware(Near)
    config = uvicorn.Config(app, host=options.host, port=options.port, log_config=None, access_log=False)
    server = uvicorn.Server(config)
    with writing_logs(), bound_socket(options.host, options.port, options.processes > 1) as listening:
        server.run([listening])
    if failures:
        raise failures[0]
