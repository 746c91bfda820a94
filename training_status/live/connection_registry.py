"""The open streams of a process: keepalives, and closing those whose client stopped reading or lost access."""

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

_CHECK_INTERVAL_S: Final = 3.0
_KEEPALIVE_AFTER_S: Final = 10.0  # plus one check interval, within the promised 15 s
_SEND_LIMIT_S: Final = 60.0
_ACCESS_CHECK_INTERVAL_S: Final = 15.0
_ACCESS_RETRY_AFTER_S: Final = 2.0

_KEEPALIVE: Final = Update()


class ConnectionRegistry:
    """Keeps the viewers of a process, and checks their connections and their access every few seconds."""

    def __init__(self) -> None:
        self._viewers: set[Viewer] = set()

    def __len__(self) -> int:
        return len(self._viewers)

    def add(self, viewer: Viewer) -> None:
        """Register a viewer."""
        self._viewers.add(viewer)

    def remove(self, viewer: Viewer) -> None:
        """Unregister a viewer."""
        self._viewers.discard(viewer)

    def close_all(self, reason: str) -> None:
        """Close every viewer's queue; `reason` is one of the words in `subscriber_queue`."""
        for viewer in self._viewers:
            viewer.queue.close(reason)

    def abort_all(self) -> None:
        """Abort every connection at once."""
        for viewer in self._viewers:
            viewer.connection.abort()

    async def run(self) -> None:
        """Check connections and access until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._check_connections(), name="connection checks")
            tasks.create_task(self._check_access(), name="access checks")

    async def _check_connections(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(_CHECK_INTERVAL_S)
            now = loop.time()
            for viewer in self._viewers:
                if viewer.sending_since is not None:
                    if now - viewer.sending_since > _SEND_LIMIT_S:
                        viewer.connection.abort()
                elif now - viewer.sent_at > _KEEPALIVE_AFTER_S:
                    viewer.queue.put(_KEEPALIVE)

    async def _check_access(self) -> None:
        pause_s = _ACCESS_CHECK_INTERVAL_S
        while True:
            await asyncio.sleep(pause_s)
            try:
                await self._close_without_access()
                pause_s = _ACCESS_CHECK_INTERVAL_S
            except (DatabaseError, InterfaceError) as error:
                logger.warning("Access to the streams could not be checked: %s", reason(error))
                pause_s = _ACCESS_RETRY_AFTER_S

    async def _close_without_access(self) -> None:
        """Close the streams of revoked tokens, deactivated accounts and ended sessions."""
        viewers = list(self._viewers)
        principals = await access.run(principals_of, {viewer.principal.credential for viewer in viewers})
        for viewer in viewers:
            principal, known_before = principals.get(viewer.principal.credential), viewer.principal
            if (
                principal is None
                or not covers(principal.role, VIEWER)
                or principal.only_domain_id not in (None, known_before.only_domain_id)
            ):
                viewer.queue.close(NO_ACCESS)
