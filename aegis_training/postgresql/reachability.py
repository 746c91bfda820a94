"""Whether the database can be reached, found out once for everybody, so that nobody waits long for one that cannot.

A server that refuses says so at once. One that is frozen, or whose packets are lost, says nothing: whoever connects or
waits for an answer would do so for minutes, and the few threads that serve requests would soon all be waiting. So one
attempt at a time asks for a connection of its own and a `SELECT 1`. When that gets no answer either, everybody is
told at once, until an attempt has an outcome again.
"""

import os
import select
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, Final

from psycopg import Connection, OperationalError
from psycopg.pq import ExecStatus

from aegis_training.postgresql.reasons import is_said_by_pooler
from aegis_training.shared_call import SharedCall

ATTEMPT_LIMIT_S: Final = 5  # for the answer to a question on a new connection
BUSY_LIMIT_S: Final = 3.0  # so long a machine with much to do may take for a new connection
RETRY_EVERY_S: Final = 0.2
PROMPT_S: Final = 1.0  # an attempt that fails within this time leaves the next one to whoever needs the database
_SAID_BY_SERVER: Final = ":  "
NO_ANSWER: Final = "the server does not answer"


class Reachability:
    """What is known of one database. `connect` opens a connection, and may take as long as it likes.

    `new_connections_hang`: they are not to be tried. `all_connections_hang`: those that there are get no answer either.
    """

    def __init__(self, connect: Callable[[], "Connection[Any]"]) -> None:
        self._connect = connect
        self._attempt = SharedCall(self._attempt_now, name="database-attempt")
        self._attempt_began = 0.0
        self._attempt_took_s = 0.0
        self._lock = threading.Lock()
        self.new_connections_hang = False
        self.all_connections_hang = False
        self.reason = NO_ANSWER
        self.answered_at = 0.0  # when a connection that is in use has last got an answer
        os.register_at_fork(after_in_child=self._begin_anew)

    def attempt(self) -> "Future[None]":
        """The attempt that is going on, or a new one: it ends when the database has answered, or with an error."""
        return self._attempt.join()

    def is_busy(self, since: float) -> bool:
        """Whether the attempt only takes its time: since then (monotonic) others have been answered."""
        return self.answered_at > since and time.monotonic() - self._attempt_began < BUSY_LIMIT_S

    def is_answering(self, limit_s: float) -> bool:
        """Whether it answers within `limit_s`, be it with a refusal, or has answered somebody else meanwhile."""
        begun = time.monotonic()
        try:
            self.attempt().result(limit_s)
        except OperationalError as error:
            # So says a server, "FATAL:  …" in whatever language: it has too many connections, or is starting.
            if _SAID_BY_SERVER in str(error) and not is_said_by_pooler(error):
                return True
        except Exception:  # noqa: BLE001, S110 (whatever it is that keeps us from asking, nobody has answered)
            pass
        else:
            return True
        return self.answered_at > begun

    def give_up(self, reason: str = NO_ANSWER, *, all_connections: bool) -> None:
        """Have who needs a new connection, or any connection, told at once, until an attempt has an outcome."""
        with self._lock:
            self.all_connections_hang = self.all_connections_hang or all_connections
            if self.new_connections_hang:
                return
            self.new_connections_hang, self.reason = True, reason
        threading.Thread(target=self._wait_for_outcome, name="database-return", daemon=True).start()

    def _wait_for_outcome(self) -> None:
        while True:
            try:
                self.attempt().result()
            except Exception as error:  # noqa: BLE001 (it is said to whoever needs the database)
                self.reason = str(error).strip()
                if self._attempt_took_s > PROMPT_S:
                    time.sleep(RETRY_EVERY_S)
                    continue
            self._open()
            return

    def _open(self) -> None:
        with self._lock:
            self.new_connections_hang = self.all_connections_hang = False

    def _begin_anew(self) -> None:
        """A forked child does not have the thread that waits."""
        self._lock = threading.Lock()
        self.new_connections_hang = self.all_connections_hang = False

    def _attempt_now(self) -> None:
        self._attempt_began = time.monotonic()
        try:
            connection = self._connect()
            try:
                _ask(connection)
            finally:
                connection.close()
        finally:
            self._attempt_took_s = time.monotonic() - self._attempt_began


def _ask(connection: "Connection[Any]") -> None:
    """Wait for the answer to a question, but not for ever. Raises OperationalError."""
    pgconn = connection.pgconn
    pgconn.send_query(b"SELECT 1")
    pgconn.flush()
    waiting = select.poll()
    waiting.register(pgconn.socket, select.POLLIN)
    deadline = time.monotonic() + ATTEMPT_LIMIT_S
    while pgconn.is_busy():
        if not waiting.poll(max(0.0, deadline - time.monotonic()) * 1000):
            raise OperationalError(NO_ANSWER)
        pgconn.consume_input()
    result = pgconn.get_result()
    if result is None or result.status != ExecStatus.TUPLES_OK:
        said = b"" if result is None else result.error_message
        raise OperationalError(said.decode(errors="replace").strip() or NO_ANSWER)
