"""Training that is killed with SIGKILL, anywhere, and begun again gives the same policy, byte for byte."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from agents.learned.training import CHECKPOINT, SEARCH, VALUES, train
from scenarios import load_scenario
from tests.agents.learned.test_training import SHORT, vars_of, weights_of
from tests.conftest import ROOT

_TRAIN = """
import sys
from pathlib import Path
from agents.learned.training import TrainingConfig, train
from scenarios import load_scenario
from tests.agents.learned.test_killed_training import LONGER
train(load_scenario("tiny"), LONGER, Path(sys.argv[1]))
"""

LONGER = type(SHORT)(**{**vars_of(SHORT), "search_generations": 3, "total_steps": 2560})


def state_of(directory: Path) -> int:
    """Changes with every checkpoint."""
    written = [directory / name for name in (CHECKPOINT, SEARCH, VALUES)]
    return max((path.stat().st_mtime_ns for path in written if path.exists()), default=0)


@pytest.mark.slow
def test_killed_again_and_again(tmp_path):
    whole = train(load_scenario("tiny"), LONGER, tmp_path / "whole")
    broken, chance, num_killed = tmp_path / "broken", random.Random(5), 0
    broken.mkdir()
    for _ in range(3):
        running = subprocess.Popen([sys.executable, "-c", _TRAIN, str(broken)], cwd=ROOT, env=dict(os.environ))
        before, deadline = state_of(broken), time.monotonic() + 120
        while running.poll() is None and state_of(broken) == before and time.monotonic() < deadline:
            time.sleep(0.002)
        time.sleep(chance.random() * 0.15)  # somewhere between two checkpoints
        if running.poll() is None:
            running.send_signal(signal.SIGKILL)
            num_killed += 1
        running.wait(timeout=60)
    assert num_killed >= 2
    assert not (broken / "policy.zip").exists()
    resumed = train(load_scenario("tiny"), LONGER, broken)
    expected, found = weights_of(whole), weights_of(resumed)
    assert expected.keys() == found.keys()
    assert all(expected[name].numpy().tobytes() == found[name].numpy().tobytes() for name in expected)
