"""Asking the database from the event loop: in a few threads of its own, each with a connection that it keeps."""

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, ParamSpec, TypeVar

from django.db import DatabaseError, InterfaceError, OperationalError, connection

logger = logging.getLogger(__name__)

THREADS: Final = 2
_RETRY_AFTER_S: Final = (0.1, 0.3, 1.0, 2.0)

_P = ParamSpec("_P")
_T = TypeVar("_T")

_threads = ThreadPoolExecutor(THREADS, thread_name_prefix="live")


async def in_database_thread(ask: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """What `ask` returns. A connection that has failed is not used again."""

    def asked() -> _T:
        try:
            return ask(*args, **kwargs)
        except (DatabaseError, InterfaceError):
            connection.close()
            raise

    return await asyncio.get_running_loop().run_in_executor(_threads, asked)


async def asked_until_answered(ask: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
    """As `in_database_thread`, again and again while the database cannot be reached."""
    failures = 0
    while True:
        try:
            answer = await in_database_thread(ask, *args, **kwargs)
        except (OperationalError, InterfaceError) as error:
            if failures == 1:  # the first may be a connection that had been closed meanwhile
                logger.warning("The database cannot be reached, streams wait for it: %s", str(error).strip())
            await asyncio.sleep(_RETRY_AFTER_S[min(failures, len(_RETRY_AFTER_S) - 1)])
            failures += 1
        else:
            if failures > 1:
                logger.info("The database can be reached again.")
            return answer
