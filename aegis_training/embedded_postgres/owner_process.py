"""The process that owns the server, from its start until its last user has ended.

Started by `launch.py` with the data directory, the folder of PostgreSQL's programs and three inherited
descriptors: a pipe for the one report to the starter, `start.lock` and `keeper.lock`. It reports nothing but
READY or the text of an error.
"""

import logging
import os
import queue
import signal
import sys
import threading
import time
from enum import Enum, auto
from pathlib import Path

from . import locks, server_log
from .errors import EmbeddedPostgresError, refused_by_system
from .launch import READY
from .layout import DataDirectory
from .server import Server

LOG_LOOK_EVERY_S = 60.0
FIRST_RESTART_DELAY_S = 0.1
LAST_RESTART_DELAY_S = 5.0
SETTLED_AFTER_S = 60.0  # a server that ran this long is not part of a series of crashes
FAST_STOP_LIMIT_S = 60.0
IMMEDIATE_STOP_LIMIT_S = 10.0

log = logging.getLogger("keeper")


class Event(Enum):
    NO_USER_LEFT = auto()
    SERVER_ENDED = auto()
    ASKED_TO_STOP = auto()


class Keeper:
    def __init__(self, directory: DataDirectory, binaries: Path) -> None:
        self._directory = directory
        self._server = Server(directory, binaries)
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._restart_delay_s = FIRST_RESTART_DELAY_S

    def start(self) -> None:
        """Return when the server accepts connections. Raises EmbeddedPostgresError or OSError."""
        signal.signal(signal.SIGTERM, lambda *_: self._events.put(Event.ASKED_TO_STOP))
        self._trim_log()
        self._server.bring_up()

    def keep(self) -> None:
        """Return when there is no user left, or on SIGTERM, and the server has stopped."""
        self._watch_users()
        self._watch_server()
        started = time.monotonic()
        while (event := self._next_event(LOG_LOOK_EVERY_S)) in {None, Event.SERVER_ENDED}:
            if event is None:
                self._trim_log()
                continue
            self._server.reap()
            if time.monotonic() - started > SETTLED_AFTER_S:
                self._restart_delay_s = FIRST_RESTART_DELAY_S
            if not self._restart():
                return
            started = time.monotonic()
        self._stop()
        self._server.clean_up()

    def _restart(self) -> bool:
        """Start the ended server again, however often it takes. False if meanwhile it is no longer wanted."""
        while True:
            log.warning("The server ended while in use; starting it again in %.1f s.", self._restart_delay_s)
            if self._next_event(self._restart_delay_s) is not None:
                return False
            self._restart_delay_s = min(self._restart_delay_s * 2, LAST_RESTART_DELAY_S)
            try:
                self._server.bring_up()
            except (EmbeddedPostgresError, OSError) as error:
                log.error("%s", error)  # noqa: TRY400 (users read this log: the error is a sentence, a traceback tells them nothing)
                self._server.reap()
                continue
            self._watch_server()
            return True

    def _stop(self) -> None:
        for number, limit_s in ((signal.SIGINT, FAST_STOP_LIMIT_S), (signal.SIGQUIT, IMMEDIATE_STOP_LIMIT_S)):
            self._server.signal(number)
            deadline = time.monotonic() + limit_s
            while (event := self._next_event(deadline - time.monotonic())) is not None:
                if event is Event.SERVER_ENDED:
                    self._server.reap()
                    return
            log.error("The server did not end within %.0f s of %s.", limit_s, number.name)

    def _trim_log(self) -> None:
        try:
            server_log.trim(self._directory)
        except OSError as error:  # a log that is too long is no reason to leave the server alone
            log.warning("The log could not be cut: %s", error)

    def _next_event(self, timeout_s: float) -> Event | None:
        try:
            return self._events.get(timeout=max(timeout_s, 0))
        except queue.Empty:
            return None

    def _watch_users(self) -> None:
        def wait() -> None:
            # Held until this process ends: who comes while the server stops waits for that, and starts anew.
            locks.take_exclusive(self._directory, self._directory.users_lock)
            self._events.put(Event.NO_USER_LEFT)

        threading.Thread(target=wait, daemon=True, name="users").start()

    def _watch_server(self) -> None:
        def wait() -> None:
            self._server.wait_for_end()
            self._events.put(Event.SERVER_ENDED)

        threading.Thread(target=wait, daemon=True, name="server").start()


def main(arguments: list[str]) -> int:
    path, binaries, *descriptors = arguments
    report, start_lock, keeper_lock = map(int, descriptors)
    if os.fork():  # the starter waits for this process; the keeper is its orphan, which nobody has to reap
        os._exit(0)
    for descriptor in (report, start_lock, keeper_lock):
        os.set_inheritable(descriptor, False)
    os.pwrite(keeper_lock, f"{os.getpid():10}\n".encode(), 0)  # always as long: no reader sees a part of it
    logging.basicConfig(format="%(asctime)s keeper [%(process)d] %(message)s", level=logging.INFO)
    directory = DataDirectory(Path(path))
    keeper = Keeper(directory, Path(binaries))
    try:
        keeper.start()
    except EmbeddedPostgresError as error:
        failure = str(error)
    except OSError as error:
        log.exception("The system refused.")
        failure = str(refused_by_system(error, directory.path))
    else:
        failure = ""
    if failure:
        locks.release(keeper_lock)  # before the report: the starter may try again at once
    _report(report, failure or READY)
    locks.release(start_lock)  # the starter may be gone, and others wait for the outcome
    if failure:
        return 1
    keeper.keep()
    locks.release(keeper_lock)
    return 0


def _report(descriptor: int, text: str) -> None:
    try:
        os.write(descriptor, text.encode(errors="surrogateescape"))
    except BrokenPipeError:
        log.info("The process that started this one has ended.")
    os.close(descriptor)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
