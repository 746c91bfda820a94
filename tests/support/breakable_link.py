"""The way from a service to its database, over TCP, which a test can break as networks and servers do."""

import os
import select
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PIECE = 65_536


class BreakableLink:
    """Forwards connections on a port of its own to a server's Unix socket, while it is whole."""

    def __init__(self, target: str) -> None:
        self._target = target
        self._flows = threading.Event()
        self._flows.set()
        self._streams: set[socket.socket] = set()
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]

    def _listen(self, port: int, backlog: int = 100) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(backlog)
        self._accepting = threading.Thread(target=self._accept, args=[listener], daemon=True)
        self._accepting.start()
        return listener

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """Nobody listens, and what was connected is cut."""
        self._stop_listening()
        self._cut()
        try:
            yield
        finally:
            self._listener = self._listen(self.port)

    @contextmanager
    def swallowing(self) -> Iterator[None]:
        """Whatever is sent disappears, on old connections and on new ones, which are accepted."""
        self._flows.clear()
        try:
            yield
        finally:
            self._cut()
            self._flows.set()

    @contextmanager
    def full(self) -> Iterator[None]:
        """Nobody accepts, and no more connections can wait for that."""
        self._stop_listening()
        self._cut()
        blocked = socket.socket()
        blocked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        blocked.bind(("127.0.0.1", self.port))
        blocked.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(("127.0.0.1", self.port))
        try:
            yield
        finally:
            for one in [blocked, *waiting]:
                one.close()
            self._listener = self._listen(self.port)

    def close(self) -> None:
        self._flows.set()
        self._stop_listening()
        self._cut()

    def _stop_listening(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # wakes who accepts
        self._listener.close()
        self._accepting.join()  # whoever was just accepted is cut, too

    def _cut(self) -> None:
        for stream in list(self._streams):
            with suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                self._streams.add(client)
                threading.Thread(target=self._forward, args=[client], daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        server = socket.socket(socket.AF_UNIX)
        with client, server, suppress(OSError):
            self._flows.wait()
            server.connect(self._target)
            while True:
                for source in select.select([client, server], [], [])[0]:
                    piece = source.recv(_PIECE)
                    self._flows.wait()
                    if not piece:
                        return
                    (server if source is client else client).sendall(piece)
        self._streams.discard(client)


@contextmanager
def stopped(postmaster: int) -> Iterator[None]:
    """Every process of a PostgreSQL server is stopped by SIGSTOP, and goes on afterwards."""
    _signal(postmaster, signal.SIGSTOP)
    processes = [postmaster]
    try:
        processes += _children_of(postmaster)  # it starts no others any more
        for pid in processes:
            _signal(pid, signal.SIGSTOP)
        yield
    finally:
        for pid in processes:
            _signal(pid, signal.SIGCONT)


def _signal(pid: int, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, number)


def _children_of(parent: int) -> list[int]:
    found = []
    for entry in Path("/proc").iterdir():
        with suppress(FileNotFoundError, ProcessLookupError):
            if entry.name.isdigit() and int((entry / "stat").read_text().rpartition(")")[2].split()[1]) == parent:
                found.append(int(entry.name))
    return found
