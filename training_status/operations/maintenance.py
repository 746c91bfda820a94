"""The maintenance loop of every serving process: it records uptime, sweeps silent runs, and prunes old logs."""

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
from training_status.ingest.service_uptime import UPTIME_RECORD_INTERVAL_S, record_uptime
from training_status.operations.retention import Pruned, prune_old_logs
from training_status.operations.sweep import sweep_runs

logger = logging.getLogger(__name__)

STOP_LIMIT_S: Final = 1.0
_RETRY_AFTER_S: Final = (0.5, 1.0, 2.0, UPTIME_RECORD_INTERVAL_S)
# Pruning takes a fraction of a second in each round. When nothing is left, the next check is a minute later.
_PRUNE_BATCHES_PER_ROUND: Final = 10
_PRUNE_INTERVAL_S: Final = 60.0


class MaintenanceLoop:
    """Runs a round every few seconds, in a thread with its own connection. Belongs to one event loop.

    The event loop starts each round, so a process whose loop is blocked, and which serves nobody, records no uptime.
    """

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="maintenance")
        self._stopping = threading.Event()
        self._work: asyncio.Task[None] | None = None
        self._round_ends = 0.0
        self._next_prune_at = 0.0
        self._failed_runs: frozenset[int] = frozenset()

    def start(self) -> None:
        """Start the loop. Call this in the event loop."""
        self._work = asyncio.get_running_loop().create_task(self._run(), name="maintenance")

    async def stop(self) -> None:
        """Stop within `STOP_LIMIT_S`, and close the connection unless the database does not answer."""
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
            pause_s = UPTIME_RECORD_INTERVAL_S
            try:
                await asyncio.get_running_loop().run_in_executor(self._thread, self._round)
            except (DatabaseError, InterfaceError, Unavailable) as error:
                if failures == 0:
                    logger.warning("Maintenance is paused because the database cannot be used: %s", reason(error))
                pause_s = _RETRY_AFTER_S[min(failures, len(_RETRY_AFTER_S) - 1)]
                failures += 1
            except Exception:
                logger.exception("Maintenance failed and continues with the next round.")
            else:
                if failures:
                    logger.info("The database can be used again; maintenance continues.")
                failures = 0
            await asyncio.sleep(pause_s)

    def _round(self) -> None:
        """Do the work that is due, once more if the connection of the previous round has failed since."""
        is_old = connection.connection is not None
        try:
            self._do_due_work()
        except (DatabaseError, InterfaceError, Unavailable):
            connection.close()
            if not is_old:
                raise
            self._round()

    def _do_due_work(self) -> None:
        if self._stopping.is_set():
            return
        record_uptime(timezone.now())
        self._round_ends = time.monotonic() + UPTIME_RECORD_INTERVAL_S
        swept = sweep_runs(is_stopping=self._should_stop)
        if swept.lost or swept.cancelled:
            logger.info("Silent runs ended: %d lost, %d cancelled.", swept.lost, swept.cancelled)
        for run_id, error in swept.failures.items():
            if run_id not in self._failed_runs:
                logger.error("The silent run with the key %d could not be ended: %s", run_id, error, exc_info=error)
        self._failed_runs = frozenset(swept.failures)
        if time.monotonic() >= self._next_prune_at:
            self._prune()

    def _prune(self) -> None:
        try:
            pruned = prune_old_logs(batches_max=_PRUNE_BATCHES_PER_ROUND, is_stopping=self._should_stop)
        except Unavailable as error:  # the rest of the round succeeded, and the connection works
            logger.warning("Old log entries could not be removed: %s", error.detail)
            pruned = Pruned()
        if pruned.is_all:
            self._next_prune_at = time.monotonic() + _PRUNE_INTERVAL_S
        if pruned.entries:
            logger.info("Log entries removed by retention: %d.", pruned.entries)

    def _should_stop(self) -> bool:
        """Whether to stop between two transactions: at shutdown, and in time for the next round to record uptime."""
        return self._stopping.is_set() or time.monotonic() >= self._round_ends


def _close() -> None:
    connection.close()  # this thread's
