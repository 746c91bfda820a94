"""SIGTERM ends the runs of this process as failed, with that reason, and then does what it did before.

Where the program has a handler of its own, that decides: when it ends the program, the runs fail with the
reason; when it goes on, so do they. Python runs handlers in the main thread between two instructions, so
one long call of C code delays them, as it does Ctrl-C.
"""

import contextlib
import os
import signal
import threading
import time
import weakref
from types import FrameType
from typing import Any, Protocol

TERM_FLUSH_S = 5.0  # what is not sent by then is in the spool
REASON = "SIGTERM: the training's process was told to terminate."


class Stoppable(Protocol):
    """What is told."""

    def told_to_stop(self, reason: str) -> None:
        """The program was asked to end and has a handler for it."""

    def process_ends(self, timeout_s: float) -> None:
        """The process ends now; deliver what can be delivered within `timeout_s`."""


_watched: weakref.WeakSet[Stoppable] = weakref.WeakSet()
_previous: Any = signal.SIG_DFL
_forking = threading.local()


def watch(tracked: Stoppable) -> None:
    """Tell `tracked` of SIGTERM from now on. Without effect beside the main thread, and where it is ignored."""
    global _previous
    _watched.add(tracked)
    if threading.current_thread() is not threading.main_thread():
        return
    with contextlib.suppress(ValueError):  # an interpreter within another has no signals
        found = signal.getsignal(signal.SIGTERM)
        if found is _terminate or found is None or found is signal.SIG_IGN:  # None: a handler of C code
            return
        signal.signal(signal.SIGTERM, _terminate)
        _previous = found


def _terminate(signal_number: int, frame: FrameType | None) -> None:
    tracked = list(_watched)
    for one in tracked:
        one.told_to_stop(REASON)
    if callable(_previous):
        _previous(signal_number, frame)
        return
    deadline = time.monotonic() + TERM_FLUSH_S
    for one in tracked:
        one.process_ends(max(0.0, deadline - time.monotonic()))
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGTERM)


def _before_fork() -> None:
    """Hold SIGTERM back: Python forgets what reaches the new process before it can act on it."""
    if signal.getsignal(signal.SIGTERM) is _terminate:
        _forking.mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM})


def _process_forked() -> None:
    """A worker that its parent terminates ends nobody's run."""
    _watched.clear()
    with contextlib.suppress(ValueError):
        if signal.getsignal(signal.SIGTERM) is _terminate:
            signal.signal(signal.SIGTERM, _previous)
    _after_fork()


def _after_fork() -> None:
    mask = getattr(_forking, "mask", None)
    if mask is not None:
        _forking.mask = None
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)


os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_process_forked)
