"""What reporters need to know of their process: that it forked, and that it ends.

`atexit` tells of an ordinary end. It does not run where a program leaves by `os._exit`, as the processes of
`multiprocessing` do, or becomes another program by `os.execv` and its like. So these three functions of `os` are
replaced, once a reporter is there, by ones that first deliver what is missing, for a few seconds at most.
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
HARD_EXIT_FLUSH_S = 5.0  # of a program that did not want to wait at all
_ONE_EXEC_S = 60.0  # `os.execvp` tries one folder after the other: all of them together have HARD_EXIT_FLUSH_S

_REPLACED = ("_exit", "execv", "execve")


class Tracked(Protocol):
    """What is told."""

    def process_forked(self) -> None:
        """This process is a new copy of the one that made the reporter. No other thread exists yet."""

    def process_is_ending(self, timeout_s: float) -> None:
        """The process has begun to end, before the reporter was made; what has to be delivered has so much time."""

    def process_ends(self, timeout_s: float) -> None:
        """Deliver what can be delivered within `timeout_s`."""

    def deliver(self, timeout_s: float) -> bool:
        """The same for a process that may still go on, as one whose `os.execv` fails."""


_tracked: weakref.WeakSet[Tracked] = weakref.WeakSet()
_replacing = threading.Lock()
_hard_exit_began_at = -_ONE_EXEC_S
_exit_deadline: float | None = None  # monotonic, once the process ends


def watch(tracked: Tracked) -> None:
    """Tell `tracked` of forks and of the end of the process, as long as something else holds it."""
    _tracked.add(tracked)
    if _exit_deadline is not None:
        tracked.process_is_ending(max(0.0, _exit_deadline - time.monotonic()))
    with _replacing:
        for name in _REPLACED:
            original = getattr(os, name)
            if type(original) is not _DeliversBefore:  # it may also be somebody's wrapper or replacement
                setattr(os, name, _DeliversBefore(name, original))


def may_skip_atexit() -> bool:
    """Whether this is a process of `multiprocessing`, which ends without `atexit` and may be terminated at any time."""
    processes = sys.modules.get("multiprocessing.process")
    return processes is not None and processes.parent_process() is not None


class _DeliversBefore:
    """A function of `os` that delivers first. Pickled by its name, as the function is: to be that of the reader."""

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
