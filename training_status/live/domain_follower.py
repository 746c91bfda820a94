"""Which run of a domain is the latest, for the viewers who follow the domain."""

from training_status.live.subscriber_queue import SubscriberQueue
from training_status.read.run_updates import LatestRun


class DomainFollower:
    """The latest run of a domain as this process knows it; None while there is none, or before the first look."""

    def __init__(self, domain_id: int) -> None:
        self.domain_id = domain_id
        self.latest: LatestRun | None = None
        self.is_known = False
        self.is_gone = False
        self.members: set[SubscriberQueue] = set()

    @property
    def latest_run_id(self) -> int | None:
        """The latest run, as far as is known."""
        return None if self.latest is None else self.latest.run_id

    def has_moved_on_from(self, run_id: int) -> bool:
        """Whether another run than this one is the latest, or the domain does not exist any more."""
        return self.is_gone or self.latest_run_id not in (None, run_id)

    def advance(self, latest: LatestRun | None) -> None:
        """Take what a look has found; viewers look around when it is another run."""
        if not self.is_known or latest != self.latest:
            self.is_known, self.latest = True, latest
            self._wake_all()

    def has_ended(self) -> None:
        """The domain does not exist any more."""
        self.is_gone = True
        self._wake_all()

    def _wake_all(self) -> None:
        for queue in self.members:
            queue.wake()
