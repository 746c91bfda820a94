"""The live streams of one process: begun with the first viewer, ended with the service."""

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
from training_status.live.stream_grant import StreamGrant
from training_status.live.subscriber_queue import SHUTDOWN, Closed
from training_status.live.viewer import Connection, Viewer

logger = logging.getLogger(__name__)

CLOSE_LIMIT_S: Final = 1.0
_FULL_RETRY_AFTER_S: Final = 10


class Streams:
    """Serves viewers. Belongs to one event loop at a time."""

    def __init__(self) -> None:
        self._registry = ConnectionRegistry()
        self._broadcaster: Broadcaster | None = None
        self._work: asyncio.Task[None] | None = None
        self._places_taken = 0
        self.is_closing = False

    @contextlib.contextmanager
    def place(self) -> Iterator[Unavailable | None]:
        """A place for one viewer, free again when the block ends; or why there is none."""
        if self.is_closing:
            yield Unavailable("The service is being restarted.", retry_after_s=1)
        elif self._places_taken >= settings.STREAM_VIEWERS_MAX:
            yield Unavailable(
                f"This process has as many viewers as it takes, {settings.STREAM_VIEWERS_MAX}.",
                retry_after_s=_FULL_RETRY_AFTER_S,
            )
        else:
            self._places_taken += 1
            try:
                yield None
            finally:
                self._places_taken -= 1

    @contextlib.contextmanager
    def present(self, grant: StreamGrant, connection: Connection) -> Iterator[Viewer]:
        """The viewer of a stream that was allowed, there until the block ends."""
        if self._work is None:
            self._broadcaster = Broadcaster()
            self._work = asyncio.get_running_loop().create_task(self._run(self._broadcaster), name="live streams")
        viewer = Viewer(grant.principal, connection)
        self._registry.add(viewer)
        if self.is_closing:
            viewer.queue.close(SHUTDOWN)
        try:
            yield viewer
        finally:
            self._registry.remove(viewer)

    async def tell(self, viewer: Viewer, grant: StreamGrant) -> str | None:
        """Tell the viewer everything, until the end of what they follow (None), or until they go: why."""
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
        """End every stream, and take no more viewers. Those who do not read are cut off."""
        self.is_closing = True
        self._registry.close_all(SHUTDOWN)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLOSE_LIMIT_S):
                while len(self._registry):
                    await asyncio.sleep(0.02)
        self._registry.abort_all()
        if self._work is not None:
            self._work.cancel()
            await asyncio.wait([self._work])

    async def _run(self, broadcaster: Broadcaster) -> None:
        """Keep the followers going. What goes wrong in them is a defect: it is logged, and they begin again."""
        while True:
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(broadcaster.run(), name="hub")
                    tasks.create_task(self._registry.run(), name="attendance")
            except ExceptionGroup:
                logger.exception("The live streams were interrupted, and go on.")
                await asyncio.sleep(1)
