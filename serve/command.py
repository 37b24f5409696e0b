"""``routelab serve``: where several processes put their numbers is said before there are any, then ``serve.main``."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence

from scenarios.arguments import Arguments

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The environment variable of prometheus-client, which looks at it when it is imported."""


def main(args: Sequence[str] | None = None) -> int:
    """Serves; see ``serve.main``."""
    if SHARED in os.environ or "prometheus_client" in sys.modules or not _are_several(args):
        return _serve(args)
    os.environ[SHARED] = tempfile.mkdtemp(prefix="routelab-numbers-")
    try:
        return _serve(args)
    finally:
        shutil.rmtree(os.environ.pop(SHARED), ignore_errors=True)


def _are_several(args: Sequence[str] | None) -> bool:
    """Whether more than one process is asked for; what cannot be asked for is refused later."""
    parser = Arguments(add_help=False)
    parser.add_argument("--processes", default="1")
    return parser.parse_known_args(args)[0].processes != "1"


def _serve(args: Sequence[str] | None) -> int:
    from serve.main import main as serve

    return serve(args)
