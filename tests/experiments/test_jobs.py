"""Work in several processes: all results come, and nobody outlives the one that asked."""

from __future__ import annotations

import operator
import os
import subprocess
import sys
import time
from pathlib import Path

from experiments.jobs import at_once

CHILDREN = """
import time, multiprocessing, threading
from experiments.jobs import at_once
def tell():
    while len(multiprocessing.active_children()) < 2: time.sleep(0.05)
    print(*(child.pid for child in multiprocessing.active_children()), flush=True)
threading.Thread(target=tell, daemon=True).start()
list(at_once(time.sleep, [(300,), (300,)], 2))
"""


def test_all_results_come():
    assert sorted(at_once(operator.mul, [(2, 3), (4, 5), (6, 7)], 2)) == [6, 20, 42]
    assert list(at_once(operator.mul, [], 2)) == []


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    status = Path(f"/proc/{pid}/stat")
    return not status.exists() or status.read_text().rpartition(")")[2].split()[0] != "Z"


def test_a_killed_caller_leaves_no_process_behind(repository):
    asker = subprocess.Popen([sys.executable, "-c", CHILDREN], cwd=repository, stdout=subprocess.PIPE, text=True)
    with asker:
        assert asker.stdout is not None
        children = [int(word) for word in asker.stdout.readline().split()]
        time.sleep(1.0)  # they import what they need
        asker.kill()
        asker.wait()
    assert len(children) == 2
    until = time.monotonic() + 20
    while any(map(is_alive, children)) and time.monotonic() < until:
        time.sleep(0.1)
    assert not any(map(is_alive, children))
