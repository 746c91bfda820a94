"""Users of an embedded server, each a process of its own, and waiting for processes."""

import json
import os
import pwd
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.support.project import PROJECT

on_linux = pytest.mark.skipif(sys.platform != "linux", reason="looks processes up in /proc")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root: about the server of another account")

LIMIT_S = 60
NOBODY = pwd.getpwnam("nobody")

# Root without root's rights: who may do what is decided as for any user, but the files are root's.
AS_ORDINARY_USER = ("unshare", "--user", f"--map-user={NOBODY.pw_uid}", f"--map-group={NOBODY.pw_gid}", "--")

# A user tells how it fared in one line and stays one until its standard input ends.
USER = """
import json, sys
from pathlib import Path
from aegis_training.embedded_postgres import EmbeddedPostgresError, ensure_server
try:
    print(json.dumps(ensure_server(Path(sys.argv[1]))), flush=True)
except EmbeddedPostgresError as error:
    print(json.dumps(str(error)), flush=True)
sys.stdin.read()
"""


class User:
    """A process that uses the server of `data_dir`."""

    def __init__(self, data_dir: Path, program: str = USER, *, prefix: Sequence[str] = (), **options: Any) -> None:
        self.process = subprocess.Popen(
            [*prefix, sys.executable, "-c", program, data_dir],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            **{"env": {**os.environ, "PYTHONPATH": str(PROJECT)}, "cwd": "/", **options},
        )
        self._told: Any = None

    @property
    def told(self) -> Any:
        if self._told is None:
            assert self.process.stdout
            assert select.select([self.process.stdout], [], [], LIMIT_S)[0], "the user tells nothing"
            self._told = json.loads(self.process.stdout.readline())
        return self._told

    @property
    def address(self) -> dict[str, Any]:
        assert isinstance(self.told, dict), self.told
        return self.told

    @property
    def error(self) -> str:
        assert isinstance(self.told, str), self.told
        return self.told

    def execute(self, statement: str) -> Any:
        """The first value of the first row, if the statement gives rows."""
        with psycopg.connect(**self.address, autocommit=True) as connection:
            cursor = connection.execute(statement)
            row = cursor.fetchone() if cursor.description else None
            return row and row[0]

    def server(self) -> Any:
        """What only this very server says: the moment of its start."""
        return self.execute("SELECT pg_postmaster_start_time()")

    def leave(self) -> None:
        assert self.process.stdin
        self.process.stdin.close()
        self.process.wait(LIMIT_S)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(LIMIT_S)

    def let_go(self) -> None:
        """Close the pipes to it."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()


Join = Callable[..., User]


def postmaster_pid(data_dir: Path) -> int:
    return int((data_dir / "cluster/postmaster.pid").read_text().split()[0])


def keeper_pid(data_dir: Path) -> int:
    return int((data_dir / "keeper.lock").read_text())


def await_end(pid: int) -> None:
    """Return when the process has ended, reaped or not."""
    try:
        ending = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        assert select.select([ending], [], [], LIMIT_S)[0], f"process {pid} does not end"
    finally:
        os.close(ending)


def await_end_of_all(data_dir: Path) -> None:
    await_end(keeper_pid(data_dir))
    if (data_dir / "cluster/postmaster.pid").exists():  # its keeper was killed and it was not taken over
        os.kill(postmaster_pid(data_dir), signal.SIGINT)
        await_end(postmaster_pid(data_dir))


def await_true(condition: Callable[[], Any]) -> Any:
    """Return what `condition` gives as soon as that is true. For what tells nobody of itself."""
    deadline = time.monotonic() + LIMIT_S
    while not (value := condition()):
        assert time.monotonic() < deadline, "did not come true"
        time.sleep(0.005)
    return value


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    await_end(pid)


def without_unshare() -> dict[str, str]:
    """An environment in which root finds no way into a user namespace."""
    return {**os.environ, "PYTHONPATH": str(PROJECT), "PATH": "/nonexistent"}


def processes_on(path: Path, program: str) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except (FileNotFoundError, ProcessLookupError):
                continue
            if os.fsencode(path) in arguments and os.path.basename(arguments[0]) == program.encode():
                found.append(int(entry.name))
    return found
