"""Parts of logs for viewers who catch up: read once for all who are at the same place, as after a restart."""

import asyncio
from collections import OrderedDict
from typing import Final

from django.utils import timezone

from training_status.live.database_threads import catching_up
from training_status.live.update import Update, gap_message, log_messages
from training_status.read.run_facts import RunFacts
from training_status.read.run_updates import Position, RunUpdate, updates_of_runs

_KEPT: Final = 16  # of at most about 256 KiB
_LOOK_AGAIN_AFTER_S: Final = (0.1, 0.3, 1.0)


class CatchUpCache:
    """Asks for slices, and keeps the last few: what is in a log does not change."""

    def __init__(self) -> None:
        self._slices: OrderedDict[tuple[int, Position], asyncio.Task[Update | None]] = OrderedDict()

    def slice(self, run_id: int, position: Position) -> "asyncio.Task[Update | None]":
        """The next entries of a run after a position; with a result of None where the run does not exist any more."""
        key = (run_id, position)
        task = self._slices.get(key)
        if task is None or (task.done() and (task.cancelled() or task.exception() is not None)):
            task = self._slices[key] = asyncio.ensure_future(_read(run_id, position))
            if len(self._slices) > _KEPT:
                self._slices.popitem(last=False)
        self._slices.move_to_end(key)
        return task


async def _read(run_id: int, position: Position) -> Update | None:
    news: RunUpdate | None = None
    for pause_s in _LOOK_AGAIN_AFTER_S:
        news = (await catching_up.ask_until_answered(updates_of_runs, {run_id: position})).get(run_id)
        if news is None:
            return None
        if news.lines:
            envelopes = log_messages(news.facts, position.after_seq, news.lines, timezone.now())
            return Update(envelopes, last_seq=news.lines[-1].seq)
        if news.facts.first_seq > position.after_seq + 1:  # all of it has been taken out of the log
            return _gap(news.facts, news.facts.first_seq)
        await asyncio.sleep(pause_s)  # it was taken out between the look at the run and the look at its log
    assert news is not None
    return _gap(news.facts, (position.up_to_seq or news.facts.last_seq) + 1)


def _gap(run: RunFacts, first_seq: int) -> Update:
    return Update([gap_message(run, first_seq, timezone.now())], last_seq=first_seq - 1)
