"""A real PgBouncer in transaction mode: several clients share the server's connections, one after another."""

import os
import pwd
import signal
import subprocess
from pathlib import Path

import psycopg

from tests.support.programs import path_of
from tests.support.running_service import await_until, free_port

LIMIT_S = 20

_CONFIGURATION = """
[databases]
aegis = host=127.0.0.1 port={server_port} user=aegis dbname=aegis
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
logfile = {folder}/pgbouncer.log
"""


class PgBouncer:
    """In front of the server at `server_port` of this machine, with all its files in `folder`."""

    def __init__(self, folder: Path, server_port: int) -> None:
        self._program = path_of("pgbouncer")
        self._folder = folder
        self._port = free_port()
        self.url = f"postgresql://aegis@127.0.0.1:{self._port}/aegis"
        self._configuration = folder / "pgbouncer.ini"
        self._configuration.write_text(_CONFIGURATION.format(folder=folder, port=self._port, server_port=server_port))

    def start(self) -> None:
        """Return when it lets clients in."""
        as_ordinary_user: list[str] = []
        if os.geteuid() == 0:  # it refuses to run as root
            nobody = pwd.getpwnam("nobody")
            as_ordinary_user = [
                *("unshare", "--user", f"--map-user={nobody.pw_uid}", f"--map-group={nobody.pw_gid}", "--"),
            ]
        self._process = subprocess.Popen(
            [*as_ordinary_user, self._program, "--quiet", self._configuration],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        await_until(lambda: self._process.poll() is not None or self._lets_in(), LIMIT_S)
        assert self._process.poll() is None, (self._folder / "pgbouncer.log").read_text()

    def stop(self) -> None:
        """End it by its id."""
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(LIMIT_S)

    def _lets_in(self) -> bool:
        try:
            psycopg.connect(self.url).close()
        except psycopg.OperationalError:
            return False
        return True
