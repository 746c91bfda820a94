"""What `postmaster.pid` and the process table tell of the server's first process, the postmaster."""

import os
import subprocess
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
    arguments = _arguments(pid)
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


def _arguments(pid: int) -> list[str]:
    """The command line of a process; empty if it does not exist or is only waiting to be reaped."""
    if os.path.isdir("/proc/self"):
        try:
            raw = Path(f"/proc/{pid}/cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError, PermissionError):
            return []
        return [os.fsdecode(argument) for argument in raw.split(b"\0")[:-1]]
    listing = subprocess.run(["/bin/ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return listing.stdout.split()[:1]  # arguments with spaces cannot be told apart, so: in doubt, yes


def clear_stale_files(directory: DataDirectory, socket_directory: Path) -> None:
    """Remove the lock files of a killed server whose process number is now somebody else's.

    To be called with `server.lock` held.
    PostgreSQL refuses to start while the process named there is alive, whatever process that is by now; with
    a dead one it copes by itself. Having `server.lock` shows that none of our servers is left. A server that
    was started by hand does not hold that lock, so a file that names a possible postmaster stays, and
    PostgreSQL decides.
    """
    for file in (socket_directory / f"{SOCKET_NAME}.lock", directory.cluster / PID_FILE):
        try:
            pid = int(file.read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):  # about an unreadable one PostgreSQL gives its own advice
            continue
        if _is_alive(pid) and not serves(pid, directory.cluster):
            file.unlink()


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
