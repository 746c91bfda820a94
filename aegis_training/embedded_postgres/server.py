"""The server of one data directory: made, started or taken over, and stopped. For the keeper alone."""

import contextlib
import os
import shutil
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

from . import locks, server_log
from .account import Account, choose_account
from .errors import WAYS_OUT, EmbeddedPostgresError
from .layout import PORT, USER, DataDirectory
from .postmaster import Postmaster, clear_stale_files, read_pid_file, serves
from .reasons import reason_in
from .shared_memory import shared_memory_type
from .socket_directory import choose_socket_directory

LOOK_EVERY_S = 0.01  # PostgreSQL tells of its readiness in a file only
REMAINS_LIMIT_S = 60.0  # for processes that outlived their postmaster

INITDB_OPTIONS = (
    "--encoding=UTF8",
    "--locale=C",  # the same on every machine, as is the builtin provider, which decides sorting and case
    "--locale-provider=builtin",
    "--builtin-locale=C.UTF-8",
    "--auth=trust",  # who reaches the socket owns the files
    f"--username={USER}",
    "--no-instructions",
)

# Given on the command line and not in postgresql.conf, so that they hold for existing clusters too.
SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "max_connections": "100",
    "shared_buffers": "128MB",
    "fsync": "on",
    "synchronous_commit": "on",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
    "log_line_prefix": "%m [%p] ",
}


@dataclass
class Server:
    directory: DataDirectory
    binaries: Path
    _child: subprocess.Popen[bytes] | None = field(default=None, init=False)
    _socket_directory: Path | None = field(default=None, init=False)

    def bring_up(self) -> None:
        """Return when a server accepts connections: the one that is there, or a new one.

        A running server is taken over as it is: its users notice nothing. Raises EmbeddedPostgresError.
        """
        deadline = time.monotonic() + REMAINS_LIMIT_S
        while True:
            lock = locks.try_exclusive(self.directory, self.directory.server_lock)
            if lock is not None:
                self._start(lock)
                return
            running = self._running()
            if running is not None and running.status == "ready":
                self._socket_directory = Path(running.socket_directory)
                return
            if running is not None and running.status == "starting":  # recovery takes as long as it takes
                deadline = time.monotonic() + REMAINS_LIMIT_S
            if time.monotonic() > deadline:
                raise EmbeddedPostgresError(
                    f"Processes of an earlier server on {self.directory.cluster} do not end: "
                    f"end them (`lsof {self.directory.server_lock}` names them) and start again."
                )
            time.sleep(LOOK_EVERY_S)

    def wait_for_end(self) -> None:
        """Return when no process of the server is left."""
        os.close(locks.take_exclusive(self.directory, self.directory.server_lock))

    def reap(self) -> None:
        """Let go of an ended child: until then PostgreSQL takes its process number for alive."""
        if self._child is not None:
            self._child.wait()
            self._child = None

    def clean_up(self) -> None:
        """Remove the private socket directory of a stopped server, if it had one and left it empty."""
        if self._socket_directory is not None and self._socket_directory != self.directory.path:
            with contextlib.suppress(OSError):
                self._socket_directory.rmdir()

    def signal(self, number: signal.Signals) -> None:
        """Signal the postmaster, if there is one: SIGINT stops it in order, SIGQUIT without a checkpoint."""
        pid = self._pid()
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)

    def _pid(self) -> int | None:
        if self._child is not None:
            return self._child.pid
        running = self._running()
        return running.pid if running else None

    def _running(self) -> Postmaster | None:
        named = read_pid_file(self.directory.cluster)
        return named if named and serves(named.pid, self.directory.cluster) else None

    def _start(self, lock: int) -> None:
        """Start a server that inherits `lock`, and wait until it accepts connections."""
        try:
            account = choose_account(self.directory, self.binaries)
            if not self.directory.cluster.exists():
                self._make_cluster(account, lock)
            self.directory.check_version()
            self._socket_directory = choose_socket_directory(self.directory, account)
            clear_stale_files(self.directory, self._socket_directory)
            quoted = str(self._socket_directory).replace('"', '""')
            settings = {
                **SETTINGS,
                "unix_socket_directories": f'"{quoted}"',
                "dynamic_shared_memory_type": shared_memory_type(),
            }
            options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
            said_before = server_log.size(self.directory)
            self._child = self._run(account, lock, "postgres", "-D", self.directory.cluster, *options)
        finally:
            os.close(lock)  # from here on only the server's own processes hold it
        while self._child.poll() is None:
            named = read_pid_file(self.directory.cluster)
            if named and named.pid == self._child.pid and named.status == "ready":
                return
            time.sleep(LOOK_EVERY_S)
        raise self._failure("did not start", said_before)

    def _make_cluster(self, account: Account, lock: int) -> None:
        """Make the cluster aside and rename it when complete: a killed initdb must not pass for one."""
        unfinished = self.directory.unfinished_cluster
        if unfinished.exists():
            shutil.rmtree(unfinished)
        unfinished.mkdir(mode=0o700)
        account.own(unfinished)
        said_before = server_log.size(self.directory)
        initdb = self._run(
            account.with_name(), lock, "initdb", "-D", unfinished, *INITDB_OPTIONS, *_shared_memory_option()
        )
        if initdb.wait() != 0:
            raise self._failure("could not make its database", said_before)
        unfinished.rename(self.directory.cluster)
        top = os.open(self.directory.path, os.O_RDONLY)
        try:
            os.fsync(top)
        finally:
            os.close(top)

    def _run(self, account: Account, lock: int, program: str, *arguments: str | Path) -> subprocess.Popen[bytes]:
        log = server_log.open_log(self.directory)
        try:
            return account.popen([self.binaries / program, *arguments], output=log, inherit=[lock])
        finally:
            os.close(log)

    def _failure(self, what: str, said_before: int) -> EmbeddedPostgresError:
        said = server_log.tail(self.directory, said_before)
        why = reason_in(said)
        log = f"its log {self.directory.log} ends with: {said}"
        if why is None:
            return EmbeddedPostgresError(
                f"The embedded PostgreSQL in {self.directory.path} {what}: see to what its log says and start again, "
                f"or {WAYS_OUT}; {log}"
            )
        return EmbeddedPostgresError(
            f"The embedded PostgreSQL in {self.directory.path} {what}: {why}, or {WAYS_OUT}; {log}"
        )


def _shared_memory_option() -> list[str]:
    """initdb starts servers, too; what it finds by itself it only finds by trying, with little memory."""
    return ["--set", f"dynamic_shared_memory_type={shared_memory_type()}"]
