"""Receiving notifications of changed runs in the event loop: one LISTEN connection for each process."""

import asyncio
import logging
import math
import random
import time
from collections.abc import Callable, Iterable
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection
from psycopg import sql

from aegis_training.postgresql.reasons import reason
from training_status.change_notifications.channel import CHANNEL, RunChanged, changes_in

logger = logging.getLogger(__name__)

_RETRY_FIRST_S: Final = 0.1
_RETRY_MOST_S: Final = 10.0
_CHECK_EVERY_S: Final = 15.0
_ANSWER_LIMIT_S: Final = 5.0

# Followers read the database after every notification. The more there are in a second, the more of them are collected
# for one read: people see no difference, and the database has time for the writers.
_PROMPT_TO: Final = 75.0
_DELAY_BY_RATE_S: Final = 0.002
_LONGEST_DELAY_S: Final = 0.1
_RATE_OVER_S: Final = 0.2


class Listener:
    """Calls `on_change` with the runs that changed, and `on_gap` whenever notifications may have been missed.

    `run` goes on until it is cancelled: it connects again after every interruption, later and later
    and not at the same moment as other processes do.
    """

    def __init__(self, on_change: Callable[[Iterable[RunChanged]], None], on_gap: Callable[[], None]) -> None:
        self._on_change = on_change
        self._on_gap = on_gap

    async def run(self) -> None:
        """Listen until cancelled."""
        failures = 0
        while True:
            try:
                async with await _connect() as listening:
                    await listening.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                    if failures:
                        logger.info("Notifications of changes are received again.")
                    failures = 0
                    self._on_gap()
                    await self._receive(listening)
            except (psycopg.Error, DatabaseError, OSError, TimeoutError) as error:
                if failures == 0:
                    logger.warning(
                        "Changes are not notified of, and viewers see them a little later: %s", reason(error)
                    )
                failures += 1
                await asyncio.sleep(_pause_s(failures))

    async def _receive(self, listening: psycopg.AsyncConnection[Any]) -> None:
        """Pass on notifications. A connection that has silently died is noticed by a query."""
        delay = CollectingDelay()
        while True:
            received = [notify async for notify in listening.notifies(timeout=_CHECK_EVERY_S, stop_after=1)]
            if received:
                self._pass_on(received)
                await asyncio.sleep(delay.after(len(received), time.monotonic()))
                continue
            async with asyncio.timeout(_ANSWER_LIMIT_S):
                await listening.execute("SELECT 1")

    def _pass_on(self, received: list[psycopg.Notify]) -> None:
        try:
            self._on_change([news for notify in received for news in changes_in(notify.payload)])
        except ValueError:
            logger.warning("Something else sends notifications on the channel %s.", CHANNEL)
            self._on_gap()


class CollectingDelay:
    """How long to collect notifications before they are passed on."""

    def __init__(self) -> None:
        self._rate = 0.0  # notifications per second, lately
        self._at = 0.0

    def after(self, count: int, now: float) -> float:
        """The seconds, after so many have come by `now`."""
        self._rate = self._rate * math.exp((self._at - now) / _RATE_OVER_S) + count / _RATE_OVER_S
        self._at = now
        return min(max(0.0, _DELAY_BY_RATE_S * (self._rate - _PROMPT_TO)), _LONGEST_DELAY_S)


def _pause_s(failures: int) -> float:
    longest = min(_RETRY_FIRST_S * 2**failures, _RETRY_MOST_S)
    return random.uniform(longest / 2, longest)  # noqa: S311  (not a secret)


async def _connect() -> psycopg.AsyncConnection[Any]:
    parameters = await asyncio.to_thread(_connection_parameters)
    return await psycopg.AsyncConnection.connect(**parameters, autocommit=True, prepare_threshold=None)


def _connection_parameters() -> dict[str, Any]:
    """Where to listen: an address of its own where the database is behind a pooler, else as everybody."""
    parameters: dict[str, Any]
    if settings.LISTEN_DATABASE is not None:
        parameters = dict(settings.LISTEN_DATABASE)
    else:
        parameters = connection.get_connection_params()
        for django_only in ("cursor_factory", "context", "prepare_threshold"):
            parameters.pop(django_only, None)
    return parameters | {"application_name": "aegis-listener"}
