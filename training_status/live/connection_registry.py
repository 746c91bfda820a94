"""The viewers that are there: kept alive, let go when they stop reading, and only while they may look."""

import asyncio
import logging
from typing import Final

from django.db import DatabaseError, InterfaceError

from aegis_training.postgresql.reasons import reason
from training_status.access.credentials import principals_of
from training_status.live.database_threads import access
from training_status.live.subscriber_queue import NO_ACCESS
from training_status.live.update import Update
from training_status.live.viewer import Viewer
from training_status.roles import VIEWER, covers

logger = logging.getLogger(__name__)

_ROUND_EVERY_S: Final = 3.0
_KEEPALIVE_AFTER_S: Final = 10.0  # with a round, within the 15 s that are promised
_READER_LIMIT_S: Final = 60.0
_ACCESS_EVERY_S: Final = 15.0
_ACCESS_AGAIN_S: Final = 2.0

_KEEPALIVE: Final = Update()


class ConnectionRegistry:
    """Goes round the viewers every few seconds."""

    def __init__(self) -> None:
        self._viewers: set[Viewer] = set()

    def __len__(self) -> int:
        return len(self._viewers)

    def add(self, viewer: Viewer) -> None:
        """A viewer has come."""
        self._viewers.add(viewer)

    def remove(self, viewer: Viewer) -> None:
        """A viewer has gone."""
        self._viewers.discard(viewer)

    def close_all(self, reason: str) -> None:
        """Have everybody go."""
        for viewer in self._viewers:
            viewer.queue.close(reason)

    def abort_all(self) -> None:
        """End every connection at once."""
        for viewer in self._viewers:
            viewer.connection.abort()

    async def run(self) -> None:
        """Look after everybody until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._go_round(), name="round")
            tasks.create_task(self._look_at_access(), name="access")

    async def _go_round(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_ROUND_EVERY_S)
            now = loop.time()
            for viewer in self._viewers:
                if viewer.reads_since is not None:
                    if now - viewer.reads_since > _READER_LIMIT_S:
                        viewer.connection.abort()
                elif now - viewer.told_at > _KEEPALIVE_AFTER_S:
                    viewer.queue.put(_KEEPALIVE)

    async def _look_at_access(self) -> None:
        pause_s = _ACCESS_EVERY_S
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self._let_go_without_access()
                pause_s = _ACCESS_EVERY_S
            except (DatabaseError, InterfaceError) as error:
                logger.warning("Access to the streams could not be looked at: %s", reason(error))
                pause_s = _ACCESS_AGAIN_S

    async def _let_go_without_access(self) -> None:
        """Let those go whose token was revoked, whose account was closed, whose session has ended."""
        viewers = list(self._viewers)
        principals = await access.ask(principals_of, {viewer.principal.credential for viewer in viewers})
        for viewer in viewers:
            principal, known_before = principals.get(viewer.principal.credential), viewer.principal
            if (
                principal is None
                or not covers(principal.role, VIEWER)
                or principal.only_domain_id not in (None, known_before.only_domain_id)
            ):
                viewer.queue.close(NO_ACCESS)
