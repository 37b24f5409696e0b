"""Prices are solved in a process of its own: compiled code holds Python's lock, and orders must not wait for it.

A crash, or a solution that takes too long, ends that process alone.
"""

from __future__ import annotations

import io
import os
import pickle
import signal
import subprocess
import sys

import numpy as np

from agents.dual.pricer import DualPricer
from envs.pricer import solved_prices
from envs.state import Observable
from scenarios.network import Network
from serve.web.cores import given_cores
from serve.web.processes import end_with

NICE = 10
"""Decisions go first."""


class NotSolved(RuntimeError):
    """The process gave no prices; the argument says why, without any data."""


def solve_apart(pricer: DualPricer, network: Network, seen: Observable, seconds: float) -> np.ndarray:
    """What ``envs.pricer.solved_prices`` gives, int64 (W, K), solved by another process.

    Args:
        pricer: who solves.
        network: public arrays.
        seen: the state.
        seconds: after which the process is ended.

    Raises:
        NotSolved: it was ended, or failed.
    """
    command = [sys.executable, "-P", "-m", __name__, str(seconds), str(os.getpid()), *map(str, given_cores())]
    # -P: what lies in the working directory is no module
    job = pickle.dumps((pricer, network, seen))
    places = os.pathsep.join(path or os.getcwd() for path in sys.path)
    environment = {**os.environ, "PYTHONPATH": places}  # the modules of this process, wherever they came from
    try:
        done = subprocess.run(command, input=job, capture_output=True, timeout=seconds, check=False, env=environment)
    except subprocess.TimeoutExpired as error:
        raise NotSolved(f"not solved within {seconds:g} s") from error
    if done.returncode != 0:
        told = done.stderr.decode(errors="replace").strip().rpartition("\n")[2].partition(":")[0]
        raise NotSolved(f"the process ended with {done.returncode}, {told[:80]}")
    table: np.ndarray = np.load(io.BytesIO(done.stdout), allow_pickle=False)
    return table


def main() -> None:
    """Solves what is sent to standard input by the process that started this one; prices go to standard output.

    Arguments are the seconds after which this process ends, and the id of that one, with which it ends: a limit that
    only who waits knows would not outlive him. Then come the cores that may be used, if that one is bound to one.
    """
    if sys.argv[3:]:
        os.sched_setaffinity(0, map(int, sys.argv[3:]))
    if hasattr(signal, "setitimer"):  # not on Windows
        signal.setitimer(signal.ITIMER_REAL, float(sys.argv[1]))
    end_with(int(sys.argv[2]))
    os.nice(NICE)
    pricer, network, seen = pickle.load(sys.stdin.buffer)
    file = io.BytesIO()
    np.save(file, solved_prices(pricer, network, seen), allow_pickle=False)
    sys.stdout.buffer.write(file.getvalue())


if __name__ == "__main__":
    main()
