"""Where the server's processes share memory that they need for a while: in /dev/shm, or in files of its own.

Containers have 64 MB in /dev/shm as a rule, and some have none, or it is full: a server does not start there. Files
take its place: slower where a query works in parallel, and no difference otherwise.
"""

import os
from pathlib import Path

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (PostgreSQL's place, not one for files of ours)
NEEDED_BYTES = 32 * 1024 * 1024  # what a few parallel queries take


def shared_memory_type(folder: Path = SHARED_MEMORY) -> str:
    """A value for `dynamic_shared_memory_type`."""
    if not folder.parent.is_dir() or os.uname().sysname != "Linux":
        return "posix"
    try:
        free = os.statvfs(folder)
    except OSError:
        return "mmap"
    can_be_used = os.access(folder, os.W_OK | os.X_OK) and free.f_bavail * free.f_frsize >= NEEDED_BYTES
    return "posix" if can_be_used else "mmap"
