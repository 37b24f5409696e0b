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
GUARDED = "guarded"
"""Who must give a password, once he is made; ``USER`` need not."""


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


class Cluster:
    """A cluster without fsync that can be stopped and started again.

    Attributes:
        url: of its database ``postgres``.
    """

    def __init__(self, folder: Path) -> None:
        self._folder, self._owner = folder, _ordinary_user()
        self._initdb, self._control = find_program("initdb"), find_program("pg_ctl")
        if self._owner is not None:
            os.chown(folder, self._owner.pw_uid, self._owner.pw_gid)
        self.url = f"postgresql://{USER}@/postgres?host={folder}"
        self._run(self._initdb, "-U", USER, "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
        rules = folder / "data" / "pg_hba.conf"
        rules.write_text(f"local all {GUARDED} scram-sha-256\n" + rules.read_text())  # the first that fits holds

    def start(self) -> None:
        """Opens no port, only the socket, whose folder is this cluster's own."""
        settings = f"-c listen_addresses='' -c unix_socket_directories={self._folder} -c fsync=off"
        log = self._folder / "log"
        self._run(self._control, "-w", "-t", "60", "-l", log, "-o", f"{settings} -c max_connections=200", "start")

    def stop(self) -> None:
        """At once: connections break."""
        self._run(self._control, "-w", "-m", "immediate", "stop")

    def _run(self, program: Path, *arguments: str | Path) -> None:
        owner = self._owner
        identity = {} if owner is None else {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
        done = subprocess.run(  # without a pipe: the server would hold it open
            [str(program), "-D", str(self._folder / "data"), *map(str, arguments)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            cwd="/",
            check=False,
            **identity,  # type: ignore[call-overload]
        )
        if done.returncode:
            raise NoCluster(f"{program.name} failed with {done.returncode}")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A running cluster for as long as the block lasts.

    Raises:
        NoCluster: it cannot be started.
    """
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))  # a socket's path must be short
    try:
        made = Cluster(folder)
        made.start()
        try:
            yield made
        finally:
            made.stop()
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
