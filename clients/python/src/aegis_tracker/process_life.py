"""What trackers need to know of their process: that it forked, and that it ends."""

import atexit
import os
import time
import weakref
from typing import Protocol

EXIT_FLUSH_S = 10.0  # for all trackers of the process together


class Tracked(Protocol):
    """What is told."""

    def process_forked(self) -> None:
        """This process is a new copy of the one that made the tracker. No other thread exists yet."""

    def process_ends(self, timeout_s: float) -> None:
        """Deliver what can be delivered within `timeout_s`."""


_tracked: weakref.WeakSet[Tracked] = weakref.WeakSet()


def watch(tracked: Tracked) -> None:
    """Tell `tracked` of forks and of the end of the process, as long as something else holds it."""
    _tracked.add(tracked)


def _process_forked() -> None:
    for tracked in list(_tracked):
        tracked.process_forked()


def _process_ends() -> None:
    deadline = time.monotonic() + EXIT_FLUSH_S
    for tracked in list(_tracked):
        tracked.process_ends(max(0.0, deadline - time.monotonic()))


os.register_at_fork(after_in_child=_process_forked)
atexit.register(_process_ends)
