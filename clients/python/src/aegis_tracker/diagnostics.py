"""Tells the people who run a training what is wrong, each thing once, and never raises."""

import contextlib
import logging
import os
import sys
import threading
import warnings
from collections import deque
from collections.abc import Callable

from aegis_tracker.visible_text import one_line

FINALIZING_WAIT_S = 1.0
STDERR_DESCRIPTOR = 2

logger = logging.getLogger("aegis_tracker")

_first_stderr = sys.__stderr__  # `sys` has lost it when the interpreter has shut down that far


class AegisTrackerWarning(UserWarning):
    """Something a training reported was not right, or cannot be sent; the training goes on."""


class Diagnostics:
    """What one tracker has said so far. No lock: it is used after a fork and in signal handlers.

    While `held` nothing is said: `logging` may lead to a handler of somebody else's that waits for a thread
    which reports, and so for the tracker's own lock.
    """

    def __init__(self) -> None:
        self._said: dict[str, object] = {}
        self._pending: deque[tuple[str, Exception | None]] = deque()
        self.held = False

    def once(self, key: str, sentence: str, error: Exception | None = None) -> bool:
        """Say `sentence` through `logging` and `warnings`, unless `key` was said before. Whether it was not.

        The log also gets the traceback of `error`. Raises nothing, also where warnings are errors or a logging
        handler fails.
        """
        if not self.is_first(key):
            return False
        self._pending.append((one_line(sentence), error))
        self.emit_pending()
        return True

    def is_first(self, key: str) -> bool:
        """Whether `key` is new; from now on it is not."""
        mine = object()
        return self._said.setdefault(key, mine) is mine

    def emit_pending(self) -> None:
        """Say what was held back, unless it is still held."""
        while self._pending and not self.held:
            try:
                sentence, error = self._pending.popleft()
            except IndexError:
                return  # another thread has said it
            _say(sentence, error)


class QuietLock:
    """A lock of one tracker that its own thread may take again; what there is to say waits until it is free.

    So does what a signal handler has to do that interrupts the thread which holds it: see `run_or_defer`.
    """

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._holder: int | None = None  # the thread that holds it
        self._deferred: deque[Callable[[], None]] = deque()
        self._diagnostics = diagnostics

    def run_or_defer(self, action: Callable[[], None]) -> bool:
        """Run `action` now; or, where this thread is in the middle of something that the lock guards, right after.

        Whether it was run now.
        """
        if self.defer(action):
            return False
        action()
        return True

    def defer(self, action: Callable[[], None]) -> bool:
        """Have `action` run once this thread has released the lock; False, and nothing, where it does not hold it."""
        if self._holder != threading.get_ident():
            return False
        self._deferred.append(action)
        return True

    def __enter__(self) -> None:
        # While the interpreter shuts down, the threads that may hold it do not run any more.
        self._lock.acquire(timeout=FINALIZING_WAIT_S if sys.is_finalizing() else -1)
        self._depth += 1
        self._holder = threading.get_ident()
        self._diagnostics.held = True

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        is_free = self._depth == 0
        if is_free:
            self._diagnostics.held = False
            self._holder = None
        with contextlib.suppress(RuntimeError):  # it could not be had, see above
            self._lock.release()
        if is_free:
            self._diagnostics.emit_pending()
            while self._deferred and self._holder != threading.get_ident():
                self._deferred.popleft()()


def warn_at_exit(diagnostics: Diagnostics, key: str, sentence: str) -> None:
    """Say what the end of a process leaves, where nobody can miss it: on standard error, whatever is filtered.

    Works also while the interpreter shuts down. Raises nothing.
    """
    if not diagnostics.is_first(key):
        return
    sentence = one_line(sentence)
    if not _write_to_stderr(sentence):
        _write_to_descriptor(sentence)
    if logger.hasHandlers():
        log(logging.WARNING, sentence)


def _say(sentence: str, error: Exception | None) -> None:
    try:
        warnings.warn(sentence, AegisTrackerWarning, stacklevel=_stacklevel_of_training())
    except AegisTrackerWarning:
        pass  # warnings are errors here: the training must not die of one, and the log tells it
    except Exception:  # noqa: BLE001 - `warnings.showwarning` is other people's code
        _write_to_stderr(sentence)
    log(logging.WARNING, sentence, error)


def log(level: int, sentence: str, error: Exception | None = None) -> None:
    """Write to the log of the package. A handler that fails is passed over, for it is not ours."""
    try:
        logger.log(level, sentence, exc_info=error)
    except Exception:  # noqa: BLE001 - see above; there is nobody left to tell but stderr
        _write_to_stderr(sentence)


def _write_to_stderr(sentence: str) -> bool:
    """Write a line to `sys.stderr`; whether that worked. Raises nothing: it may be closed, None, or anything else."""
    try:
        sys.stderr.write(f"aegis_tracker: {sentence}\n")
        sys.stderr.flush()
    except Exception:  # noqa: BLE001 - see above
        return False
    return True


def _write_to_descriptor(sentence: str) -> None:
    """Write a line to descriptor 2, if that is standard error.

    In a program that was started without standard error, it is the first file that the program has opened.
    """
    with contextlib.suppress(Exception):
        if _first_stderr is not None and not _first_stderr.closed and _first_stderr.fileno() == STDERR_DESCRIPTOR:
            os.write(STDERR_DESCRIPTOR, f"aegis_tracker: {sentence}\n".encode(errors="replace"))


def _stacklevel_of_training() -> int:
    """The `stacklevel` that makes a warning name the line of the training, not one of ours or of a `with` of ours."""
    frame = sys._getframe(1)
    level = 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(("aegis_tracker", "contextlib")):
        frame = frame.f_back
        level += 1
    return level
