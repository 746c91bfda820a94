"""A thread that reports what a console holds, once the program has left it alone."""

import threading
from collections.abc import Callable
from contextlib import suppress

SETTLE_EVERY_S = 2.0  # long for a bar to be drawn, short for who waits for its last line


class SettlingThread:
    """Calls `settle` every two seconds from `wake` on, until that returns False: there is nothing more to do.

    The thread is started by the first `wake`, in a forked process by the first one there.
    """

    def __init__(self, settle: Callable[[], bool]) -> None:
        self._settle = settle
        self._is_wanted = threading.Event()
        self._is_stopped = threading.Event()
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """There may be something to do. From any thread; raises nothing."""
        if self._is_wanted.is_set() and self._thread is not None and self._thread.is_alive():
            return
        self._is_wanted.set()
        if self._thread is None or not self._thread.is_alive():
            self._thread = threading.Thread(target=self._run, name="aegis-console", daemon=True)
            with suppress(RuntimeError):  # no thread can be had, as while the interpreter shuts down
                self._thread.start()

    def stop(self) -> None:
        """Call no more. May be called once."""
        self._is_stopped.set()
        self._is_wanted.set()
        if self._thread is not None and self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout=1.0)

    def _run(self) -> None:
        while not self._is_stopped.is_set():
            self._is_wanted.wait()
            while not self._is_stopped.wait(SETTLE_EVERY_S) and self._settle():
                pass
            if not self._is_stopped.is_set():
                self._is_wanted.clear()
                if self._settle():  # held since
                    self._is_wanted.set()
