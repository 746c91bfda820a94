"""Which run of a domain is the latest, for the viewers who follow the domain."""

from training_status.live.inbox import Inbox
from training_status.read.news import LatestRun


class DomainFollower:
    """The latest run of a domain as this process knows it; None while there is none, or before the first look."""

    def __init__(self, domain_id: int) -> None:
        self.domain_id = domain_id
        self.latest: LatestRun | None = None
        self.is_known = False
        self.is_gone = False
        self.members: set[Inbox] = set()

    def run_after(self, run_number: int) -> LatestRun | None:
        """The run to move on to from one with this number: the latest, if it is a newer one."""
        return self.latest if self.latest is not None and self.latest.run_number > run_number else None

    def advance(self, latest: LatestRun | None) -> None:
        """Take what a look has found; viewers look around when it is another run."""
        if not self.is_known or latest != self.latest:
            self.is_known, self.latest = True, latest
            self._poke_all()

    def has_ended(self) -> None:
        """The domain does not exist any more."""
        self.is_gone = True
        self._poke_all()

    def _poke_all(self) -> None:
        for inbox in self.members:
            inbox.poke()
