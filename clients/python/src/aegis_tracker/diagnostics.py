"""Warnings to the people who run a training: each one once, through `warnings` and `logging`. Nothing here raises."""

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

_first_stderr = sys.__stderr__  # late in the shutdown `sys.__stderr__` is None


_NOT_HELD = contextlib.suppress(RuntimeError)
emitting: set[int] = set()  # threads that emit a warning: what they print meanwhile is not the training's


class AegisTrackerWarning(UserWarning):
    """A report was not valid, or cannot be sent. The training continues."""


class Diagnostics:
    """The warnings of one tracker. It needs no lock, so it can be used after a fork and in signal handlers.

    While `held`, warnings wait. A `logging` handler of the program may wait for a thread that reports, which waits
    for the tracker's lock: a deadlock.
    """

    def __init__(self) -> None:
        self._said: dict[str, object] = {}
        self._pending: deque[tuple[str, Exception | None]] = deque()
        self.held = False

    def once(self, key: str, sentence: str, error: Exception | None = None) -> bool:
        """Warn with `sentence`, unless there was a warning with this `key` before. Returns whether there was none.

        The log also gets the traceback of `error`. Raises nothing, even if warnings are errors or a logging handler
        fails.
        """
        if not self.is_first(key):
            return False
        self._pending.append((one_line(sentence), error))
        self.emit_pending()
        return True

    def is_first(self, key: str) -> bool:
        """Whether `key` is new. From now on it is not."""
        mine = object()
        return self._said.setdefault(key, mine) is mine

    @property
    def has_pending(self) -> bool:
        """Whether warnings wait."""
        return bool(self._pending)

    def emit_pending(self) -> None:
        """Emit the warnings that wait, unless they are still held."""
        while self._pending and not self.held:
            try:
                sentence, error = self._pending.popleft()
            except IndexError:
                return  # another thread has emitted it
            thread = threading.get_ident()
            emitting.add(thread)
            try:
                _emit(sentence, error)
            finally:
                emitting.discard(thread)


class QuietLock:
    """A reentrant lock of one tracker. Warnings wait until it is released.

    A signal handler that interrupts the thread which holds the lock can defer its work: see `run_or_defer`.
    """

    def __init__(self, diagnostics: Diagnostics) -> None:
        self._lock = threading.RLock()
        self._depth = 0
        self._holder: int | None = None  # the thread that holds it
        self._deferred: deque[Callable[[], None]] = deque()
        self._diagnostics = diagnostics

    def run_or_defer(self, action: Callable[[], None]) -> bool:
        """Run `action` now; if this thread holds the lock, run it when the lock is released.

        Returns whether it was run now.
        """
        if self.defer(action):
            return False
        action()
        return True

    def defer(self, action: Callable[[], None]) -> bool:
        """Run `action` when this thread releases the lock. Returns False, and does nothing, if it does not hold it."""
        if self._holder != threading.get_ident():
            return False
        self._deferred.append(action)
        return True

    def __enter__(self) -> None:
        # While the interpreter shuts down, the threads that may hold it do not run any more.
        if sys.is_finalizing():
            self._lock.acquire(timeout=FINALIZING_WAIT_S)
        else:
            self._lock.acquire()
        self._depth += 1
        self._holder = threading.get_ident()
        self._diagnostics.held = True

    def __exit__(self, *_: object) -> None:
        self._depth -= 1
        is_free = self._depth == 0
        if is_free:
            self._diagnostics.held = False
            self._holder = None
        with _NOT_HELD:  # it could not be had, see above
            self._lock.release()
        if is_free and (self._deferred or self._diagnostics.has_pending):
            self._diagnostics.emit_pending()
            while self._deferred and self._holder != threading.get_ident():
                self._deferred.popleft()()


def warn_at_exit(diagnostics: Diagnostics, key: str, sentence: str) -> None:
    """Write a warning to standard error, whatever the warning filters are. For the end of the process.

    It works while the interpreter shuts down. Raises nothing.
    """
    if not diagnostics.is_first(key):
        return
    sentence = one_line(sentence)
    if not _write_to_stderr(sentence):
        _write_to_descriptor(sentence)
    if logger.hasHandlers():
        log(logging.WARNING, sentence)


def _emit(sentence: str, error: Exception | None) -> None:
    try:
        warnings.warn(sentence, AegisTrackerWarning, stacklevel=_stacklevel_of_training())
    except AegisTrackerWarning:
        pass  # warnings are errors in this program; the log has it
    except Exception:  # noqa: BLE001 - `warnings.showwarning` is other people's code
        _write_to_stderr(sentence)
    log(logging.WARNING, sentence, error)


def log(level: int, sentence: str, error: Exception | None = None) -> None:
    """Write to the log of the package. Errors of logging handlers, which belong to the program, are ignored."""
    try:
        logger.log(level, sentence, exc_info=error)
    except Exception:  # noqa: BLE001 - see above
        _write_to_stderr(sentence)


def _write_to_stderr(sentence: str) -> bool:
    """Write a line to `sys.stderr`. Returns whether that worked. Raises nothing: it may be closed or None."""
    try:
        sys.stderr.write(f"aegis_tracker: {sentence}\n")
        sys.stderr.flush()
    except Exception:  # noqa: BLE001 - see above
        return False
    return True


def _write_to_descriptor(sentence: str) -> None:
    """Write a line to descriptor 2, if that is standard error.

    If the program was started without standard error, descriptor 2 is one of its own files.
    """
    with contextlib.suppress(Exception):
        if _first_stderr is not None and not _first_stderr.closed and _first_stderr.fileno() == STDERR_DESCRIPTOR:
            os.write(STDERR_DESCRIPTOR, f"aegis_tracker: {sentence}\n".encode(errors="replace"))


def _stacklevel_of_training() -> int:
    """The `stacklevel` with which a warning names the line of the training, not a line of this package."""
    frame = sys._getframe(1)
    level = 1
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith(("aegis_tracker", "contextlib")):
        frame = frame.f_back
        level += 1
    return level
