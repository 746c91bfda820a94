"""A call that concurrent callers share: it runs once at a time in its own thread, and callers need not wait."""

import os
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")


def call_in_thread(function: Callable[[], T], *, name: str) -> "Future[T]":
    """Call `function` in a daemon thread, so that a call that hangs does not keep the process from ending."""
    outcome: Future[T] = Future()
    outcome.set_running_or_notify_cancel()

    def call() -> None:
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 (it is raised where the outcome is asked for)
            outcome.set_exception(error)
        else:
            outcome.set_result(result)

    threading.Thread(target=call, name=name, daemon=True).start()
    return outcome


class SharedCall(Generic[T]):
    """Calls `function` on demand, once at a time.

    A forked child makes its own calls. For `keep_failure_s` seconds after a failed call, callers get
    the same failure, and no new call is made.
    """

    def __init__(self, function: Callable[[], T], *, name: str, keep_failure_s: float = 0.0) -> None:
        self._function = function
        self._name = name
        self._keep_failure_s = keep_failure_s
        self._failed_at = float("-inf")
        self._lock = threading.Lock()
        self._outcome: Future[T] | None = None
        os.register_at_fork(after_in_child=self._begin_anew)

    def join(self) -> "Future[T]":
        """Return the future of the running call, or of a new one. Do not cancel it: other callers share it."""
        with self._lock:
            outcome = self._outcome
            if outcome is None or (outcome.done() and not self._has_just_failed()):
                self._outcome = outcome = call_in_thread(self._call, name=self._name)
            return outcome

    def _begin_anew(self) -> None:
        """Reset in a forked child, which has none of its parent's threads."""
        self._lock = threading.Lock()
        self._outcome = None

    def _has_just_failed(self) -> bool:
        return time.monotonic() - self._failed_at < self._keep_failure_s

    def _call(self) -> T:
        try:
            return self._function()
        except BaseException:
            self._failed_at = time.monotonic()
            raise
