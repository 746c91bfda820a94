"""Sending notifications: who may send now, what has to wait, and a thread for what has waited long enough."""

import logging
import threading
import time
from collections.abc import Collection, Iterable
from typing import Final

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from psycopg import generators
from psycopg.pq import ExecStatus

from aegis_training.postgresql.reasons import reason
from training_status.change_notifications.channel import CHANNEL, RunChanged, payloads

logger = logging.getLogger(__name__)

# A notification makes its readers work. Commits that carry one may take this part of the time, some more for a short
# while: a process that commits fast never has to wait, and on a busy machine writers come first.
_SHARE: Final = 0.04
_AHEAD_S: Final = 0.02
_PAUSE_S: Final = 0.003
_LONGEST_PAUSE_S: Final = 0.08
_RETRY_AFTER_S: Final = (0.1, 0.5, 2.0, 5.0)
_EXIT_LIMIT_S: Final = 2.0

# The commit of a notification need not reach the disk: after a crash nobody is left to be notified.
_NOTIFY: Final = "SELECT set_config('synchronous_commit', 'off', true), {}"


def notify_statement(changes: Iterable[RunChanged]) -> str:
    """One statement for all of them, which leaves nothing open on a connection whatever becomes of it."""
    return _NOTIFY.format(", ".join(f"pg_notify('{CHANNEL}', '{payload}')" for payload in payloads(changes)))


class Publisher:
    """Collects the changes of all threads of a process.

    Writers send them with their commits: `take`, then `sent`. What comes during the pause after that is sent with
    the next one, or by a thread when there is no next one for as long as the pause again.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._waiting: set[RunChanged] = set()
        self._is_sending = False
        self._spent_s = 0.0  # by commits with a notification, less what time has paid back
        self._spent_at = 0.0
        self._pause_ends = 0.0
        self._thread_sends = 0.0  # when it is the thread's turn
        self._thread: threading.Thread | None = None
        self._thread_is_idle = False
        self._closing = False

    def add(self, changes: Iterable[RunChanged]) -> None:
        """Have them sent soon. Returns at once."""
        with self._changed:
            self._waiting.update(changes)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="change-notifications", daemon=True)
                self._thread.start()
            elif self._thread_is_idle:
                self._changed.notify_all()

    def take(self, change: RunChanged) -> set[RunChanged] | None:
        """This and all that waits, for the caller to send now and report `sent` or `failed`; None if it is too soon."""
        with self._changed:
            if self._is_sending or time.monotonic() < self._pause_ends:
                return None
            self._waiting.add(change)
            return self._take()

    def sent(self, seconds: float) -> None:
        """What was taken is sent, by a commit that took this long."""
        with self._changed:
            now = time.monotonic()
            spent_s = max(0.0, self._spent_s - _SHARE * (now - self._spent_at)) + seconds
            self._spent_s, self._spent_at = min(spent_s, _AHEAD_S + _SHARE * _LONGEST_PAUSE_S), now
            pause_s = max(_PAUSE_S, (self._spent_s - _AHEAD_S) / _SHARE)
            self._is_sending = False
            self._pause_ends = now + pause_s
            self._thread_sends = self._pause_ends + pause_s

    def failed(self, unsent: Collection[RunChanged], retry_after_s: float = 0.0) -> None:
        """What was taken is not sent. The thread sends what of it is still to be sent."""
        with self._changed:
            self._is_sending = False
            self._thread_sends = time.monotonic() + retry_after_s
        if unsent:
            self.add(unsent)

    def close(self) -> None:
        """Send what waits, then end the thread and its connection. The next change may start another."""
        with self._changed:
            thread, self._closing, self._thread_sends = self._thread, True, 0.0
            self._changed.notify_all()
        if thread is not None:
            thread.join(_EXIT_LIMIT_S)
        self._thread, self._closing = None, False

    def _take(self) -> set[RunChanged]:
        changes, self._waiting = self._waiting, set()
        self._is_sending = True
        return changes

    def _run(self) -> None:
        failures = 0
        try:
            while (changes := self._take_in_turn()) is not None:
                begun = time.monotonic()
                try:
                    _send(changes)
                except (DatabaseError, InterfaceError) as error:
                    connection.close()
                    if failures == 0:
                        logger.warning("Viewers cannot be notified, and see changes a little later: %s", reason(error))
                    self.failed(changes, _RETRY_AFTER_S[min(failures, len(_RETRY_AFTER_S) - 1)])
                    failures += 1
                except BaseException:
                    self.failed(())  # this thread ends: others may send, and the next change starts another
                    raise
                else:
                    failures = 0
                    self.sent(time.monotonic() - begun)
        finally:
            connection.close()

    def _take_in_turn(self) -> set[RunChanged] | None:
        """All that waits, once it is the thread's turn; None at the end.

        While writers send, the thread sleeps from turn to turn: being woken with every commit would cost them more.
        """
        with self._changed:
            while True:
                wait_s = self._thread_sends - time.monotonic()
                if wait_s > 0:
                    self._changed.wait(wait_s)
                elif self._is_sending:
                    self._changed.wait(_PAUSE_S)
                elif self._waiting:
                    return self._take()
                elif self._closing or self._thread is not threading.current_thread():
                    return None
                else:
                    self._thread_is_idle = True
                    self._changed.wait()
                    self._thread_is_idle = False


def _send(changes: Iterable[RunChanged]) -> None:
    """Straight through libpq: a cursor costs several times what all the rest does, and nothing is fetched."""
    connection.ensure_connection()
    link = connection.connection
    with connection.wrap_database_errors:
        link.pgconn.send_query(notify_statement(changes).encode())
        (result,) = link.wait(generators.execute(link.pgconn))
    if result.status != ExecStatus.TUPLES_OK:
        raise OperationalError(result.error_message.decode(errors="replace").strip())
