"""What `postmaster.pid` and the process table tell of the server's first process, the postmaster."""

import os
from dataclasses import dataclass
from pathlib import Path

from .layout import DataDirectory
from .socket_directory import SOCKET_NAME

PID_FILE = "postmaster.pid"


@dataclass(frozen=True)
class Postmaster:
    """What `postmaster.pid` says; true only while somebody holds `server.lock`."""

    pid: int
    port: int
    socket_directory: str
    status: str  # starting, ready, stopping


def read_pid_file(cluster: Path) -> Postmaster | None:
    """What the file says, or None while it is missing or half written."""
    try:
        lines = (cluster / PID_FILE).read_text(errors="surrogateescape").splitlines()
    except FileNotFoundError:
        return None
    # pid, data directory, start time, port, socket directory, listen address, shared memory, status
    if len(lines) < 8:
        return None
    return Postmaster(int(lines[0]), int(lines[3]), lines[4], lines[7].strip())


def serves(pid: int, cluster: Path) -> bool:
    """Whether the process `pid` is, or may be, a postmaster on `cluster`. In doubt, yes."""
    import psutil  # here, because the service imports this package with any database, and this only comes with ours

    try:
        arguments = psutil.Process(pid).cmdline()
    except psutil.AccessDenied:
        return True
    except psutil.NoSuchProcess:  # nor is it only waiting to be reaped
        return False
    if not arguments or os.path.basename(arguments[0]) != "postgres":
        return False
    if "-D" not in arguments[:-1]:
        return True
    served = arguments[arguments.index("-D") + 1]
    try:
        return not os.path.isabs(served) or os.path.samefile(served, cluster)
    except FileNotFoundError:
        return False
    except OSError:
        return True


def clear_stale_files(directory: DataDirectory, socket_directory: Path) -> None:
    """Remove the lock files of a killed server whose process number is now somebody else's.

    To be called with `server.lock` held.
    PostgreSQL refuses to start while the process named there is alive, whatever process that is by now; with
    a dead one it copes by itself. Having `server.lock` shows that none of our servers is left. A server that
    was started by hand does not hold that lock, so a file that names a possible postmaster stays, and
    PostgreSQL decides.
    """
    import psutil

    for file in (socket_directory / f"{SOCKET_NAME}.lock", directory.cluster / PID_FILE):
        try:
            pid = int(file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):  # about an unreadable one PostgreSQL gives its own advice
            continue
        if psutil.pid_exists(pid) and not serves(pid, directory.cluster):
            file.unlink()
