"""Sends the updates of one run to one viewer: first what the viewer has missed, then each update as it comes."""

import asyncio
import contextlib
import time
from collections.abc import Callable

from django.utils import timezone

from training_status.live.broadcaster import Broadcaster
from training_status.live.cursor import ResumePoint
from training_status.live.replay_limit import longest_wait_s, replay_by
from training_status.live.update import Update
from training_status.live.viewer import Viewer, send_next
from training_status.read.run_updates import Position


class RunStream:
    """What a viewer has been sent of a run, from a resume point on. Used for one call of `send`."""

    def __init__(self, broadcaster: Broadcaster, viewer: Viewer, run_id: int, start: ResumePoint) -> None:
        self._broadcaster = broadcaster
        self._viewer = viewer
        self._follower = broadcaster.run_follower(run_id)
        self._start = start
        self._seq = start.seq  # of the last log entry that was sent
        self._end_is_known = start.end_is_known  # whether the end was sent, with all entries before it
        self._status_is_due = start.status_after
        self._sent_status: object = None

    async def send(self, should_leave: Callable[[], bool] | None = None) -> ResumePoint | None:
        """Send updates until the end of the run, or, with `should_leave`, until that returns True.

        Return where to resume if the viewer comes back to the run, or None when the run was deleted. Raises Closed
        when the stream is closed.
        """
        follower, queue = self._follower, self._viewer.queue
        poll = follower.join(queue)  # join before reading, so that no update is missed in between
        self._broadcaster.request_poll(follower.run_id)
        try:
            while not (follower.has_been_polled(poll, queue) or follower.is_deleted):
                await send_next(self._viewer)
            if follower.facts is None or follower.is_deleted:
                return None
            if self._start.status_first:
                self._sent_status = follower.sent_status
                await self._viewer.send(follower.first_snapshot(timezone.now(), is_next=self._start.is_next))
            await self._wait_before_replay()
            while not follower.is_deleted:
                await self._catch_up()
                if not follower.attach(queue, self._seq):
                    await send_next(self._viewer)
                    continue
                await self._send_status_if_due()
                if await self._send_updates(should_leave):
                    return ResumePoint(
                        self._seq, status_first=False, status_after=True, end_is_known=self._end_is_known
                    )
                follower.detach(queue)
                self._status_is_due, self._sent_status = True, None
            return None
        finally:
            follower.leave(queue)

    async def _wait_before_replay(self) -> None:
        """Wait, with keepalives, if the client has been sent this log from its beginning too often of late."""
        facts, limit = self._follower.facts, self._broadcaster.replay_limit
        if self._seq or facts is None:
            return
        replay, entries = replay_by(self._viewer, facts.id), facts.log_count
        deadline = time.monotonic() + longest_wait_s(entries)
        # Again after each wait: another connection of the client may have been sent the log meanwhile.
        while (wait_s := min(limit.wait_s(replay, entries), deadline - time.monotonic())) > 0:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    while not self._follower.is_deleted:
                        await send_next(self._viewer)
            if self._follower.is_deleted:
                return
        limit.count(replay, entries)

    async def _catch_up(self) -> None:
        """Send the entries up to the follower's head, in small parts."""
        follower = self._follower
        while self._seq < follower.head_seq and not follower.is_deleted:
            position = Position(self._seq, follower.head_seq)
            update = await _read_by(self._viewer, self._broadcaster.catch_up_cache.get(follower.run_id, position))
            if update is None or update.last_seq is None:
                follower.mark_deleted()
            else:
                await self._viewer.send(update)
                self._seq, self._end_is_known = update.last_seq, False

    async def _send_status_if_due(self) -> None:
        """Send the status if it has changed while the viewer caught up, with the end if the viewer lacks it."""
        follower = self._follower
        end_is_due = follower.is_over and not self._end_is_known
        if self._status_is_due or end_is_due or self._sent_status is not follower.sent_status:
            await self._viewer.send(follower.snapshot(timezone.now(), with_end=end_is_due))
            self._end_is_known = self._end_is_known or end_is_due

    async def _send_updates(self, should_leave: Callable[[], bool] | None) -> bool:
        """Send updates as they come. Return False if the viewer fell behind or the run was deleted, True at the end."""
        queue = self._viewer.queue
        while not (queue.overflowed or self._follower.is_deleted):
            update = queue.take()
            if update is not None:
                await self._send(update)
            elif should_leave() if should_leave is not None else self._end_is_known:
                return True
            else:
                await queue.wait()
        return False

    async def _send(self, update: Update) -> None:
        if update.last_seq is None:
            await self._viewer.send(update)  # a keepalive
        elif not (update.ends and self._end_is_known and update.last_seq == self._seq):
            await self._viewer.send(update)
            self._seq, self._end_is_known = update.last_seq, update.ends


async def _read_by(viewer: Viewer, reading: asyncio.Task[Update | None]) -> Update | None:
    """Return the result of a read that viewers share. Meanwhile the viewer still receives keepalives."""
    reading.add_done_callback(viewer.queue.wake_when_done)
    try:
        while not reading.done():
            await send_next(viewer)
    finally:
        reading.remove_done_callback(viewer.queue.wake_when_done)
    return reading.result()
