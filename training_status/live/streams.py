"""The live streams of one process: they start with the first viewer and end with the service."""

import asyncio
import contextlib
import logging
from collections.abc import Iterator
from typing import Final

from django.conf import settings

from training_status.errors import Unavailable
from training_status.live.broadcaster import Broadcaster
from training_status.live.connection_registry import ConnectionRegistry
from training_status.live.follow import follow_all, follow_domain, follow_run
from training_status.live.replay_limit import replay_by
from training_status.live.stream_grant import StreamGrant
from training_status.live.subscriber_queue import SHUTDOWN, Closed
from training_status.live.viewer import Connection, Viewer

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S: Final = 1.0
_FULL_RETRY_AFTER_S: Final = 10


class Streams:
    """Serves viewers, up to STREAM_VIEWERS_MAX of them. Belongs to one event loop."""

    def __init__(self) -> None:
        self._connections = ConnectionRegistry()
        self._broadcaster: Broadcaster | None = None
        self._work: asyncio.Task[None] | None = None
        self._places_taken = 0
        self.is_closing = False

    @contextlib.contextmanager
    def reserve_place(self) -> Iterator[Unavailable | None]:
        """Reserve a place for one viewer until the block ends. Yields None, or the error to answer if there is none."""
        if self.is_closing:
            yield Unavailable("The service is being restarted.", retry_after_s=1)
        elif self._places_taken >= settings.STREAM_VIEWERS_MAX:
            yield Unavailable(
                f"This process already has {settings.STREAM_VIEWERS_MAX} viewers, the most that it accepts.",
                retry_after_s=_FULL_RETRY_AFTER_S,
            )
        else:
            self._places_taken += 1
            try:
                yield None
            finally:
                self._places_taken -= 1

    @contextlib.contextmanager
    def connected(self, grant: StreamGrant, connection: Connection) -> Iterator[Viewer]:
        """Register the viewer of a granted stream until the block ends."""
        if self._work is None:
            self._broadcaster = Broadcaster()
            self._work = asyncio.get_running_loop().create_task(self._run(self._broadcaster), name="live streams")
        viewer = Viewer(grant.principal, connection)
        self._connections.add(viewer)
        if self.is_closing:
            viewer.queue.close(SHUTDOWN)
        try:
            yield viewer
        finally:
            self._connections.remove(viewer)

    def replay_wait_s(self, viewer: Viewer, grant: StreamGrant) -> float:
        """Return how long the viewer would wait now if it asked for the whole log again."""
        if self._broadcaster is None or grant.run_id is None:
            return 0.0
        return self._broadcaster.replay_limit.wait_s(replay_by(viewer, grant.run_id))

    async def serve(self, viewer: Viewer, grant: StreamGrant) -> str | None:
        """Send the viewer all updates. Return None at the end of what it follows, or the reason why it was closed."""
        assert self._broadcaster is not None
        try:
            if grant.domain_id is not None:
                await follow_domain(self._broadcaster, viewer, grant.domain_id, grant.run_id, grant.start)
            elif grant.run_id is not None:
                await follow_run(self._broadcaster, viewer, grant.run_id, grant.start)
            else:
                await follow_all(self._broadcaster, viewer)
        except Closed as closed:
            return closed.reason
        return None

    async def close(self) -> None:
        """Close every stream and accept no more viewers. Connections that do not close in time are aborted."""
        self.is_closing = True
        self._connections.close_all(SHUTDOWN)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT_S):
                while len(self._connections):
                    await asyncio.sleep(0.02)
        self._connections.abort_all()
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])

    async def _run(self, broadcaster: Broadcaster) -> None:
        """Run the broadcaster and the registry. An exception in them is a defect: it is logged, and they restart."""
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(broadcaster.run(), name="broadcaster")
                    tasks.create_task(self._connections.run(), name="connection registry")
            except ExceptionGroup:
                logger.exception("The live streams failed and are restarted.")
                await asyncio.sleep(1)
