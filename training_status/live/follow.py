"""What one viewer receives: the updates of a run, of a domain, or of all domains."""

from functools import partial

from django.utils import timezone

from training_status.live.broadcaster import Broadcaster
from training_status.live.cursor import ResumePoint
from training_status.live.run_stream import RunStream
from training_status.live.viewer import Viewer, send_next


async def follow_run(broadcaster: Broadcaster, viewer: Viewer, run_id: int, start: ResumePoint) -> None:
    """Send the updates of one run until it has ended or is deleted. Raises Closed when the stream is closed."""
    await RunStream(broadcaster, viewer, run_id, start).send()


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
                await send_next(viewer)
            else:
                should_leave = partial(domain.has_moved_on_from, run_id)
                start = starts.get(run_id, ResumePoint(is_next=True))
                left_at = await RunStream(broadcaster, viewer, run_id, start).send(should_leave)
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
            await send_next(viewer)
        while True:
            viewer.queue.empty()
            for update in broadcaster.overview.snapshot(timezone.now(), only_domain_id=only_domain_id):
                await viewer.send(update)
            while not viewer.queue.overflowed:
                await send_next(viewer)
    finally:
        broadcaster.overview.leave(viewer.queue)
