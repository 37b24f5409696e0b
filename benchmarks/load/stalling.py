"""``python -m benchmarks.load.stalling FILE ...``: ``routelab serve`` with a policy that stalls while there is a FILE.

The rest are the options of ``routelab serve``, which knows nothing of it.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np

from agents.bundle import BundleAgent
from serve.command import main

CALL_SECONDS = 5.0
"""That each call of the policy takes while it stalls."""


def stall_while(switch: Path) -> None:
    """Makes every policy of this process stall as long as the file is there."""
    sound = BundleAgent.scores

    def scores(agent: BundleAgent, features: np.ndarray, context: np.ndarray) -> np.ndarray:
        if switch.exists():
            time.sleep(CALL_SECONDS)
        return sound(agent, features, context)

    BundleAgent.scores = scores  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    stall_while(Path(sys.argv[1]))
    raise SystemExit(main(sys.argv[2:]))
