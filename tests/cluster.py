"""A throw-away PostgreSQL cluster for tests: an ordinary user's, in a temporary folder, reached by a socket in it."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

USER = "tester"


class NoCluster(RuntimeError):
    """It cannot be started; the argument says why."""


def find_program(name: str) -> Path:
    """A program of PostgreSQL, on the path or where Debian puts it.

    Raises:
        NoCluster: it is not installed.
    """
    found = [shutil.which(name), *sorted(map(str, Path("/usr/lib/postgresql").glob(f"*/bin/{name}")), reverse=True)]
    for path in found:
        if path:
            return Path(path)
    raise NoCluster(f"PostgreSQL's {name} is not installed (Debian: apt install postgresql)")


@contextmanager
def cluster() -> Iterator[str]:
    """A running cluster, without fsync, for as long as the block lasts.

    Yields:
        URL of its database ``postgres``.

    Raises:
        NoCluster: it cannot be started.
    """
    initdb, control = find_program("initdb"), find_program("pg_ctl")
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    try:
        owner = _ordinary_user()
        if owner is not None:
            os.chown(folder, owner.pw_uid, owner.pw_gid)
        data = folder / "data"
        _run(owner, initdb, "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        # No port is opened: only the socket, whose folder is this cluster's own.
        settings = f"-c listen_addresses='' -c unix_socket_directories={folder} -c fsync=off -c max_connections=200"
        _run(owner, control, "-D", data, "-w", "-t", "60", "-l", folder / "log", "-o", settings, "start")
        try:
            yield f"postgresql://{USER}@/postgres?host={folder}"
        finally:
            _run(owner, control, "-D", data, "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _ordinary_user() -> pwd.struct_passwd | None:
    """Who runs the cluster: PostgreSQL refuses to be run by root; None: whoever runs the tests."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise NoCluster("root cannot run PostgreSQL, and there is no user postgres or nobody")


def _run(owner: pwd.struct_passwd | None, *command: str | Path) -> None:
    identity = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    done = subprocess.run(  # without a pipe: the server would hold it open
        list(map(str, command)),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        check=False,
        **identity,  # type: ignore[call-overload]
    )
    if done.returncode:
        raise NoCluster(f"{Path(command[0]).name} failed with {done.returncode}")
