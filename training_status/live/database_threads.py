"""Database queries from the event loop: they run in a few dedicated threads, each with a persistent connection."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection

from aegis_training.postgresql.reasons import reason

logger = logging.getLogger(__name__)

_RETRY_AFTER_S: Final = (0.05, 0.3, 1.0, 2.0)

_P = ParamSpec("_P")
_T = TypeVar("_T")


class DatabaseThreads:
    """A pool of at most `count` threads, started on demand."""

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def run(self, query: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Run `query`, which must only read. It runs once more if a connection from an earlier query has failed."""

        def call() -> _T:
            is_old = connection.connection is not None
            try:
                if not is_old:
                    _plan_once()
                return query(*args, **kwargs)
            except (DatabaseError, InterfaceError):
                connection.close()
                if not is_old:
                    raise
            _plan_once()
            return query(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, call)

    async def run_until_reachable(self, query: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """Like `run`, retrying while the database cannot be reached."""
        failures = 0
        while True:
            try:
                answer = await self.run(query, *args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                if failures == 0:
                    logger.warning("The database cannot be reached; %s is waiting: %s", self._name, reason(error))
                await asyncio.sleep(_RETRY_AFTER_S[min(failures, len(_RETRY_AFTER_S) - 1)])
                failures += 1
            else:
                if failures:
                    logger.info("The database can be reached again; %s continues.", self._name)
                return answer


def _plan_once() -> None:
    """Have PostgreSQL plan each query once for this connection: planning costs more than running these queries."""
    if settings.PREPARED_STATEMENTS:  # without them a pooler may share the connection
        with connection.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan")


# Separate threads: a viewer that catches up with a long log does not delay the live ones.
polling = DatabaseThreads("live-poll", 1)
catching_up = DatabaseThreads("live-catch-up", 2)
access = DatabaseThreads("live-access", 1)
