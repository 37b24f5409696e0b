"""The two servers of the benchmark: the endpoint as it is started by hand, and a bare echo of the same requests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path(__file__).resolve().parents[2]
_READY_SECONDS = 300.0
_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Server:
    """A running one.

    Attributes:
        pid: of its first process.
        port: at which it listens on this machine.
    """

    pid: int
    port: int

    def cpu_seconds(self) -> float:
        """That it has used."""
        fields = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self.processes()]
        return sum(int(row[11]) + int(row[12]) for row in fields) / _TICKS

    def megabytes(self) -> float:
        """Of memory that it has now; what processes share is counted for each."""
        statuses = [Path(f"/proc/{pid}/status").read_text() for pid in self.processes()]
        return sum(int(status.partition("VmRSS:")[2].split()[0]) for status in statuses) / 1024

    def processes(self) -> list[int]:
        """Its own and its children."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, children)]


def machine_cpu_seconds() -> float:
    """That all processes of this machine have used together."""
    user, nice, system, _, _, interrupts, soft = Path("/proc/stat").read_text().split(maxsplit=8)[1:8]
    return sum(map(int, (user, nice, system, interrupts, soft))) / _TICKS


@contextmanager
def endpoint(bundle: Path, database: str, port: int, options: Sequence[str] = ()) -> Iterator[Server]:
    """``routelab serve``, once it can answer."""
    command = ["-m", "routelab", "serve", "--bundle", str(bundle), "--database", database, "--port", str(port)]
    with _started([*command, *options], port, "/health/ready") as server:
        yield server


@contextmanager
def stalling(bundle: Path, database: str, port: int, switch: Path) -> Iterator[Server]:
    """The same in one process, with a policy that stalls while there is a file."""
    command = ["-m", "benchmarks.load.stalling", str(switch), "--bundle", str(bundle), "--database", database]
    with _started([*command, "--port", str(port), "--client-rate", "none"], port, "/health/ready") as server:
        yield server


@contextmanager
def echo(port: int) -> Iterator[Server]:
    """FastAPI and nothing else: the request is checked, and sent back."""
    with _started(["-m", "benchmarks.load.echo", str(port)], port, "/health/live") as server:
        yield server


@contextmanager
def _started(command: Sequence[str], port: int, path: str) -> Iterator[Server]:
    process = subprocess.Popen(
        [sys.executable, *command],
        cwd=_ROOT,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait(process, f"http://127.0.0.1:{port}{path}")
        yield Server(process.pid, port)
    finally:
        process.terminate()
        process.wait()


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    deadline = time.monotonic() + _READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"{url} does not answer")
