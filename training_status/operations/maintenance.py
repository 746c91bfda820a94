"""What every serving process does beside serving: it notes that it is there, sweeps, and lets old logs go."""

import asyncio
import contextlib
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from django.db import DatabaseError, InterfaceError, connection
from django.utils import timezone

from aegis_training.postgresql.reasons import reason
from training_status.errors import Unavailable
from training_status.ingest.service_uptime import SEEN_EVERY_S
from training_status.operations.retention import Pruned, prune_old_logs
from training_status.operations.sweep import sweep_runs
from training_status.operations.uptime_record import record_uptime

logger = logging.getLogger(__name__)

STOP_LIMIT_S: Final = 1.0
_RETRY_AFTER_S: Final = (0.5, 1.0, 2.0, SEEN_EVERY_S)
# Of old logs, so much in one round that it takes a part of a second; when there is no more, a look each minute.
_BATCHES_IN_A_ROUND: Final = 10
_LOOK_FOR_OLD_LOGS_EVERY_S: Final = 60.0


class MaintenanceLoop:
    """Rounds, every few seconds, in a thread with a connection of its own. Belongs to one event loop.

    The loop asks for each round: a process whose loop does not turn, and so does not serve, is not noted as there.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="upkeep")
        self._stopping = threading.Event()
        self._work: asyncio.Task[None] | None = None
        self._round_ends = 0.0
        self._next_look_for_old_logs = 0.0
        self._failed_runs: frozenset[int] = frozenset()

    def start(self) -> None:
        """Begin. Call it in the event loop."""
        self._work = asyncio.get_running_loop().create_task(self._run(), name="upkeep")

    async def stop(self) -> None:
        """End within `STOP_LIMIT_S`, and leave no connection behind unless the database does not answer."""
        self._stopping.set()
        if self._work is not None:
            self._work.cancel()
        closing = asyncio.get_running_loop().run_in_executor(self._thread, _close)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(closing), STOP_LIMIT_S)
        self._thread.shutdown(wait=False)

    async def _run(self) -> None:
        failures = 0
        while True:
            pause_s = SEEN_EVERY_S
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._round)
            except (DatabaseError, InterfaceError, Unavailable) as error:
                if failures == 0:
                    logger.warning("No run is given up for now, the database cannot be used: %s", reason(error))
                pause_s = _RETRY_AFTER_S[min(failures, len(_RETRY_AFTER_S) - 1)]
                failures += 1
            except Exception:
                logger.exception("The upkeep was interrupted, and goes on.")
            else:
                if failures:
                    logger.info("The database can be used again: runs that stay silent are given up.")
                failures = 0
            await asyncio.sleep(pause_s)

    def _round(self) -> None:
        """Do what is due. A connection kept from the round before may have failed since: then once more."""
        is_old = connection.connection is not None
        try:
            self._look_after()
        except (DatabaseError, InterfaceError, Unavailable):
            connection.close()
            if not is_old:
                raise
            self._round()

    def _look_after(self) -> None:
        if self._stopping.is_set():
            return
        record_uptime(timezone.now())
        self._round_ends = time.monotonic() + SEEN_EVERY_S
        swept = sweep_runs(is_stopping=self._is_enough)
        if swept.lost or swept.cancelled:
            logger.info("Silent runs given up: %d lost, %d cancelled.", swept.lost, swept.cancelled)
        for run_id, error in swept.failures.items():
            if run_id not in self._failed_runs:
                logger.error("The silent run with the key %d cannot be given up: %s", run_id, error, exc_info=error)
        self._failed_runs = frozenset(swept.failures)
        if time.monotonic() >= self._next_look_for_old_logs:
            self._let_old_logs_go()

    def _let_old_logs_go(self) -> None:
        try:
            pruned = prune_old_logs(batches_max=_BATCHES_IN_A_ROUND, is_stopping=self._is_enough)
        except Unavailable as error:  # the rest of the round is done, and the connection is good
            logger.warning("Old logs stay for now: %s", error.detail)
            pruned = Pruned()
        if pruned.is_all:
            self._next_look_for_old_logs = time.monotonic() + _LOOK_FOR_OLD_LOGS_EVERY_S
        if pruned.entries:
            logger.info("Log entries no longer kept: %d.", pruned.entries)

    def _is_enough(self) -> bool:
        """Asked between two transactions. However much there is to do, presence is noted in time: the next round's."""
        return self._stopping.is_set() or time.monotonic() >= self._round_ends


def _close() -> None:
    connection.close()  # this thread's
