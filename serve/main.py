"""``routelab serve``: answers orders over HTTP with an exported bundle."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from agents.bundle import Bundle, BundleAgent, read_bundle
from scenarios.errors import InputError
from serve.service import DEFAULT_BUDGET_SECONDS, DecisionService


def main(args: Sequence[str] | None = None) -> int:
    """Serves until interrupted, or prints an example request.

    Returns:
        0.

    Raises:
        InputError: the bundle is not sound.
    """
    parser = argparse.ArgumentParser(prog="routelab serve", description="Answers orders over HTTP with a bundle.")
    parser.add_argument("--bundle", type=Path, required=True, metavar="DIR", help="a folder written by routelab export")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen at (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8000, help="port to listen at (default: %(default)s)")
    parser.add_argument(
        "--budget-ms",
        type=float,
        default=1000 * DEFAULT_BUDGET_SECONDS,
        help="the policy's time for one decision; then a heuristic decides (default: %(default)g)",
    )
    parser.add_argument("--example-request", action="store_true", help="print a request that can be sent, and stop")
    options = parser.parse_args(args)
    if not 0 < options.budget_ms <= 60_000:
        raise InputError("--budget-ms", options.budget_ms, "milliseconds above 0, at most 60000", "correct the number")
    if not 0 <= options.port <= 65_535:
        raise InputError("--port", options.port, "a port from 0 to 65535", "correct the number")
    bundle = read_bundle(options.bundle)  # wrong checksums end the command before anything is listened to
    if options.example_request:
        print(json.dumps(example_request(bundle), indent=2))
        return 0
    _serve(bundle.path, options.host, options.port, options.budget_ms / 1000)
    return 0


def example_request(bundle: Bundle) -> dict[str, object]:
    """The golden case with the most lines, in the busiest network, as a request."""
    documents: list[dict[str, Any]] = [case.document for case in bundle.golden]

    def interest(document: dict[str, Any]) -> tuple[int, int]:
        return len(document["order"]["lines"]), len(document["snapshot"].get("bookings", []))

    return max(documents, key=interest)


def load_service(path: Path, budget_seconds: float) -> DecisionService:
    """Checks the bundle's golden cases, which also compiles the rules, and prepares to answer."""
    return DecisionService(BundleAgent(path), budget_seconds)


def _serve(path: Path, host: str, port: int, budget_seconds: float) -> None:
    import uvicorn

    from serve.app import create_app

    failures: list[Exception] = []

    def stop(error: Exception) -> None:
        failures.append(error)
        server.should_exit = True

    def load() -> DecisionService:
        service = load_service(path, budget_seconds)
        print(f"Ready: send orders to http://{host}:{port}/v1/decisions", flush=True)
        return service

    app = create_app(load, stop)
    server = uvicorn.Server(uvicorn.Config(app, host=host, port=port))
    print(f"Checking {path}. The first time the rules are compiled, which takes about a minute.")
    print(f"http://{host}:{port}/health/ready answers 200 when that is done; the API is described at /docs.")
    server.run()
    if failures:
        raise failures[0]
