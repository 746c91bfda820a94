"""Requests to stop a training."""

import threading

from aegis_tracker.shared_flag import SharedFlag


class TrainingCancelled(BaseException):
    """Somebody asked the training to stop. Not an `Exception`, so that code which ignores errors does not ignore it."""


class CancelRequest:
    """Whether somebody asked the training to stop. Forked processes share it."""

    def __init__(self) -> None:
        self._flag = SharedFlag()
        self._thread = threading.local()

    @property
    def made(self) -> bool:
        """Whether it was made, as far as the service has answered yet."""
        return self._flag.is_set

    def note(self) -> None:
        """The service says that it was made."""
        self._flag.set()

    def is_news(self) -> bool:
        """Whether it was made and this thread was not told so before; the thread counts as told after."""
        if not self._flag.is_set or getattr(self._thread, "told", False):
            return False
        self._thread.told = True
        return True
