"""A cache of log parts for viewers that catch up: viewers at the same position, as after a restart, share a read."""

import asyncio
from collections import OrderedDict
from typing import Final

from django.utils import timezone

from training_status.live.database_threads import catching_up
from training_status.live.update import Update, gap_message, log_messages
from training_status.read.run_facts import RunFacts
from training_status.read.run_updates import Position, RunUpdate, updates_of_runs

_PARTS_KEPT: Final = 16  # of at most about 256 KiB
_RETRY_AFTER_S: Final = (0.1, 0.3, 1.0)


class CatchUpCache:
    """Reads parts of logs and caches the last few. Log entries do not change, so parts never become stale."""

    def __init__(self) -> None:
        self._parts: OrderedDict[tuple[int, Position], asyncio.Task[Update | None]] = OrderedDict()

    def get(self, run_id: int, position: Position) -> "asyncio.Task[Update | None]":
        """Return a task that reads the next entries of a run after a position. Its result is None for a deleted run."""
        key = (run_id, position)
        task = self._parts.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._parts[key] = asyncio.ensure_future(_read(run_id, position))
            if len(self._parts) > _PARTS_KEPT:
                self._parts.popitem(last=False)
        self._parts.move_to_end(key)
        return task


async def _read(run_id: int, position: Position) -> Update | None:
    update: RunUpdate | None = None
    for pause_s in _RETRY_AFTER_S:
        update = (await catching_up.run_until_reachable(updates_of_runs, {run_id: position})).get(run_id)
        if update is None:
            return None
        if update.lines:
            envelopes = log_messages(update.facts, position.after_seq, update.lines, timezone.now())
            return Update(envelopes, last_seq=update.lines[-1].seq)
        if update.facts.first_seq > position.after_seq + 1:  # all entries up to there were pruned
            return _gap(update.facts, update.facts.first_seq)
        await asyncio.sleep(pause_s)  # pruned between the query for the run and the query for its log
    assert update is not None
    return _gap(update.facts, (position.up_to_seq or update.facts.last_seq) + 1)


def _gap(run: RunFacts, first_seq: int) -> Update:
    return Update([gap_message(run, first_seq, timezone.now())], last_seq=first_seq - 1)
