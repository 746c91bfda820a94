"""What lies where in the data directory of the embedded PostgreSQL, which belongs to it alone.

    cluster/         PostgreSQL's own data directory
    cluster.new/     a cluster being made; renamed when complete
    postgres.log     what initdb, the server and its keeper say
    .s.PGSQL.5432    the server's socket, unless its path would be too long (`socket_directory.py`)

    users.lock       shared: every process that uses the server; exclusive: the keeper when none is left
    start.lock       exclusive: who looks for a keeper, and a new keeper until it has reported
    keeper.lock      exclusive: the keeper, all its life; inherited from its starter; names its process
    server.lock      exclusive: initdb or the server, all its processes, inherited from the keeper

Whoever needs several takes them in this order.
"""

import os
import stat
from dataclasses import dataclass
from pathlib import Path

from .errors import WAYS_OUT, EmbeddedPostgresError

MAJOR_VERSION = "18"
PORT = 5432  # part of the socket's name; there is no network port
USER = "aegis"
DATABASE = "aegis"

OTHERS = stat.S_IRWXG | stat.S_IRWXO


@dataclass(frozen=True)
class DataDirectory:
    path: Path  # absolute, without symbolic links: every process must mean the same directory

    @property
    def cluster(self) -> Path:
        return self.path / "cluster"

    @property
    def unfinished_cluster(self) -> Path:
        return self.path / "cluster.new"

    @property
    def log(self) -> Path:
        return self.path / "postgres.log"

    @property
    def users_lock(self) -> Path:
        return self.path / "users.lock"

    @property
    def start_lock(self) -> Path:
        return self.path / "start.lock"

    @property
    def keeper_lock(self) -> Path:
        return self.path / "keeper.lock"

    @property
    def server_lock(self) -> Path:
        return self.path / "server.lock"

    def create(self) -> None:
        """Make the directory if missing, and close it to others: who reaches the socket is superuser."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self.path.stat().st_mode & OTHERS:
            self.path.chmod(0o700)

    def open(self, file: Path, flags: int) -> int:
        """Open one of the directory's files, making it if missing, as a file of the directory's owner.

        The owner, because the same directory may be used by its owner and by root. No symbolic link is
        followed, so that who owns the directory cannot make root write elsewhere.
        """
        descriptor = os.open(file, flags | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        if os.geteuid() == 0:
            owner = self.path.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)
        return descriptor

    def check_version(self) -> None:
        """Raise EmbeddedPostgresError if the cluster is not one that this version can serve."""
        try:
            version = (self.cluster / "PG_VERSION").read_text().strip()
        except FileNotFoundError:
            raise EmbeddedPostgresError(
                f"{self.cluster} is not a PostgreSQL data directory: move it away, or {WAYS_OUT}."
            ) from None
        if version != MAJOR_VERSION:
            raise EmbeddedPostgresError(
                f"{self.cluster} was made by PostgreSQL {version} and the embedded one is {MAJOR_VERSION}: "
                f"move the data over with pg_dump and pg_restore, or {WAYS_OUT}."
            )
