"""Hearing, in the event loop, that runs have news: one LISTEN connection a process, whoever wrote."""

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
from training_status.wakeups.channel import CHANNEL, News, news_in

logger = logging.getLogger(__name__)

_RETRY_FIRST_S: Final = 0.1
_RETRY_MOST_S: Final = 10.0
_CHECK_EVERY_S: Final = 15.0
_ANSWER_LIMIT_S: Final = 5.0

# Whoever follows reads after every wake-up. The more there are a second, the more of them are gathered for one
# reading: people see no difference, and what the database has to do is for the writers.
_PROMPT_TO: Final = 75.0
_REST_BY_RATE_S: Final = 0.002
_LONGEST_REST_S: Final = 0.1
_RATE_OVER_S: Final = 0.2


class Listener:
    """Calls `on_news` with what was announced, and `on_gap` whenever announcements may have been missed.

    `run` goes on until it is cancelled: it connects again after every interruption, later and later
    and not at the same moment as other processes do.
    """

    def __init__(self, on_news: Callable[[Iterable[News]], None], on_gap: Callable[[], None]) -> None:
        self._on_news = on_news
        self._on_gap = on_gap

    async def run(self) -> None:
        """Listen until cancelled."""
        failures = 0
        while True:
            try:
                async with await _connect() as listening:
                    await listening.execute(sql.SQL("LISTEN {}").format(sql.Identifier(CHANNEL)))
                    if failures:
                        logger.info("Hearing of news again.")
                    failures = 0
                    self._on_gap()
                    await self._hear(listening)
            except (psycopg.Error, DatabaseError, OSError, TimeoutError) as error:
                if failures == 0:
                    logger.warning("News is not heard of, and viewers see it a little later: %s", reason(error))
                failures += 1
                await asyncio.sleep(_pause_s(failures))

    async def _hear(self, listening: psycopg.AsyncConnection[Any]) -> None:
        """Pass on what is announced. A connection that has silently died is noticed by asking it something."""
        rest = Rest()
        while True:
            heard = [notify async for notify in listening.notifies(timeout=_CHECK_EVERY_S, stop_after=1)]
            if heard:
                self._pass_on(heard)
                await asyncio.sleep(rest.after(len(heard), time.monotonic()))
                continue
            async with asyncio.timeout(_ANSWER_LIMIT_S):
                await listening.execute("SELECT 1")

    def _pass_on(self, heard: list[psycopg.Notify]) -> None:
        try:
            self._on_news([news for notify in heard for news in news_in(notify.payload)])
        except ValueError:
            logger.warning("Something else speaks on the channel %s.", CHANNEL)
            self._on_gap()


class Rest:
    """How long to gather wake-ups before they are passed on."""

    def __init__(self) -> None:
        self._rate = 0.0  # wake-ups a second, lately
        self._at = 0.0

    def after(self, count: int, now: float) -> float:
        """The seconds, after so many have come by `now`."""
        self._rate = self._rate * math.exp((self._at - now) / _RATE_OVER_S) + count / _RATE_OVER_S
        self._at = now
        return min(max(0.0, _REST_BY_RATE_S * (self._rate - _PROMPT_TO)), _LONGEST_REST_S)


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
