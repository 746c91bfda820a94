"""Saying that runs have news: right after the commit, outside the writing transaction, many in one.

NOTIFY inside a transaction makes all writers of the database queue for their commits. So it rides
with the COMMIT, as a transaction of its own behind it, unless this process has sent news just before.
News that is lost with its process costs a viewer a few seconds: followers also look by themselves.
"""

import atexit
import os
import time

from django.db import transaction

from aegis_training.postgresql.riders import Rider
from training_status.wakeups.channel import News
from training_status.wakeups.publisher import Publisher, notify_statement

_publisher = Publisher()


def announce(domain_id: int, run_id: int) -> None:
    """Wake whoever follows the run or its domain once the present transaction has been committed."""
    # `robust`: what has been committed stays acknowledged, whatever becomes of the wake-up.
    transaction.on_commit(_Announcement(News(domain_id, run_id)), robust=True)


def close() -> None:
    """Send what there is and end the process's publisher: commands and tests do so before they end."""
    _publisher.close()


class _Announcement(Rider):
    """News of one transaction."""

    def __init__(self, news: News) -> None:
        self._news = news
        self._taken: set[News] = set()
        self._begun = 0.0
        self._is_sent = False

    def board(self) -> str | None:
        taken = _publisher.take(self._news)
        if taken is None:
            return None
        self._taken, self._begun = taken, time.monotonic()
        return notify_statement(taken)

    def arrive(self, *, succeeded: bool) -> None:
        self._is_sent = succeeded
        if succeeded:
            _publisher.sent(time.monotonic() - self._begun)
        else:  # what this transaction has to say is said when it has been committed, if it has
            _publisher.failed(self._taken - {self._news})

    def __call__(self) -> None:
        if not self._is_sent:
            _publisher.add([self._news])


def _begin_anew() -> None:
    """A forked child has neither the thread nor its news."""
    global _publisher
    _publisher = Publisher()


atexit.register(close)
os.register_at_fork(after_in_child=_begin_anew)
