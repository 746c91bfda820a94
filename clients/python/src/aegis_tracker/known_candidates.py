"""Remembers the candidates that a tracker has reported: their names, and what each of them is.

A candidate never changes. The service refuses a name that comes again with other content, and a parent that it does not
know, and would refuse all later reports with it.
"""

from enum import Enum
from hashlib import blake2b


class Standing(Enum):
    """What a candidate is to those that were reported before."""

    NEW = "new"
    SAME = "the same as before"
    OTHER = "another one with the same name"


class KnownCandidates:
    """Needs no lock, so that it can be used in all threads, in signal handlers and after a fork."""

    def __init__(self, *, others_may_report: bool) -> None:
        """`others_may_report`: an earlier process may have reported candidates of the run. Then any parent may be."""
        self._digests: dict[str, bytes] = {}
        self._are_written: set[str] = set()
        self._others_may_report = others_may_report

    def is_known(self, name: str) -> bool:
        """Whether the candidate can be a parent."""
        return name in self._are_written or self._others_may_report

    def standing_of(self, name: str, content: str) -> Standing:
        """What a candidate with such JSON is. A new one is to be written, and then to be noted with `written`."""
        digest = blake2b(content.encode(), digest_size=16).digest()
        known = self._digests.setdefault(name, digest)
        if known is digest:
            return Standing.NEW
        return Standing.SAME if known == digest else Standing.OTHER

    def written(self, name: str) -> None:
        """It stands in the spool."""
        self._are_written.add(name)
