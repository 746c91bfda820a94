"""A connection that waits for the server as long as the server answers at all, and no longer."""

import secrets
import time
from contextlib import suppress
from typing import Any, Final, TypeVar

import psycopg
from psycopg import OperationalError, generators, waiting
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout  # what `Connection.wait` says that it raises
from psycopg.pq import TransactionStatus
from psycopg.pq.abc import PGconn

from aegis_training.postgresql.reachability import PROMPT_S, Reachability
from aegis_training.postgresql.time_limits import OF_REQUESTS, patience
from aegis_training.shared_call import call_in_thread

RV = TypeVar("RV")

_CANCEL_LIMIT_S: Final = 10.0


class PatientConnection(psycopg.Connection[Any]):
    """Gives up a query when the server answers nobody any more: see `Patience` for the limits."""

    reachability: Reachability
    asked_at = 0.0  # when it was last begun to wait

    @property
    def was_lost_late(self) -> bool:
        """Whether the connection has ended after a wait that others should be spared."""
        return self.closed and time.monotonic() - self.asked_at > PROMPT_S

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        # Behind a pooler one connection may meet the prepared statements of another. With numbers of its own it is
        # told that its statement is not there; with the same it would be given the result of another statement.
        self._prepared._prepared_idx = secrets.randbits(60)

    def wait(self, gen: PQGen[RV], interval: float = 0.1, timeout: float | None = None) -> RV:
        """As psycopg does. Raises OperationalError when there is no answer to be expected."""
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        reachability = self.reachability
        if reachability.all_connections_hang:
            self._give_up(reachability.reason)
        limits = patience()
        self.asked_at = time.monotonic()
        try:
            if limits is OF_REQUESTS:  # the short way: no Ctrl-C interrupts a thread, and every query pays for it
                result = waiting.wait(gen, self.pgconn.socket, interval, limits.ask_after_s)
            else:
                result = super().wait(gen, interval, limits.ask_after_s)
        except _WaitTimeout:
            result = self._wait_on(gen, interval)
        reachability.answered_at = time.monotonic()
        return result

    def _wait_on(self, gen: PQGen[RV], interval: float) -> RV:
        """Go on waiting for an answer that takes long, while the server answers others."""
        limits = patience()
        begun = time.monotonic()
        while True:
            answers = self.reachability.is_answering(limits.answer_s)
            try:
                return super().wait(_rest_of(gen), interval, limits.ask_after_s if answers else 0)
            except _WaitTimeout:
                if not answers:
                    self.reachability.give_up(all_connections=True)
                    self._give_up(self.reachability.reason)
                if limits.query_s is not None and time.monotonic() - begun > limits.query_s:
                    self._give_up(f"a query has taken more than {limits.query_s:.0f} s")

    def _give_up(self, reason: str) -> None:
        if self.pgconn.transaction_status == TransactionStatus.ACTIVE:
            _cancel(self.pgconn)
        self.pgconn.finish()
        raise OperationalError(reason)


def _rest_of(gen: PQGen[RV]) -> PQGen[RV]:
    """The rest of what was waited for before.

    `wait` begins a generator with None, which one that has begun takes for an answer to what it waits for.
    """
    ready: int = waiting.READY_NONE
    try:
        while True:
            ready = (yield gen.send(ready)) or waiting.READY_NONE
    except StopIteration as end:
        return end.value


def _cancel(pgconn: PGconn) -> None:
    """Ask the server to cancel the query, and do not wait for that.

    It would not notice that nobody waits for the outcome: the query would keep its locks and, at its end, be committed.
    """
    with suppress(psycopg.Error):
        request = pgconn.cancel_conn()
        request.start()
        # Not its `blocking`, which would hold up every thread of the process meanwhile.
        call_in_thread(
            lambda: waiting.wait_conn(generators.cancel(request), interval=0.1, timeout=_CANCEL_LIMIT_S),
            name="database-cancel",
        )
