"""Which process a spool belongs to, and whether it still runs.

The second line of a spool's first file names its process: host, boot, process id and the time at which the process
started. It has a fixed width, since whoever continues the run writes its own name in the same place. Only a process
of the same boot and the same process namespace can be looked at; of all others nothing is known.
"""

import json
import os
import socket
import sys
from dataclasses import asdict, dataclass, replace
from enum import Enum
from pathlib import Path

_HEAD = b'{"type":"owner","process":"'
_HOST_MAX_CHARACTERS = 255
_WIDTH = 600  # longer than any host name with the rest
_TAIL = b'"}\n'
_ENDED_STATES = ("Z", "X")  # zombie, dead

LINE_BYTES = len(_HEAD) + _WIDTH + len(_TAIL)


@dataclass(frozen=True)
class Owner:
    """A process. `started` is when it was started, in clock ticks since the boot; it tells a process from a later
    one with the same id. None where the system does not say. `sends`: it has the spool to send what another left."""

    host: str
    boot: str
    namespace: str
    pid: int
    started: int | None
    sends: bool = False

    def __str__(self) -> str:
        return f"process {self.pid} on {self.host}"


class ProcessState(Enum):
    """What is known of a process."""

    RUNNING = "running"
    GONE = "gone"
    UNKNOWN = "unknown"


def this_process() -> Owner:
    """The current process."""
    host = socket.gethostname().encode("ascii", "replace").decode()[:_HOST_MAX_CHARACTERS]
    return Owner(host, _boot_id(), _pid_namespace(), os.getpid(), _started_and_state(os.getpid())[0])


def is_this_process(owner: Owner) -> bool:
    """Whether it is the current process."""
    return replace(owner, sends=False) == this_process()


def state_of(owner: Owner) -> ProcessState:
    """Whether a process is running. A stopped process is; a zombie is not. UNKNOWN on other machines."""
    here = this_process()
    if (owner.host, owner.boot, owner.namespace) != (here.host, here.boot, here.namespace) or not here.boot:
        return ProcessState.UNKNOWN
    try:
        os.kill(owner.pid, 0)
    except ProcessLookupError:
        return ProcessState.GONE
    except OSError:  # of another user
        pass
    started, state = _started_and_state(owner.pid)
    is_another = None not in (started, owner.started) and started != owner.started
    return ProcessState.GONE if is_another or state in _ENDED_STATES else ProcessState.RUNNING


def owner_line(owner: Owner | None) -> bytes:
    """The line that names the owner; None: the spool was given up in an orderly way, and is nobody's."""
    text = "" if owner is None else json.dumps(asdict(owner), separators=(",", ":"))
    name = json.dumps(text).encode()[1:-1]  # JSON text inside a JSON text
    return _HEAD + name.ljust(_WIDTH) + _TAIL


def is_owner_line(line: bytes) -> bool:
    """Whether the line is of the kind that `owner_line` makes."""
    return line.startswith(_HEAD) and len(line) == LINE_BYTES


def owner_of(line: bytes) -> Owner | None:
    """The owner that a line names, or None where it names nobody. Raises ValueError for any other line."""
    if not is_owner_line(line):
        raise ValueError("not an owner line")
    text = json.loads(line)["process"].strip()
    if not text:
        return None
    fields = json.loads(text)
    return Owner(
        host=str(fields["host"]),
        boot=str(fields["boot"]),
        namespace=str(fields["namespace"]),
        pid=int(fields["pid"]),
        started=None if fields["started"] is None else int(fields["started"]),
        sends=fields.get("sends") is True,
    )


def _boot_id() -> str:
    """Of this start of the machine; empty where the system has no such thing: then no process can be looked at."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return _macos_boot_id() if sys.platform == "darwin" else ""


def _macos_boot_id() -> str:
    """macOS names the session that began with its start."""
    import ctypes

    try:
        value, size = ctypes.create_string_buffer(64), ctypes.c_size_t(64)
        libc = ctypes.CDLL(None)
        if libc.sysctlbyname(b"kern.bootsessionuuid", value, ctypes.byref(size), None, 0) != 0:
            return ""
    except (AttributeError, OSError):
        return ""
    return value.value.decode(errors="replace")


def _pid_namespace() -> str:
    """Containers number their processes for themselves."""
    try:
        return os.readlink("/proc/self/ns/pid")
    except OSError:
        return ""


def _started_and_state(pid: int) -> tuple[int | None, str]:
    """When a process was started, and the letter of its state; None and nothing where the system does not say."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(errors="replace")
    except OSError:
        return None, ""
    fields = stat.rpartition(")")[2].split()  # behind the name, which may hold anything
    return int(fields[19]), fields[0]
