"""Sending news: who may send it now, what has to wait, and a thread for what waits too long."""

import logging
import threading
import time
from collections.abc import Collection, Iterable
from typing import Final

from django.db import DatabaseError, InterfaceError, OperationalError, connection
from psycopg import generators
from psycopg.pq import ExecStatus

from aegis_training.postgresql.reasons import reason
from training_status.wakeups.channel import CHANNEL, News, payloads

logger = logging.getLogger(__name__)

# News costs its readers some work. Commits that carry news may take this part of the time, some more for a short
# while: a process that commits fast never has to wait, and where the machine has much to do writers come first.
_SHARE: Final = 0.04
_AHEAD_S: Final = 0.02
_PAUSE_S: Final = 0.003
_LONGEST_PAUSE_S: Final = 0.08
_RETRY_AFTER_S: Final = (0.1, 0.5, 2.0, 5.0)
_EXIT_LIMIT_S: Final = 2.0

# The commit of a wake-up need not reach the disk: after a crash there is nobody left to wake.
_NOTIFY: Final = "SELECT set_config('synchronous_commit', 'off', true), {}"


def notify_statement(news: Iterable[News]) -> str:
    """One statement that says all of it, with nothing left open on a connection whatever becomes of it."""
    return _NOTIFY.format(", ".join(f"pg_notify('{CHANNEL}', '{payload}')" for payload in payloads(news)))


class Publisher:
    """Gathers the news of all threads of a process.

    Writers send it with their commits: `take`, then `sent`. What came during the pause after that goes with
    the next one, or is sent by a thread when there is no next one for as long as the pause again.
    """

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._news: set[News] = set()
        self._is_sending = False
        self._spent_s = 0.0  # by commits with news, less what time has paid back
        self._spent_at = 0.0
        self._pause_ends = 0.0
        self._thread_sends = 0.0  # when it is the thread's turn
        self._thread: threading.Thread | None = None
        self._thread_is_idle = False
        self._closing = False

    def add(self, news: Iterable[News]) -> None:
        """Have it sent soon. Returns at once."""
        with self._changed:
            self._news.update(news)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="wake-ups", daemon=True)
                self._thread.start()
            elif self._thread_is_idle:
                self._changed.notify_all()

    def take(self, news: News) -> set[News] | None:
        """This and all that waits, for the caller to send now and to say `sent` or `failed`; None if it is too soon."""
        with self._changed:
            if self._is_sending or time.monotonic() < self._pause_ends:
                return None
            self._news.add(news)
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

    def failed(self, unsent: Collection[News], retry_after_s: float = 0.0) -> None:
        """What was taken is not sent. What of it is still to be said is the thread's now."""
        with self._changed:
            self._is_sending = False
            self._thread_sends = time.monotonic() + retry_after_s
        if unsent:
            self.add(unsent)

    def close(self) -> None:
        """Send what there is, then end the thread and its connection. The next news may start another."""
        with self._changed:
            thread, self._closing, self._thread_sends = self._thread, True, 0.0
            self._changed.notify_all()
        if thread is not None:
            thread.join(_EXIT_LIMIT_S)
        self._thread, self._closing = None, False

    def _take(self) -> set[News]:
        news, self._news = self._news, set()
        self._is_sending = True
        return news

    def _run(self) -> None:
        failures = 0
        try:
            while (news := self._take_in_turn()) is not None:
                begun = time.monotonic()
                try:
                    _send(news)
                except (DatabaseError, InterfaceError) as error:
                    connection.close()
                    if failures == 0:
                        logger.warning("Viewers cannot be woken, and will see news a little later: %s", reason(error))
                    self.failed(news, _RETRY_AFTER_S[min(failures, len(_RETRY_AFTER_S) - 1)])
                    failures += 1
                except BaseException:
                    self.failed(())  # this thread ends: others may send, and the next news starts another
                    raise
                else:
                    failures = 0
                    self.sent(time.monotonic() - begun)
        finally:
            connection.close()

    def _take_in_turn(self) -> set[News] | None:
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
                elif self._news:
                    return self._take()
                elif self._closing or self._thread is not threading.current_thread():
                    return None
                else:
                    self._thread_is_idle = True
                    self._changed.wait()
                    self._thread_is_idle = False


def _send(news: Iterable[News]) -> None:
    """Straight through libpq: a cursor costs several times what all the rest does, and nothing is fetched."""
    connection.ensure_connection()
    link = connection.connection
    with connection.wrap_database_errors:
        link.pgconn.send_query(notify_statement(news).encode())
        (result,) = link.wait(generators.execute(link.pgconn))
    if result.status != ExecStatus.TUPLES_OK:
        raise OperationalError(result.error_message.decode(errors="replace").strip())
