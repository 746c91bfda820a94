"""Hearing, in the event loop, that runs have news: one LISTEN connection a process, whoever wrote."""

import asyncio
import logging
import random
from collections.abc import Callable, Iterable
from typing import Any, Final

import psycopg
from django.conf import settings
from django.db import DatabaseError, connection
from psycopg import sql

from training_status.wakeups.channel import CHANNEL, News, news_in

logger = logging.getLogger(__name__)

_RETRY_FIRST_S: Final = 0.1
_RETRY_MOST_S: Final = 10.0
_CHECK_EVERY_S: Final = 15.0
_ANSWER_LIMIT_S: Final = 5.0


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
                    logger.warning("News is not heard of, and viewers see it a little later: %s", str(error).strip())
                failures += 1
                await asyncio.sleep(_pause_s(failures))

    async def _hear(self, listening: psycopg.AsyncConnection[Any]) -> None:
        """Pass on what is announced. A connection that has silently died is noticed by asking it something."""
        while True:
            async for heard in listening.notifies(timeout=_CHECK_EVERY_S):
                try:
                    self._on_news(news_in(heard.payload))
                except ValueError:
                    logger.warning("Something else speaks on the channel %s.", CHANNEL)
                    self._on_gap()
            async with asyncio.timeout(_ANSWER_LIMIT_S):
                await listening.execute("SELECT 1")


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
