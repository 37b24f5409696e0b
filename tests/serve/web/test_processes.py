"""Processes that serve one address together."""

from __future__ import annotations

import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from itertools import count, pairwise, takewhile
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from benchmarks.load.run import cores_for
from scenarios.errors import InputError
from serve.admission.limits import Limits
from serve.audit.log import complaints
from serve.storage import tables
from serve.storage.database import Database
from serve.storage.file_turn import FileTurn
from serve.web.processes import _end, bound_socket, check_processes
from tests.serve.racing import ROOT


@pytest.mark.parametrize(
    ("number", "port", "is_request_clock", "key"),
    [
        (0, 8000, False, "--processes"),
        (65, 8000, False, "--processes"),
        (2, 0, False, "--port"),
        (2, 8000, True, "--processes"),
    ],
)
def test_what_processes_cannot_do_is_refused(number: int, port: int, is_request_clock: bool, key: str) -> None:
    with pytest.raises(InputError, match=key):
        check_processes(number, port, True, is_request_clock)


def test_one_process_may_do_anything() -> None:
    check_processes(1, 0, True, True)


def test_limits_are_shared_out() -> None:
    each = Limits(waiting=9, client_rate=10.0, decision_rate=None).of_each(2)
    assert (each.in_flight, each.waiting, each.client_rate, each.decision_rate) == (4, 5, 5.0, None)


def test_a_turn_is_handed_on_when_its_process_dies(tmp_path: Path) -> None:
    path = tmp_path / "shop.db"
    holding = (
        "import sys, time; from pathlib import Path; from serve.storage.file_turn import FileTurn\n"
        "with FileTurn(Path(sys.argv[1]), 1)(): print(flush=True); time.sleep(60)"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", holding, str(path)], stdout=subprocess.PIPE, env=environment, cwd=ROOT
    ) as other:
        assert other.stdout is not None
        other.stdout.readline()
        other.kill()
        with FileTurn(path, 60)():
            pass


def test_nobody_waits_for_ever_for_a_turn(tmp_path: Path) -> None:
    """Of another process, for which another open file stands here, or of another thread."""
    path = tmp_path / "shop.db"
    mine, others = FileTurn(path, 0.05), FileTurn(path, 0.05)
    with others():
        with pytest.raises(OperationalError, match="keeps its turn"), mine():
            pass
        with pytest.raises(OperationalError), others():
            pass
    with mine():
        pass


def test_who_had_the_turn_comes_after_who_waits(tmp_path: Path) -> None:
    """Two who want to write again at once, each for 2 ms, take turns."""
    order = list[int]()

    def work(number: int) -> None:
        own = FileTurn(tmp_path / "shop.db", 60)
        for _ in range(50):
            with own():
                order.append(number)
                time.sleep(0.002)

    began = time.monotonic()
    with ThreadPoolExecutor(2) as threads:
        for done in [threads.submit(work, number) for number in range(2)]:
            done.result()
    assert time.monotonic() - began < 10 * 100 * 0.002  # of a busy machine
    assert sum(one != other for one, other in pairwise(order)) > 60


TOGETHER = """
import signal
from pathlib import Path
from scenarios.errors import InputError
from serve.web.processes import run_together
mark = Path("{mark}")

def serve(number):
    try:
        mark.touch(exist_ok=False)
    except FileExistsError:
        raise InputError("bundle", "bad", "a good one", "get it") from None
    signal.pause()

raise SystemExit(run_together(2, serve))
"""


def test_together_or_not_at_all(tmp_path: Path) -> None:
    """One of two cannot go on: the other one, who would, is told to end."""
    code = TOGETHER.format(mark=tmp_path / "first")
    done = run_code(code)
    assert done.returncode == 1
    assert b"expected a good one" in done.stderr


def run_code(code: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, timeout=60)


def test_errors_of_a_child_are_told() -> None:
    done = run_code(
        "from serve.web.processes import run_together\nraise SystemExit(run_together(2, lambda number: 1 / 0))"
    )
    assert done.returncode == 1
    assert b"ZeroDivisionError" in done.stderr


@pytest.mark.parametrize("is_shared", [False, True])
def test_a_port_that_somebody_has_is_named(is_shared: bool) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(InputError, match="--port"):
            bound_socket("127.0.0.1", other.getsockname()[1], is_shared)


EARLY = """
import os, signal, time
from serve.web import processes

child = processes._child
def told_meanwhile(*arguments):
    pid = child(*arguments)
    os.kill(os.getpid(), signal.SIGTERM)
    return pid

processes._child = told_meanwhile
raise SystemExit(processes.run_together(3, lambda number: time.sleep(60)))
"""


def test_who_is_told_to_end_while_it_forks_leaves_nobody() -> None:
    assert run_code(EARLY).returncode == 0


def test_one_that_has_just_ended_is_no_error() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait()
        _end({ended.pid})


ALONE = """
import os, time
from serve.web.processes import run_together

def serve(number):
    os.write(1, f"{os.getpid()}\\n".encode())
    time.sleep(60)

run_together(2, serve)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a service of Linux")
def test_a_parent_that_is_killed_leaves_nobody() -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", ALONE], stdout=subprocess.PIPE, env=environment) as parent:
        assert parent.stdout is not None
        for _ in range(2):
            assert int(parent.stdout.readline())
        parent.kill()
        assert parent.stdout.read() == b""  # comes when no child has it open


def steady_port() -> int:
    """One that is free, and below those that systems give clients: none connects to itself while nobody listens."""
    while True:
        port = random.randrange(16_384, 32_768)
        with socket.socket() as free, suppress(OSError):
            free.bind(("127.0.0.1", port))
            return port


@contextmanager
def served(
    bundle: Path, database: str, *options: str, port: int | None = None
) -> Iterator[tuple[subprocess.Popen[bytes], int]]:
    """The command, and the port at which it answers; a free one unless it is given."""
    port = port or steady_port()
    command = [sys.executable, "-m", "routelab", "serve", "--bundle", str(bundle), "--database", database]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen([*command, "--port", str(port), *options], cwd=ROOT, env=environment)
    try:
        yield process, port
    finally:
        process.terminate()
        process.wait()


def asked(port: int, document: dict[str, Any]) -> dict[str, Any]:
    """An answer, as soon as somebody listens."""
    content = json.dumps(document).encode()
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/v1/decisions", content, {"content-type": "application/json"}
    )
    until = time.monotonic() + 60
    while True:
        try:
            with urllib.request.urlopen(request) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except OSError:  # not yet, or 503
            assert time.monotonic() < until
            time.sleep(0.2)


def scrape(port: int, name: str = "routelab_arm_decisions_total") -> float:
    """A number that Prometheus is told, of all its labels; by default decisions kept."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as answer:
        lines = answer.read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith((f"{name}{{", f"{name} ")))


@pytest.mark.slow
def test_two_processes_keep_one_record(
    sound_bundle: Path, tmp_path: Path, make_request: Callable[..., dict[str, Any]]
) -> None:
    url, order = f"sqlite:///{tmp_path / 'shop.db'}", make_request()["order"]
    fresh = {name: order[name] for name in ("region", "lines")} | {"promise_at": "2099-01-01T00:00:00Z"}
    fresh["lines"] = [{"sku": line["sku"], "units": 1} for line in order["lines"]]
    is_seen, lines = threading.Event(), ("routelab_decisions_in_flight", "routelab_decisions_waiting")

    def ask(side: int) -> list[str]:
        """Orders one after another, at least five, until the line was seen."""
        numbers = takewhile(lambda i: i < 5 or not is_seen.is_set(), count())
        return [asked(port, {"order": {**fresh, "id": f"order {side} {i}"}})["decision_id"] for i in numbers]

    cores = cores_for(2)
    with (
        served(sound_bundle, url, "--processes", "2", "--in-flight", "1", "--cores", cores) as (process, port),
        ThreadPoolExecutor(8) as threads,
    ):
        asked(port, {"order": {**fresh, "id": "first"}})
        sides = [threads.submit(ask, side) for side in range(8)]
        most, until = [0.0, 0.0], time.monotonic() + 60
        while not all(most) and time.monotonic() < until:
            most = [max(high, scrape(port, name)) for high, name in zip(most, lines, strict=True)]
        is_seen.set()
        told = [decision_id for side in sides for decision_id in side.result()]
        assert 1 <= most[0] <= 2  # one of each process
        assert 1 <= most[1] <= 8
        while any(scrape(port, name) for name in lines):  # the last answers are sent before their places are free
            assert time.monotonic() < until + 60
        scraped = {scrape(port) for _ in range(20)}  # whichever process answers
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        if cores == "own":
            first, second = (os.sched_getaffinity(int(child)) for child in children)
            assert len(first) == len(second) == 1
            assert first != second
        os.kill(int(children[0]), signal.SIGKILL)
        assert process.wait(timeout=60) == 1
    assert scraped == {float(1 + len(told))}
    database = Database(url)
    with database.reading() as tx:
        assert set(told) <= set(tx.execute(select(tables.decisions.c.id)).scalars())
        assert tx.execute(select(func.count(tables.audit.c.writer.distinct()))).scalar() == 2
        assert list(complaints(tx)) == []
    database.close()
