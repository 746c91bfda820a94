"""The status of every domain's latest run, for the viewers that follow all domains."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from training_status.live.status_changes import change_event, differs, has_started, is_over
from training_status.live.subscriber_queue import SubscriberQueue
from training_status.live.update import Envelope, Update, status_message
from training_status.read.run_facts import RunFacts
from training_status.serializers.envelope import status_of
from training_status.serializers.event_types import PROGRESS_UPDATE, STARTED


class Overview:
    """The latest run of each domain and the status that was sent last, by the domain's key."""

    def __init__(self) -> None:
        self.is_known = False
        self._runs: dict[int, RunFacts] = {}
        self._statuses: dict[int, dict[str, Any]] = {}
        self._members: dict[SubscriberQueue, int | None] = {}  # the only domain that a viewer may access; None: all

    @property
    def is_watched(self) -> bool:
        """Whether there is any viewer."""
        return bool(self._members)

    def join(self, queue: SubscriberQueue, *, only_domain_id: int | None) -> None:
        """Add a viewer. The caller must call `leave` in the end."""
        self._members[queue] = only_domain_id

    def leave(self, queue: SubscriberQueue) -> None:
        """Remove a viewer. Without any viewer the overview is not polled, so its data is dropped."""
        del self._members[queue]
        if not self._members:
            self.is_known = False
            self._runs.clear()
            self._statuses.clear()

    def advance(
        self, domain_ids: Collection[int], runs: Mapping[int, RunFacts], now: datetime, *, is_whole: bool
    ) -> None:
        """Store the result of a poll of these domains and send what has changed. `is_whole`: these are all domains."""
        polled = self._runs.keys() | domain_ids if is_whole else domain_ids
        for domain_id in set(polled) - runs.keys():
            self._runs.pop(domain_id, None)
            self._statuses.pop(domain_id, None)
        for domain_id, run in runs.items():
            before, status = self._statuses.get(domain_id), status_of(run, now)
            self._runs[domain_id], self._statuses[domain_id] = run, status
            if self.is_known and differs(status, before):
                self._send(domain_id, status_message(_event_type(status, before), run, status, now))
        if is_whole and not self.is_known:
            self.is_known = True
            for queue in self._members:
                queue.wake()

    def snapshot(self, now: datetime, *, only_domain_id: int | None) -> list[Update]:
        """Return the current status of every domain that the viewer may access."""
        return [
            Update([status_message(PROGRESS_UPDATE, run, status_of(run, now), now)])
            for domain_id, run in sorted(self._runs.items(), key=lambda item: item[1].domain_name)
            if only_domain_id in (None, domain_id)
        ]

    def _send(self, domain_id: int, envelope: Envelope) -> None:
        update = Update([envelope])
        for queue, only_domain_id in self._members.items():
            if only_domain_id in (None, domain_id):
                queue.put(update)


def _event_type(status: dict[str, Any], before: dict[str, Any] | None) -> str:
    if before is None or before["training_run_id"] != status["training_run_id"]:
        return PROGRESS_UPDATE if status["started_at"] is None or is_over(status) else STARTED
    if has_started(status, before) and not is_over(status):
        return STARTED
    return change_event(status, before)
