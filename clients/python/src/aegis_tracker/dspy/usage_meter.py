"""Adds up what language models use, and reports the sums every few seconds.

A call adds to a sum in memory. The sums are reported by a thread of their own, at the end of each evaluation, before
each phase and before the end of the run: so a process that is killed has lost what was used in the last seconds.
"""

import os
import threading
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import asdict
from typing import Any, Protocol

from aegis_tracker.dspy.model_calls import CallUsage, usage_of

REPORT_EVERY_S = 2.0

Key = tuple[str, str, str, bool]  # model, role, currency, whether the cost is known
Sums = dict[Key, CallUsage]


class ReportsUsage(Protocol):
    """What is needed of a tracker."""

    def usage(self, model: Sequence[dict[str, Any]]) -> None: ...


class _ModelCall:
    """A call of a language model that runs."""

    def __init__(self, lm: Any, role: str) -> None:
        self.lm = lm
        self.role = role
        self.has_inner = False  # whether it calls a model, which counts instead
        self.began = time.monotonic()


class UsageMeter:
    """The usage of one run. Used by all threads and by signal handlers. A forked process counts nothing."""

    def __init__(self, tracker: ReportsUsage) -> None:
        self._tracker = tracker
        self._pid = os.getpid()
        self._lock = threading.RLock()  # nobody waits for anything while holding it
        self._sums: Sums = {}
        self._being_reported: dict[int, Sums] = {}  # by the thread that does it
        self._priced: set[str] = set()  # models whose calls have a known cost
        self._calls: dict[str, _ModelCall] = {}
        self._blocks = 0
        self._running: object | None = None  # while there are blocks
        self._changed = threading.Condition()
        self._has_sums = False

    def call_started(self, call_id: str, lm: Any, role: str, around: Any) -> None:
        """A model is called, in the call `around`. A call that is told twice counts once."""
        outer = self._calls.get(around)
        if outer is not None:
            outer.has_inner = True
        self._calls.setdefault(call_id, _ModelCall(lm, role))

    def call_ended(self, call_id: str, outputs: Any, exception: BaseException | None) -> None:
        """It has answered, or failed."""
        call = self._calls.pop(call_id, None)
        if call is None or call.has_inner:
            return
        used = usage_of(call.lm, outputs, exception)
        used.duration_ms = (time.monotonic() - call.began) * 1000
        model = str(getattr(call.lm, "model", None) or type(call.lm).__qualname__)
        if used.cost is not None:
            self._priced.add(model)
        elif used.errors and model in self._priced:
            used.cost = 0.0  # an error costs nothing
        self._add((model, call.role, used.currency, used.cost is not None), used)

    def report(self) -> None:
        """Report the sums so far. A signal handler that interrupts this reports what was to be reported."""
        if os.getpid() != self._pid:
            return
        me = threading.get_ident()
        with self._lock:
            sums = self._being_reported.pop(me, {})
            for key, used in self._sums.items():
                sums[key].add(used) if key in sums else sums.update({key: used})
            self._sums, self._has_sums = {}, False
            self._being_reported[me] = sums
        models = [
            {"model": model, "role": role, **asdict(used)}
            for (model, role, _, _), used in sorted(sums.items(), key=_key)
        ]
        if self._being_reported.pop(me, None) is sums and models:
            self._tracker.usage(models)

    def block_started(self) -> None:
        """Report every few seconds from now on."""
        with self._lock:
            self._blocks += 1
            if self._blocks > 1:
                return
            running = self._running = object()
        if (before_phases := getattr(self._tracker, "before_phases", None)) is not None:
            before_phases(self.report)
        thread = threading.Thread(target=self._report_often, args=(running,), name="aegis-usage", daemon=True)
        with suppress(RuntimeError):  # no thread can be started while the interpreter ends
            thread.start()

    def block_ended(self) -> None:
        """Report the rest."""
        self.report()
        with self._lock:
            self._blocks -= 1
            if self._blocks:
                return
            self._running = None
        if (before_phases := getattr(self._tracker, "before_phases", None)) is not None:
            before_phases(self.report, until_now=True)
        with self._changed:
            self._changed.notify_all()

    def _add(self, key: Key, used: CallUsage) -> None:
        with self._lock:
            if key in self._sums:
                self._sums[key].add(used)
            else:
                self._sums[key] = used
            is_first, self._has_sums = not self._has_sums, True
        if is_first:
            with self._changed:
                self._changed.notify_all()

    def _report_often(self, running: object) -> None:
        while self._running is running:
            with self._changed:
                self._changed.wait_for(lambda: self._has_sums or self._running is not running)
                self._changed.wait_for(lambda: self._running is not running, REPORT_EVERY_S)
            self.report()


def _key(item: tuple[Key, CallUsage]) -> Key:
    return item[0]
