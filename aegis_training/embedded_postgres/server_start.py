"""What a process that needs the server does: become a user, see to it that a keeper is there, connect."""

import contextlib
import os
import threading
import time
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import TypedDict

from aegis_training.shared_call import SharedCall

from . import locks, server_log
from .errors import EmbeddedPostgresError, disk_full, refused_by_system
from .launch import launch_keeper
from .layout import DATABASE, USER, DataDirectory
from .postmaster import read_pid_file
from .reasons import reason_in

RETRY_EVERY_S = 0.02
CONNECT_LIMIT_S = 5
RESTART_LIMIT_S = 30.0  # for a server that its keeper is just starting again
KEEP_FAILURE_S = 1.0  # an attempt costs two processes: not one for each of many requests


class ServerAddress(TypedDict):
    """How to connect; the names are those of libpq's parameters."""

    host: str  # directory of the socket
    port: int
    user: str
    dbname: str


_one_call_at_a_time = threading.RLock()
_used: dict[Path, int] = {}  # the descriptors that make this process a user, open until it ends
_attempts: dict[Path, SharedCall[ServerAddress]] = {}


def ensure_server(data_dir: Path) -> ServerAddress:
    """Guarantee that the PostgreSQL of `data_dir` accepts connections, and keep it until this process ends.

    `data_dir` is made if missing and belongs to the server alone; as root it may be given to another user
    (`account.py`). It may be called from any thread and any number of processes, and again after a fork: the
    child is a user of its own right. A process that replaces itself by exec has to call it again. Raises
    EmbeddedPostgresError.
    """
    return start_server(data_dir).result()


def start_server(data_dir: Path) -> "Future[ServerAddress]":
    """The same without waiting for it. All who ask at the same time share one attempt."""
    path = Path(os.path.realpath(data_dir))
    if path not in _attempts:  # two that come at the same moment agree on the first
        attempt = SharedCall(partial(_ensure, path), name="embedded-postgres", keep_failure_s=KEEP_FAILURE_S)
        _attempts.setdefault(path, attempt)
    return _attempts[path].join()


def trouble_of(data_dir: Path) -> str:
    """What the server's log says last, for when it does not come up: in our words, or in its own."""
    directory = DataDirectory(Path(os.path.realpath(data_dir)))
    try:
        said = server_log.tail(directory)
    except OSError as error:
        return str(refused_by_system(error, directory.path))
    return reason_in(said) or f"its log {directory.log} ends with: {said}"


def _ensure(path: Path) -> ServerAddress:
    with _one_call_at_a_time:
        directory = DataDirectory(path)
        if path in _used and not locks.is_lock_of(_used[path], directory.users_lock):
            if not directory.cluster.exists():  # a new, empty database would hide that
                raise EmbeddedPostgresError(
                    f"{path} was removed while it was in use: put it back, or start again with a new, empty database."
                )
            os.close(_used.pop(path))
        was_used = path in _used
        try:
            if not was_used:
                directory.create()
                _used[path] = locks.take_shared(directory, directory.users_lock)
            with locks.exclusive(directory, directory.start_lock) as start_lock:
                return _reach(directory, start_lock)
        except BaseException as error:
            if not was_used and path in _used:
                os.close(_used.pop(path))
            if isinstance(error, OSError):
                raise refused_by_system(error, path) from error
            raise


def _reach(directory: DataDirectory, start_lock: int) -> ServerAddress:
    """Return when a connection succeeded, after starting a keeper if there is none."""
    deadline = time.monotonic() + RESTART_LIMIT_S
    while True:
        keeper_lock = locks.try_exclusive(directory, directory.keeper_lock)
        if keeper_lock is not None:
            try:
                launch_keeper(directory, start_lock, keeper_lock)
            finally:
                os.close(keeper_lock)  # the keeper has it, or has given it up
        address, refusal = _connect(directory)
        if address is not None:
            return address
        if time.monotonic() > deadline:
            raise EmbeddedPostgresError(
                f"The embedded PostgreSQL in {directory.path} has not accepted a connection for "
                f"{RESTART_LIMIT_S:.0f} s ({refusal}): {trouble_of(directory.path)}"
            )
        time.sleep(RETRY_EVERY_S)


def _connect(directory: DataDirectory) -> tuple[ServerAddress | None, str]:
    """The address, after making sure of the database, or None and why the server did not let us in."""
    import psycopg  # here, because the keeper imports this package too and must start fast without it

    running = read_pid_file(directory.cluster)
    if running is None:
        return None, "it is not running"
    address = ServerAddress(host=running.socket_directory, port=running.port, user=USER, dbname=DATABASE)
    try:
        with psycopg.connect(
            host=address["host"],
            port=address["port"],
            user=USER,
            dbname="postgres",
            autocommit=True,
            connect_timeout=CONNECT_LIMIT_S,
        ) as connection:
            known = connection.execute("SELECT FROM pg_database WHERE datname = %s", [DATABASE]).rowcount
            if not known:
                with contextlib.suppress(psycopg.errors.DuplicateDatabase):
                    connection.execute(f"CREATE DATABASE {DATABASE} TEMPLATE template0")
    except psycopg.errors.DiskFull as error:
        raise disk_full(directory.path) from error
    except psycopg.Error as error:
        return None, " ".join(str(error).split())
    return address, ""


# A fork waits for the end of a call: a child with a copy of locks that are meant to be short would keep them.
os.register_at_fork(
    before=_one_call_at_a_time.acquire,
    after_in_parent=_one_call_at_a_time.release,
    after_in_child=_one_call_at_a_time.release,
)
