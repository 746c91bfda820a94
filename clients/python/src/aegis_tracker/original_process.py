"""The process in which a tracker was made. It sends the reports of those that it forks."""

import os
import time

from aegis_tracker.spool_owner import ProcessState, state_of, this_process

_LOOK_EVERY_S = 1.0


class OriginalProcess:
    """Tells a copy in a forked process whether the original still runs."""

    def __init__(self) -> None:
        self._process = this_process()
        self._parent_pid = os.getpid()  # of a forked copy
        self._looked_at = -_LOOK_EVERY_S

    def process_forked(self) -> None:
        """Called in a forked process."""
        self._parent_pid = os.getppid()

    def is_gone(self) -> bool:
        """Whether it has ended, as far as is known. Checked at most once a second."""
        now = time.monotonic()
        if now - self._looked_at < _LOOK_EVERY_S:
            return False
        self._looked_at = now
        state = state_of(self._process)
        if state is ProcessState.UNKNOWN:  # the system does not list its processes
            return os.getppid() != self._parent_pid
        return state is ProcessState.GONE
