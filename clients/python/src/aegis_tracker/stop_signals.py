"""Signal handlers that fail the runs of a process before a signal ends it.

If the program has a handler of its own, that handler decides: if it ends the program, the runs fail; if it does not,
they continue. Python calls handlers in the main thread between two instructions, so a long call of C code delays them,
as it delays Ctrl-C.
"""

import contextlib
import os
import signal
import threading
import time
import weakref
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

FLUSH_S = 5.0  # what is not sent by then is in the spool

# Signals that ask a process to end. Our handler calls the program's, and learns whether it ends the program.
_ASKING = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU")
# Signals that end a process only by default. If the program has a handler, it is kept.
_OTHERS = ("SIGUSR1", "SIGUSR2", "SIGALRM")


class Stoppable(Protocol):
    """An object whose methods are called."""

    def stop_requested(self, reason: str, error: BaseException | None) -> None:
        """A signal asked the program to end. `error` is what the program's handler raised, None without a handler."""

    def defer_if_reporting(self, action: Callable[[], None]) -> bool:
        """If this thread is inside a report, run `action` right after it. Returns whether it is."""

    def process_ends(self, timeout_s: float) -> None:
        """The process ends. Send reports for up to `timeout_s`."""


_watched: weakref.WeakSet[Stoppable] = weakref.WeakSet()
_previous: dict[int, Any] = {}  # the handler before ours, by signal
_is_stopping = False
_forking = threading.local()


def watch(tracked: Stoppable) -> None:
    """Handle these signals for `tracked`, except ignored ones. Does nothing outside of the main thread."""
    _watched.add(tracked)
    if threading.current_thread() is not threading.main_thread():
        return
    handled_by_c_code = _handled_in_the_process()
    for name in _ASKING + _OTHERS:
        number = getattr(signal, name)
        with contextlib.suppress(ValueError):  # an interpreter within another has no signals
            found = signal.getsignal(number)
            if found is _stop or found is None or found is signal.SIG_IGN:  # None: a handler of C code
                continue
            if found is signal.SIG_DFL and number in handled_by_c_code:
                continue  # also of C code, set behind Python's back, as by `faulthandler`
            if found is not signal.SIG_DFL and name in _OTHERS:
                continue
            signal.signal(number, _stop)
            _previous[number] = found


def _stop(number: int, frame: FrameType | None) -> None:
    if not any(one.defer_if_reporting(lambda: _stop(number, None)) for one in list(_watched)):
        _stop_now(number, frame)


def _stop_now(number: int, frame: FrameType | None) -> None:
    global _is_stopping
    reason = f"{signal.Signals(number).name}: the training's process was told to terminate."
    tracked = list(_watched)
    previous = _previous.get(number, signal.SIG_DFL)
    if callable(previous):
        try:
            previous(number, frame)
        except BaseException as error:
            for one in tracked:
                one.stop_requested(reason, error)
            raise
        return
    if _is_stopping:
        return  # the process is ending already
    _is_stopping = True
    deadline = time.monotonic() + FLUSH_S
    for one in tracked:
        one.stop_requested(reason, None)
        one.process_ends(max(0.0, deadline - time.monotonic()))
    signal.signal(number, signal.SIG_DFL)
    os.kill(os.getpid(), number)


def _handled_in_the_process() -> frozenset[int]:
    """The signals for which the process has a handler, as Linux knows it; none where it does not say."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return frozenset()
    caught = next((line.split()[1] for line in status.splitlines() if line.startswith("SigCgt:")), "0")
    return frozenset(number for number in range(1, 65) if int(caught, 16) >> (number - 1) & 1)


def _ours() -> set[int]:
    return {number for number in _previous if signal.getsignal(number) is _stop}


def _before_fork() -> None:
    """Hold the signals back: Python forgets what reaches the new process before it can act on it."""
    if ours := _ours():
        _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, ours)


def _process_forked() -> None:
    """In a forked process: signals do not end the run of the parent."""
    _watched.clear()
    with contextlib.suppress(ValueError):
        for number in _ours():
            signal.signal(number, _previous[number])
    _previous.clear()
    _after_fork()


def _after_fork() -> None:
    mask = getattr(_forking, "mask", None)
    if mask is not None:
        _forking.mask = None
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_process_forked)
