"""Requests to stop a training."""

import mmap
import threading


class TrainingCancelled(BaseException):
    """Somebody asked the training to stop. Not an `Exception`, so that code which ignores errors does not ignore it."""


class CancelRequest:
    """Whether somebody asked the training to stop. Forked processes share it."""

    def __init__(self) -> None:
        try:
            self._flag: mmap.mmap | bytearray = mmap.mmap(-1, 1)  # shared with forked processes
        except OSError:
            self._flag = bytearray(1)
        self._thread = threading.local()

    @property
    def made(self) -> bool:
        """Whether it was made, as far as the service has answered yet."""
        return self._flag[0] != 0

    def note(self) -> None:
        """The service says that it was made."""
        self._flag[0] = 1

    def is_news(self) -> bool:
        """Whether it was made and this thread was not told so before; the thread counts as told after."""
        if not self._flag[0] or getattr(self._thread, "told", False):
            return False
        self._thread.told = True
        return True
