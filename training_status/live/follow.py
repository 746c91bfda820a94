"""What one viewer is told, from their first moment on: a run, a domain, or all domains."""

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
    """Tell the viewer of one run until it has ended, or is deleted. Raises Closed when the viewer is to go."""
    await _follow(broadcaster, viewer, run_id, start, is_enough=None)


async def follow_domain(
    broadcaster: Broadcaster, viewer: Viewer, domain_id: int, run_id: int | None, start: ResumePoint
) -> None:
    """Tell the viewer of the domain's latest run, and of each that becomes it, until the domain is deleted.

    They begin with the run `run_id`. All that there is of a run is told before another one, and a run that is
    the latest again goes on where it was left. Raises Closed when the viewer is to go.
    """
    domain = broadcaster.domain_follower(domain_id)
    domain.members.add(viewer.queue)
    starts: dict[int, ResumePoint] = {} if run_id is None else {run_id: start}
    deleted: int | None = None
    try:
        while not domain.is_gone:
            if run_id is None:
                await _tell_waiting(viewer)
            else:
                has_moved_on = partial(domain.has_moved_on_from, run_id)
                left_at = await _follow(
                    broadcaster, viewer, run_id, starts.get(run_id, ResumePoint(is_next=True)), is_enough=has_moved_on
                )
                if left_at is None:
                    deleted = run_id
                else:
                    starts[run_id] = left_at
            run_id = None if domain.latest_run_id == deleted else domain.latest_run_id
    finally:
        domain.members.discard(viewer.queue)


async def follow_all(broadcaster: Broadcaster, viewer: Viewer) -> None:
    """Tell the viewer the status of all domains that they may know of. Raises Closed when the viewer is to go."""
    only_domain_id = viewer.principal.only_domain_id
    broadcaster.overview.join(viewer.queue, only_domain_id=only_domain_id)
    broadcaster.watch_overview()
    try:
        while not broadcaster.overview.is_known:
            await _tell_waiting(viewer)
        while True:
            viewer.queue.empty()
            for update in broadcaster.overview.snapshot(timezone.now(), only_domain_id=only_domain_id):
                await viewer.tell(update)
            while not viewer.queue.overflowed:
                await _tell_waiting(viewer)
    finally:
        broadcaster.overview.leave(viewer.queue)


async def _follow(
    broadcaster: Broadcaster, viewer: Viewer, run_id: int, start: ResumePoint, *, is_enough: Callable[[], bool] | None
) -> ResumePoint | None:
    """Tell of a run: until its end, or until `is_enough` for a viewer who stays when it ends.

    Where to go on, should the viewer come back to it; None when it was deleted.
    """
    queue = viewer.queue
    follower = broadcaster.run_follower(run_id)
    look = follower.join(queue)  # first, so that nothing falls between what is read now and what is heard later
    broadcaster.look_at_run(run_id)
    try:
        while not (follower.has_looked(look, queue) or follower.is_gone):
            await _tell_waiting(viewer)
        if follower.facts is None or follower.is_gone:
            return None
        seq, end_is_known, owes_status = start.seq, start.end_is_known, start.status_after
        status_told: object = None
        if start.status_first:
            status_told = follower.status_told
            await viewer.tell(follower.first_snapshot(timezone.now(), is_next=start.is_next))
        while not follower.is_gone:
            caught_up_from, seq = seq, await _catch_up(broadcaster, viewer, follower, seq)
            end_is_known = end_is_known and seq == caught_up_from
            if not follower.attach(queue, seq):
                await _tell_waiting(viewer)
                continue
            tell_end = follower.is_over and not end_is_known
            if owes_status or tell_end or status_told is not follower.status_told:
                await viewer.tell(follower.snapshot(timezone.now(), with_end=tell_end))
                end_is_known = end_is_known or tell_end
            while not (queue.overflowed or follower.is_gone):
                update = queue.take()
                if update is not None:
                    if update.last_seq is None:
                        await viewer.tell(update)  # a sign of life
                    elif not (update.ends and end_is_known and update.last_seq == seq):
                        await viewer.tell(update)
                        seq, end_is_known = update.last_seq, update.ends
                elif (end_is_known and is_enough is None) or (is_enough is not None and is_enough()):
                    return ResumePoint(seq, status_first=False, status_after=True, end_is_known=end_is_known)
                else:
                    await queue.wait()
            follower.detach(queue)
            owes_status, status_told = True, None
        return None
    finally:
        follower.leave(queue)


async def _catch_up(broadcaster: Broadcaster, viewer: Viewer, follower: RunFollower, seq: int) -> int:
    """Tell the entries after `seq` up to the follower's head, a slice in memory at a time; the last one told."""
    while seq < follower.head_seq and not follower.is_gone:
        reading = broadcaster.slices.slice(follower.run_id, Position(seq, follower.head_seq))
        update = await _read_by(viewer, reading)
        if update is None or update.last_seq is None:
            follower.has_ended()
        else:
            await viewer.tell(update)
            seq = update.last_seq
    return seq


async def _read_by(viewer: Viewer, reading: asyncio.Task[Update | None]) -> Update | None:
    """The result of a reading, which others share; meanwhile the viewer is told that the service is there."""
    reading.add_done_callback(viewer.queue.poke_when_done)
    try:
        while not reading.done():
            await _tell_waiting(viewer)
    finally:
        reading.remove_done_callback(viewer.queue.poke_when_done)
    return reading.result()


async def _tell_waiting(viewer: Viewer) -> None:
    """Tell the next update, or wait for one or for something else to look at."""
    update = viewer.queue.take()
    if update is None:
        await viewer.queue.wait()
    else:
        await viewer.tell(update)
