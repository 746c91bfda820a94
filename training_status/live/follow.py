"""What one viewer receives: the updates of a run, of a domain, or of all domains."""

import asyncio
from collections.abc import Callable
from functools import partial

from django.utils import timezone

from training_status.live.broadcaster import Broadcaster
from training_status.live.cursor import ResumePoint
from training_status.live.run_follower import RunFollower
from training_status.live.update import Update
from training_status.live.viewer import Viewer
from training_status.read.run_updates import Position


async def follow_run(broadcaster: Broadcaster, viewer: Viewer, run_id: int, start: ResumePoint) -> None:
    """Send the updates of one run until it has ended or is deleted. Raises Closed when the stream is closed."""
    await _follow(broadcaster, viewer, run_id, start, should_leave=None)


async def follow_domain(
    broadcaster: Broadcaster, viewer: Viewer, domain_id: int, run_id: int | None, start: ResumePoint
) -> None:
    """Send the updates of the domain's latest run, and of each later one, until the domain is deleted.

    Begins with the run `run_id`. All updates of a run are sent before those of the next. A run that becomes the
    latest again continues where it was left. Raises Closed when the stream is closed.
    """
    domain = broadcaster.domain_follower(domain_id)
    domain.members.add(viewer.queue)
    starts: dict[int, ResumePoint] = {} if run_id is None else {run_id: start}
    deleted: int | None = None
    try:
        while not domain.is_deleted:
            if run_id is None:
                await _send_next(viewer)
            else:
                should_leave = partial(domain.has_moved_on_from, run_id)
                left_at = await _follow(
                    broadcaster,
                    viewer,
                    run_id,
                    starts.get(run_id, ResumePoint(is_next=True)),
                    should_leave=should_leave,
                )
                if left_at is None:
                    deleted = run_id
                else:
                    starts[run_id] = left_at
            run_id = None if domain.latest_run_id == deleted else domain.latest_run_id
    finally:
        domain.members.discard(viewer.queue)


async def follow_all(broadcaster: Broadcaster, viewer: Viewer) -> None:
    """Send the status of all domains that the viewer may access. Raises Closed when the stream is closed."""
    only_domain_id = viewer.principal.only_domain_id
    broadcaster.overview.join(viewer.queue, only_domain_id=only_domain_id)
    broadcaster.watch_overview()
    try:
        while not broadcaster.overview.is_known:
            await _send_next(viewer)
        while True:
            viewer.queue.empty()
            for update in broadcaster.overview.snapshot(timezone.now(), only_domain_id=only_domain_id):
                await viewer.send(update)
            while not viewer.queue.overflowed:
                await _send_next(viewer)
    finally:
        broadcaster.overview.leave(viewer.queue)


async def _follow(
    broadcaster: Broadcaster,
    viewer: Viewer,
    run_id: int,
    start: ResumePoint,
    *,
    should_leave: Callable[[], bool] | None,
) -> ResumePoint | None:
    """Send the updates of a run until its end, or, with `should_leave`, until that returns True.

    Return where to resume if the viewer comes back to the run, or None when the run was deleted.
    """
    queue = viewer.queue
    follower = broadcaster.run_follower(run_id)
    poll = follower.join(queue)  # join before reading, so that no update is missed in between
    broadcaster.request_poll(run_id)
    try:
        while not (follower.has_been_polled(poll, queue) or follower.is_deleted):
            await _send_next(viewer)
        if follower.facts is None or follower.is_deleted:
            return None
        seq, end_is_known, status_due = start.seq, start.end_is_known, start.status_after
        sent_status: object = None
        if start.status_first:
            sent_status = follower.sent_status
            await viewer.send(follower.first_snapshot(timezone.now(), is_next=start.is_next))
        while not follower.is_deleted:
            caught_up_from, seq = seq, await _catch_up(broadcaster, viewer, follower, seq)
            end_is_known = end_is_known and seq == caught_up_from
            if not follower.attach(queue, seq):
                await _send_next(viewer)
                continue
            end_due = follower.is_over and not end_is_known
            if status_due or end_due or sent_status is not follower.sent_status:
                await viewer.send(follower.snapshot(timezone.now(), with_end=end_due))
                end_is_known = end_is_known or end_due
            while not (queue.overflowed or follower.is_deleted):
                update = queue.take()
                if update is not None:
                    if update.last_seq is None:
                        await viewer.send(update)  # a keepalive
                    elif not (update.ends and end_is_known and update.last_seq == seq):
                        await viewer.send(update)
                        seq, end_is_known = update.last_seq, update.ends
                elif (end_is_known and should_leave is None) or (should_leave is not None and should_leave()):
                    return ResumePoint(seq, status_first=False, status_after=True, end_is_known=end_is_known)
                else:
                    await queue.wait()
            follower.detach(queue)
            status_due, sent_status = True, None
        return None
    finally:
        follower.leave(queue)


async def _catch_up(broadcaster: Broadcaster, viewer: Viewer, follower: RunFollower, seq: int) -> int:
    """Send the entries after `seq` up to the follower's head, in small parts. Return the last number sent."""
    while seq < follower.head_seq and not follower.is_deleted:
        reading = broadcaster.catch_up_cache.get(follower.run_id, Position(seq, follower.head_seq))
        update = await _read_by(viewer, reading)
        if update is None or update.last_seq is None:
            follower.mark_deleted()
        else:
            await viewer.send(update)
            seq = update.last_seq
    return seq


async def _read_by(viewer: Viewer, reading: asyncio.Task[Update | None]) -> Update | None:
    """Return the result of a read that viewers share. Meanwhile the viewer still receives keepalives."""
    reading.add_done_callback(viewer.queue.wake_when_done)
    try:
        while not reading.done():
            await _send_next(viewer)
    finally:
        reading.remove_done_callback(viewer.queue.wake_when_done)
    return reading.result()


async def _send_next(viewer: Viewer) -> None:
    """Send the next update, or wait until the queue has one or is woken."""
    update = viewer.queue.take()
    if update is None:
        await viewer.queue.wait()
    else:
        await viewer.send(update)
