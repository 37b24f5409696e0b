"""``routelab fetch``: takes a bundle from MLflow's model registry, and checks it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from experiments.model_registry import Alias, fetch
from scenarios.arguments import Arguments

TRACKING_URI = "sqlite:///runs/mlflow.db"


def main(arguments: Sequence[str] | None = None) -> int:
    """Fetches and checks.

    Returns:
        0.

    Raises:
        InputError: see ``experiments.model_registry.fetch``.
    """
    parser = Arguments(prog="routelab fetch", description="Takes a bundle from MLflow's model registry.")
    parser.add_argument("alias", metavar="NAME@ALIAS", help="a registered model, such as shop@champion")
    parser.add_argument("--into", type=Path, required=True, metavar="FOLDER", help="a folder, to be made")
    parser.add_argument("--tracking-uri", default=TRACKING_URI, metavar="URI", help="of MLflow (default: %(default)s)")
    options = parser.parse_args(arguments)
    bundle = fetch(Alias.parse("alias", options.alias), options.tracking_uri, options.into)
    print(f"Bundle: {bundle.path} ({bundle.plan.name}, {bundle.sha256})")
    print(f"Serve it: routelab serve --bundle {bundle.path}")
    print(f"Load it into an endpoint with --policies {bundle.path.parent}: routelab policy load {bundle.path.name}")
    return 0
