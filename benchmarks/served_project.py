"""A serving process on a core of its own; the benchmark, its helpers and the database keep to the other cores.

`use_own_database` comes first, before anything of Django is imported.
"""

import http.client
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
ANSWER_LIMIT_S = 60.0
END_LIMIT_S = 20.0

CORES = sorted(os.sched_getaffinity(0))
SERVER_CORE = CORES[0]
OTHER_CORES = CORES[1:]


def use_own_database(data_dir: str, **settings: str) -> None:
    """Keep to the other cores, and make an embedded database in `data_dir`, which stays while this process runs."""
    if not OTHER_CORES:
        raise SystemExit("This benchmark needs two cores: one serves, the other has the load and the database.")
    os.sched_setaffinity(0, OTHER_CORES)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # for the serving process too
    for name in [name for name in os.environ if name.startswith("AEGIS_") or name == "DATABASE_URL"]:
        del os.environ[name]
    os.environ.update(AEGIS_DATA_DIR=data_dir, DJANGO_SETTINGS_MODULE="aegis_training.settings", **settings)
    sys.path.insert(0, str(PROJECT))
    import django
    from django.core.management import call_command

    django.setup()
    call_command("migrate", verbosity=0)


def serve_command(port: int) -> list[str]:
    """The service itself, as everybody starts it."""
    return [sys.executable, "manage.py", "serve", "--host", "127.0.0.1", "--port", str(port)]


@contextmanager
def beside_the_server() -> Iterator[None]:
    """Processes started here share the server's core, with all that is started by them."""
    os.sched_setaffinity(0, {SERVER_CORE})
    try:
        yield
    finally:
        os.sched_setaffinity(0, OTHER_CORES)


class Serving:
    """A process that serves on a free port, pinned to the one core with all its threads and children."""

    def __init__(self, command: Callable[[int], Sequence[str]]) -> None:
        self.port = _free_port()
        self._process = subprocess.Popen(
            command(self.port),
            cwd=PROJECT,
            env={**os.environ, "PYTHONPATH": str(PROJECT)},
            stdout=subprocess.DEVNULL,
            preexec_fn=lambda: os.sched_setaffinity(0, {SERVER_CORE}),
        )
        self.pid = self._process.pid
        self._await_answer()

    def cpu_seconds(self) -> float:
        """What the process and its children have used so far."""
        ticks = 0
        for pid in self._pids():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def memory_kb(self) -> int:
        """The resident memory of the process and its children."""
        sizes = []
        for pid in self._pids():
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            sizes += [int(line.split()[1]) for line in lines if line.startswith("VmRSS:")]
        return sum(sizes)

    def stop(self) -> None:
        """SIGTERM, and SIGKILL for one that does not end."""
        self._process.terminate()
        try:
            self._process.wait(END_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _pids(self) -> list[int]:
        pids = [self.pid]
        for pid in pids:  # it grows while it is walked
            for children in Path(f"/proc/{pid}/task").glob("*/children"):
                pids += map(int, children.read_text().split())
        return pids

    def _await_answer(self) -> None:
        deadline = time.monotonic() + ANSWER_LIMIT_S
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
                connection.request("GET", "/healthz")
                if connection.getresponse().status == 200:
                    return
            except OSError:
                pass
            finally:
                connection.close()
            time.sleep(0.05)
        self.stop()
        raise RuntimeError(f"It does not serve: {self._process.args!r}")


@contextmanager
def serving(command: Callable[[int], Sequence[str]] = serve_command) -> Iterator[Serving]:
    """The process that this command makes of a port, while it is needed."""
    process = Serving(command)
    try:
        yield process
    finally:
        process.stop()


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port
