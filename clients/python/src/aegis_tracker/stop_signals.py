"""Signals that end a process end its runs as failed, with that reason, and then do what they did before.

Where the program has a handler of its own for one that asks to end, that decides: when it ends the program, the runs
fail with the reason; when it goes on, so do they. Python runs handlers in the main thread between two instructions,
so one long call of C code delays them, as it does Ctrl-C.
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

# What asks a process to end; a handler of the program is called from ours, which learns what came of it.
_ASKING = ("SIGTERM", "SIGHUP", "SIGQUIT", "SIGXCPU")
# What ends a process only because nobody has given it another meaning; a handler of the program is left as it is.
_OTHERS = ("SIGUSR1", "SIGUSR2", "SIGALRM")


class Stoppable(Protocol):
    """What is told."""

    def stop_requested(self, reason: str, error: BaseException | None) -> None:
        """The program was asked to end. `error` is what its own handler raised; None: it has no handler."""

    def defer_if_reporting(self, action: Callable[[], None]) -> bool:
        """Whether this thread is interrupted in the middle of a report; `action` is then run right after it."""

    def process_ends(self, timeout_s: float) -> None:
        """The process ends now; deliver what can be delivered within `timeout_s`."""


_watched: weakref.WeakSet[Stoppable] = weakref.WeakSet()
_previous: dict[int, Any] = {}  # the handler before ours, by signal
_is_stopping = False
_forking = threading.local()


def watch(tracked: Stoppable) -> None:
    """Tell `tracked` of these signals from now on, unless they are ignored. Without effect beside the main thread."""
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
        return  # it ends the process already, in its own time
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
    """A worker that its parent terminates ends nobody's run."""
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
