"""Notifying followers of changed runs: right after the commit, outside the writing transaction, many in one NOTIFY.

NOTIFY inside a transaction makes all writers of the database queue for their commits. So it is sent with the COMMIT, as
a transaction of its own behind it, unless this process has sent one just before. A notification that is lost with its
process costs a viewer a few seconds: followers also poll.
"""

import atexit
import os
import time

from django.db import transaction

from aegis_training.postgresql.piggybacked_statements import PiggybackedStatement
from training_status.change_notifications.channel import RunChanged
from training_status.change_notifications.publisher import Publisher, notify_statement

_publisher = Publisher()


def notify_on_commit(domain_id: int, run_id: int) -> None:
    """Notify the followers of the run and its domain once the present transaction has been committed."""
    # `robust`: what has been committed stays acknowledged, whatever becomes of the notification.
    transaction.on_commit(_ChangeOfTransaction(RunChanged(domain_id, run_id)), robust=True)


def close() -> None:
    """Send what is waiting and end the process's publisher: commands and tests do so before they end."""
    _publisher.close()


class _ChangeOfTransaction(PiggybackedStatement):
    """The run that one transaction changed."""

    def __init__(self, change: RunChanged) -> None:
        self._change = change
        self._taken: set[RunChanged] = set()
        self._begun = 0.0
        self._is_sent = False

    def prepare(self) -> str | None:
        taken = _publisher.take(self._change)
        if taken is None:
            return None
        self._taken, self._begun = taken, time.monotonic()
        return notify_statement(taken)

    def finished(self, *, succeeded: bool) -> None:
        self._is_sent = succeeded
        if succeeded:
            _publisher.sent(time.monotonic() - self._begun)
        else:  # this transaction's own is sent when it has been committed, if it has
            _publisher.failed(self._taken - {self._change})

    def __call__(self) -> None:
        if not self._is_sent:
            _publisher.add([self._change])


def _begin_anew() -> None:
    """A forked child has neither the thread nor what waits in it."""
    global _publisher
    _publisher = Publisher()


atexit.register(close)
os.register_at_fork(after_in_child=_begin_anew)
