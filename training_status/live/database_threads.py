"""Asking the database from the event loop: in a few threads of its own, each with a connection that it keeps."""

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
    """So many threads, started when they are needed."""

    def __init__(self, name: str, count: int) -> None:
        self._name = name
        self._threads = ThreadPoolExecutor(count, thread_name_prefix=name)

    async def ask(self, question: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What `question` returns, which only reads: asked again at once where an old connection has failed."""

        def asked() -> _T:
            is_old = connection.connection is not None
            try:
                if not is_old:
                    _plan_once()
                return question(*args, **kwargs)
            except (DatabaseError, InterfaceError):
                connection.close()
                if not is_old:
                    raise
            _plan_once()
            return question(*args, **kwargs)

        return await asyncio.get_running_loop().run_in_executor(self._threads, asked)

    async def ask_until_answered(self, question: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """As `ask`, again and again while the database cannot be reached."""
        failures = 0
        while True:
            try:
                answer = await self.ask(question, *args, **kwargs)
            except (OperationalError, InterfaceError) as error:
                if failures == 0:
                    logger.warning("The database cannot be reached, %s waits: %s", self._name, reason(error))
                await asyncio.sleep(_RETRY_AFTER_S[min(failures, len(_RETRY_AFTER_S) - 1)])
                failures += 1
            else:
                if failures:
                    logger.info("The database can be reached again, %s goes on.", self._name)
                return answer


def _plan_once() -> None:
    """Have the server plan each query once for this connection: they are few, and planning costs more than they do."""
    if settings.PREPARED_STATEMENTS:  # else the connection may be another's too
        with connection.cursor() as cursor:
            cursor.execute("SET plan_cache_mode = force_generic_plan")


# Whoever catches up with a long log does not hold up those who are live.
looking = DatabaseThreads("live-look", 1)
catching_up = DatabaseThreads("live-catch-up", 2)
access = DatabaseThreads("live-access", 1)
