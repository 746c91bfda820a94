"""Hooks that tell reporters when their process forks and when it ends.

Python calls `atexit` functions at an ordinary end, but not for `os._exit`, as in processes of `multiprocessing`, nor
for `os.execv` and `os.execve`. So the first reporter replaces these three functions of `os`: they first send missing
reports, for a few seconds at most.
"""

import atexit
import functools
import os
import sys
import threading
import time
import weakref
from collections.abc import Callable
from typing import Any, Protocol

EXIT_FLUSH_S = 10.0  # for all reporters of the process together
HARD_EXIT_FLUSH_S = 5.0  # shorter, because the program did not want to wait
_ONE_EXEC_S = 60.0  # `os.execvp` tries one folder after the other: all of them together have HARD_EXIT_FLUSH_S

_REPLACED = ("_exit", "execv", "execve")


class Tracked(Protocol):
    """An object whose methods are called."""

    def process_forked(self) -> None:
        """Called in a forked process, before it has other threads."""

    def process_is_ending(self, timeout_s: float) -> None:
        """Called if the process was ending already when the reporter was made. `timeout_s` is the remaining time."""

    def process_ends(self, timeout_s: float) -> None:
        """Called at the end of the process. Sends reports for up to `timeout_s`."""

    def deliver(self, timeout_s: float) -> bool:
        """The same, but the process may continue: `os.execv` may fail."""


_tracked: weakref.WeakSet[Tracked] = weakref.WeakSet()
_replacing = threading.Lock()
_hard_exit_began_at = -_ONE_EXEC_S
_exit_deadline: float | None = None  # monotonic, once the process ends


def watch(tracked: Tracked) -> None:
    """Call the methods of `tracked` at forks and at the end of the process. It is referred to weakly."""
    _tracked.add(tracked)
    if _exit_deadline is not None:
        tracked.process_is_ending(max(0.0, _exit_deadline - time.monotonic()))
    with _replacing:
        for name in _REPLACED:
            original = getattr(os, name)
            if type(original) is not _DeliversBefore:  # other code may have replaced it
                setattr(os, name, _DeliversBefore(name, original))


def may_skip_atexit() -> bool:
    """Whether this is a process of `multiprocessing`, which ends without `atexit` and may be terminated at any time."""
    processes = sys.modules.get("multiprocessing.process")
    return processes is not None and processes.parent_process() is not None


class _DeliversBefore:
    """A function of `os` that sends reports first. It is pickled by name, like the function that it replaces."""

    def __init__(self, name: str, original: Callable[..., Any]) -> None:
        functools.update_wrapper(self, original)
        self._name = name
        self._original = original

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        global _hard_exit_began_at
        now = time.monotonic()
        if now - _hard_exit_began_at >= _ONE_EXEC_S:
            _hard_exit_began_at = now
        for tracked in list(_tracked):
            tracked.deliver(max(0.0, _hard_exit_began_at + HARD_EXIT_FLUSH_S - time.monotonic()))
        return self._original(*args, **kwargs)

    def __reduce__(self) -> tuple[Callable[[str], object], tuple[str]]:
        return _function_of_os, (self._name,)


def _function_of_os(name: str) -> object:
    return getattr(os, name)


def _process_forked() -> None:
    global _replacing, _exit_deadline
    _replacing, _exit_deadline = threading.Lock(), None
    for tracked in list(_tracked):
        tracked.process_forked()


def _process_ends() -> None:
    global _exit_deadline
    _exit_deadline = time.monotonic() + EXIT_FLUSH_S
    for tracked in list(_tracked):
        tracked.process_ends(max(0.0, _exit_deadline - time.monotonic()))


os.register_at_fork(after_in_child=_process_forked)
atexit.register(_process_ends)
