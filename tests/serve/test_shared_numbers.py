"""Numbers of processes that serve together meet in files: what is in flight in any of them is told by all."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.serve.racing import ROOT

TOGETHER = """
import asyncio, os
from serve.admission.line import Line
from serve.monitoring.metrics import told

async def play(num_waiting):
    line = Line(in_flight=2, waiting=num_waiting)
    for _ in range(2):
        await line.enter()
    waiting = [asyncio.ensure_future(line.enter()) for _ in range(num_waiting)]
    await asyncio.sleep(0)
    if waiting:
        waiting[0].cancel()
        await asyncio.sleep(0)
        os._exit(0)
    line.leave()

child = os.fork()
asyncio.run(play(0 if child else 2))
assert os.waitpid(child, 0)[1] == 0
print(told().decode())
"""


def test_what_is_in_flight_is_added_over_processes(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    metrics = subprocess.check_output([sys.executable, "-c", TOGETHER], env=environment, timeout=60, text=True)
    assert "routelab_decisions_in_flight 3.0" in metrics
    assert "routelab_decisions_waiting 1.0" in metrics
