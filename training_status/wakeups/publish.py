"""Saying that runs have news: after the commit, outside the writing transaction, many in one.

NOTIFY inside a transaction makes all writers of the database queue for their commits. So a writer
only leaves a note here, and one thread a process sends what has gathered: at once when it is idle,
then at most every few milliseconds. A note that is lost with its process costs a viewer a few
seconds: followers also look by themselves.
"""

import atexit
import logging
import os
import threading
import time
from typing import Final

from django.db import DatabaseError, InterfaceError, connection, transaction

from training_status.wakeups.channel import CHANNEL, News, payloads

logger = logging.getLogger(__name__)

# Sending costs what a small transaction costs. Where that takes long, because the machine has much to do,
# it is done more seldom: most of the time is for the writers.
_PAUSE_S: Final = 0.003
_PAUSE_BY_WORK: Final = 15
_LONGEST_PAUSE_S: Final = 0.05
_RETRY_AFTER_S: Final = (0.1, 0.5, 2.0, 5.0)
_EXIT_LIMIT_S: Final = 2.0

# The commit of a wake-up need not reach the disk: after a crash there is nobody left to wake.
_NOTIFY = """
    SELECT set_config('synchronous_commit', 'off', true), pg_notify(%s, payload) FROM unnest(%s::text[]) AS payload
"""


class Publisher:
    """Gathers news from all threads and sends it from one of its own, which starts with the first."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._news: set[News] = set()
        self._is_sending = False
        self._closing = False
        self._thread: threading.Thread | None = None

    def add(self, news: News) -> None:
        """Have it sent soon. Returns at once."""
        with self._changed:
            self._news.add(news)
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._run, name="wake-ups", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def flush(self, timeout_s: float) -> bool:
        """Wait until everything so far has been sent; False when the time is up first."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._news and not self._is_sending, timeout_s)

    def close(self) -> None:
        """Send what there is, then end the thread and its connection. The next news starts another."""
        self.flush(_EXIT_LIMIT_S)
        with self._changed:
            thread, self._closing = self._thread, True
            self._changed.notify_all()
        if thread is not None:
            thread.join(_EXIT_LIMIT_S)
        self._thread, self._closing = None, False

    def _run(self) -> None:
        failures = 0
        try:
            while (news := self._take()) is not None:
                begun = time.monotonic()
                try:
                    _send(news)
                    failures = 0
                    pause_s = min(max(_PAUSE_S, _PAUSE_BY_WORK * (time.monotonic() - begun)), _LONGEST_PAUSE_S)
                except (DatabaseError, InterfaceError) as error:
                    connection.close()
                    pause_s = _RETRY_AFTER_S[min(failures, len(_RETRY_AFTER_S) - 1)]
                    if failures == 0:
                        logger.warning("Viewers cannot be woken, and will see news a little later: %s", error)
                    failures += 1
                self._rest(pause_s, unsent=news if failures else set())
        finally:
            connection.close()

    def _rest(self, pause_s: float, *, unsent: set[News]) -> None:
        """Gather what comes meanwhile. The end of the process is not kept waiting."""
        with self._changed:
            self._news |= unsent
            self._is_sending = False
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._closing, pause_s)

    def _take(self) -> set[News] | None:
        """Everything to be sent, as soon as there is any; None at the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._news or self._closing)
            if self._closing:
                return None
            news, self._news = self._news, set()
            self._is_sending = True
            return news


def _send(news: set[News]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(_NOTIFY, (CHANNEL, list(payloads(news))))


_publisher = Publisher()


def announce(domain_id: int, run_id: int) -> None:
    """Wake whoever follows the run or its domain once the present transaction has been committed."""
    # `robust`: what has been committed stays acknowledged, whatever becomes of the wake-up.
    transaction.on_commit(lambda: _publisher.add(News(domain_id, run_id)), robust=True)


def close() -> None:
    """Send what there is and end the process's publisher: commands and tests do so before they end."""
    _publisher.close()


def _begin_anew() -> None:
    """A forked child has neither the thread nor its news."""
    global _publisher
    _publisher = Publisher()


atexit.register(close)
os.register_at_fork(after_in_child=_begin_anew)
