"""The latest run of a domain, for the viewers that follow the domain."""

from training_status.live.subscriber_queue import SubscriberQueue
from training_status.read.run_updates import LatestRun


class DomainFollower:
    """Tracks the latest run of a domain. `latest` is None while there is no run, and before the first poll."""

    def __init__(self, domain_id: int) -> None:
        self.domain_id = domain_id
        self.latest: LatestRun | None = None
        self.is_known = False
        self.is_deleted = False
        self.members: set[SubscriberQueue] = set()

    @property
    def latest_run_id(self) -> int | None:
        """The key of the latest run as of the last poll."""
        return None if self.latest is None else self.latest.run_id

    def has_moved_on_from(self, run_id: int) -> bool:
        """Whether another run is the latest now, or the domain was deleted."""
        return self.is_deleted or self.latest_run_id not in (None, run_id)

    def advance(self, latest: LatestRun | None) -> None:
        """Store what a poll has found, and wake the viewers if the latest run has changed."""
        if not self.is_known or latest != self.latest:
            self.is_known, self.latest = True, latest
            self._wake_all()

    def mark_deleted(self) -> None:
        """Note that the domain was deleted, and wake the viewers."""
        self.is_deleted = True
        self._wake_all()

    def _wake_all(self) -> None:
        for queue in self.members:
            queue.wake()
