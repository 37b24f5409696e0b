"""The process that solves prices: it gives what would be solved here, and it ends whatever happens."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from envs.pricer import solved_prices
from envs.state import new_observable
from serve.decisions.service import DecisionService
from serve.pricing.apart import NotSolved, solve_apart

SOLVER = [sys.executable, "-m", "serve.pricing.apart"]


def test_another_process_solves_the_same_prices(service: DecisionService) -> None:
    """And whatever happens to it does not happen here."""
    scheduled, network = service.scheduled, service.reader.public.expand()
    assert scheduled is not None
    seen = new_observable(network, 0)
    here = solved_prices(scheduled.pricer, network, seen)
    assert here.any()
    assert np.array_equal(solve_apart(scheduled.pricer, network, seen, 100), here)
    with pytest.raises(NotSolved, match="within"):
        solve_apart(scheduled.pricer, network, seen, 0.01)
    with pytest.raises(NotSolved, match=r"ended with 1, .*InputError$"):
        solve_apart(scheduled.pricer, network._replace(stock=network.stock[:1]), seen, 100)


def test_a_solver_ends_by_itself(service: DecisionService) -> None:
    """Even if nobody waits for it any more."""
    command = [*SOLVER, "0.1", str(os.getpid())]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:  # a job that never comes
        assert child.wait(100) == -signal.SIGALRM
    command[-1] = "1"  # it has ended
    assert subprocess.run(command, stdin=subprocess.DEVNULL, check=False).returncode == 1


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere its time limit ends it")
def test_a_solver_ends_with_who_started_it() -> None:
    """What is killed cannot end its children itself; the pipe that both write to is closed when both have ended."""
    code = "import os, subprocess, sys; subprocess.run([*sys.argv[1:], '1000', str(os.getpid())])"
    command, pipe = [sys.executable, "-c", code, *SOLVER], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe) as parent:  # the job never comes
        children = Path(f"/proc/{parent.pid}/task/{parent.pid}/children")
        while not children.read_text():
            assert parent.poll() is None
        parent.kill()
        assert parent.stdout is not None
        ready, _, _ = select.select([parent.stdout], [], [], 60)
        assert ready
        assert parent.stdout.read(1) == b""
