"""The background thread that sends one spool while the training runs.

It polls the spool a few times a second. So a report costs the training no more than the write, and the reports of
forked processes are found as well.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from aegis_tracker.backoff import Backoff
from aegis_tracker.delivery import Delivery
from aegis_tracker.delivery_errors import EarlierSpoolError, OtherReporterError, RefusedError, TryLaterError
from aegis_tracker.diagnostics import Diagnostics, log
from aegis_tracker.sanitizing import fit_text, time_now
from aegis_tracker.spool import Spool
from aegis_tracker.spool_reader import Place
from aegis_tracker.spool_records import HOME_TYPE, REFUSED_TYPE, Record
from aegis_tracker.transport import Transport

LOOK_EVERY_S = 0.25
WAITS_AT_MOST_BYTES = 64 * 1024
LOOK_AT_LIMIT_EVERY_S = 0.5  # for what forked processes write
HEARTBEAT_EVERY_S = 15.0
FLUSH_RETRY_S = 0.5  # while somebody waits

_SPOOL = "spool-reading"
_BUDGET_WARNINGS = {
    "near": "at least 80 % of its budget is used. At 100 % the service asks the training to stop.",
    "exceeded": "its budget is used up. The service asks the training to stop.",
}


class SenderCallbacks(NamedTuple):
    """What a sender calls in its thread.

    * `before_step`: a few times a second. Returns whether heartbeats may be sent.
    * `note`: to write a record of the sender into the spool.
    * `on_cancelled`: once, when the service answers that the training shall stop.
    * `on_done`: at the end, with whether everything was acknowledged.
    """

    before_step: Callable[[], bool]
    note: Callable[[Record], None]
    on_cancelled: Callable[[], None]
    on_done: Callable[[bool], None]


class Sender:
    """Sends until the end of the run is acknowledged, the service refuses, or `stop` is called. Retries other errors.

    `before_counting` is called in its thread too, as `Delivery` says.
    """

    def __init__(
        self,
        spool: Spool,
        transport: Transport,
        diagnostics: Diagnostics,
        place: Place,
        callbacks: SenderCallbacks,
        *,
        before_counting: Callable[[], None],
    ) -> None:
        self._spool = spool
        self._callbacks = callbacks
        self._transport = transport
        self._diagnostics = diagnostics
        self._delivery = Delivery(spool, transport, place, before_counting=before_counting, warn=diagnostics.once)
        self._changed = threading.Condition()  # guards the first five below
        self._flushing = 0
        self._flush_began = False
        self._stopping = False
        self._finishing = False
        self._stopped = False
        self._arrived = place.position
        self._ended = place.ended  # whether everything to the end has arrived and is put away
        self._backoff = Backoff()
        self._reported_troubles: set[str] = set()  # their kinds, which were said and are not over
        self._has_noted_home = False
        self._has_told_cancel = False
        self._heard_at = 0.0  # monotonic
        self._looked_at_limit_at = 0.0  # monotonic
        self._nothing_waits = False  # since it was told to finish
        self._thread = threading.Thread(target=self._run, name="aegis-tracker", daemon=True)

    @property
    def place(self) -> Place:
        """The position up to which the service has acknowledged the spool."""
        return self._delivery.place

    @property
    def stopped(self) -> bool:
        """Whether the thread has stopped."""
        return self._stopped

    @property
    def has_all(self) -> bool:
        """Whether everything has arrived, up to the end of the run or to where `finish` was called."""
        return self._has_arrived_to_the_end()

    def start(self) -> None:
        """Raises RuntimeError where no thread can be started."""
        self._thread.start()

    def flush(self, target: tuple[int, int] | None, timeout_s: float) -> bool:
        """Wait until the spool has arrived up to `target`, an end of it, or the run's end (None).

        False when that is not reached. Shortens waits between attempts, but not those the service asked for.
        """

        def arrived() -> bool:
            is_there = target is not None and self._arrived >= target
            return self._ended or (is_there and not self._finishing)

        with self._changed:
            self._flushing += 1
            self._flush_began = True
            self._changed.notify_all()
            try:
                self._changed.wait_for(lambda: self._stopped or arrived(), timeout_s)
            finally:
                self._flushing -= 1
            return arrived()

    def finish(self) -> None:
        """Send what is in the spool, however long it takes, and then stop. Nothing more will be reported."""
        self._finishing = True

    def stop(self, timeout_s: float) -> bool:
        """Stop sending and abort the current request. Returns whether the thread has ended."""
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._transport.abort()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(timeout_s)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            while not self._stopping and not self._has_arrived_to_the_end():
                self._wait(*self._step())
        except RefusedError as refusal:
            self._callbacks.note({"type": REFUSED_TYPE, "reason": str(refusal), "timestamp": time_now()})
            self._give_up(str(refusal))
        finally:
            self._transport.close()
            try:
                self._callbacks.on_done(self._has_arrived_to_the_end())
            finally:
                with self._changed:
                    self._ended = self._has_arrived_to_the_end()
                    self._stopped = True
                    self._changed.notify_all()

    def _has_arrived_to_the_end(self) -> bool:
        return self._delivery.place.ended or (self._finishing and self._nothing_waits)

    def _step(self) -> tuple[float, bool]:
        """Send what is due. How long to wait before the next step, and whether a flush may shorten it.

        Whatever fails is tried again, but for what the service itself refuses: raises RefusedError.
        """
        try:
            return self._send_what_is_due(), True
        except RefusedError:
            raise
        except TryLaterError as reason:
            return self._wait_after(reason)
        except Exception as error:  # noqa: BLE001 - the thread must go on
            return self._wait_after_failure(error)

    def _send_what_is_due(self) -> float:
        """Send the next batch or a heartbeat. Returns how long to wait afterwards, in seconds."""
        now = time.monotonic()
        if now - self._looked_at_limit_at >= LOOK_AT_LIMIT_EVERY_S:
            self._looked_at_limit_at = now
            self._spool.keep_limit()
        is_alive = self._callbacks.before_step()
        finishing, end, answered = self._finishing, self._spool.end(), self._delivery.answered
        sent = self._delivery.step()
        is_due = is_alive and self._delivery.vouches and time.monotonic() - self._heard_at >= HEARTBEAT_EVERY_S
        if not sent and is_due:
            self._delivery.heartbeat()
        if self._delivery.answered > answered:
            self._heard_at = time.monotonic()
            self._pass_on()
        self._report_recovery(has_answered=self._delivery.answered > answered)
        with self._changed:
            if not self._delivery.place.ended:  # that is only told when everything is put away
                self._arrived = self._delivery.place.position if sent else end  # behind it are no reports
                self._changed.notify_all()
        self._nothing_waits = finishing and not sent
        goes_on = sent and (self._is_behind() or (self._flushing and self._delivery.place.position < self._spool.end()))
        return 0.0 if goes_on else LOOK_EVERY_S

    def _is_behind(self) -> bool:
        """Whether so much waits that it is sent at once; less would be many small requests while the training runs."""
        part, offset, *_ = self._delivery.place
        end_part, end = self._spool.end()
        return part < end_part or end - offset >= WAITS_AT_MOST_BYTES

    def _pass_on(self) -> None:
        """Note the service's address, and tell of a cancel request and of a budget that is nearly or all used."""
        if not self._has_noted_home:
            self._has_noted_home = True
            self._callbacks.note({"type": HOME_TYPE, "url": str(self._transport.address)})
        if self._delivery.cancel_requested and not self._has_told_cancel:
            self._has_told_cancel = True
            self._callbacks.on_cancelled()
        budget = self._delivery.budget
        if budget in _BUDGET_WARNINGS and self._diagnostics.is_first(f"budget {budget}"):
            log(logging.WARNING, f"Run {self._spool.start['id']}: {_BUDGET_WARNINGS[budget]}")

    def _wait_after(self, reason: TryLaterError) -> tuple[float, bool]:
        if isinstance(reason, OtherReporterError):
            sentence = f"Run {self._spool.start['id']}: {reason}. Until then its reports are kept."
            if isinstance(reason, EarlierSpoolError):
                log(logging.INFO, sentence)
            else:
                self._diagnostics.once("other reporter", sentence)
            return self._backoff.after_failure(reason.after_s), False
        what = f"Reports cannot be sent to {self._transport.address} now ({reason})."
        self._report_trouble(
            reason.kind, f"{what} The training continues. Its reports are kept, and sending is retried."
        )
        return self._backoff.after_failure(reason.after_s), not reason.after_s

    def _wait_after_failure(self, error: Exception) -> tuple[float, bool]:
        reason, hint = fit_text(error, 1000), "The training continues, and sending is retried."
        if isinstance(error, OSError):
            self._report_trouble(_SPOOL, f"Reports cannot be read from {self._spool.path} now ({reason}). {hint}")
        else:
            self._report_trouble(_SPOOL, f"The sender has failed ({type(error).__name__}: {reason}). {hint}", error)
        return self._backoff.after_failure(None), True

    def _report_trouble(self, kind: str, sentence: str, error: Exception | None = None) -> None:
        """Log a trouble once until it is over. If a setting may be the cause, also warn the first time."""
        if self._stopping or kind in self._reported_troubles:
            return
        self._reported_troubles.add(kind)
        if kind == TryLaterError.kind or not self._diagnostics.once(kind, sentence, error):
            log(logging.WARNING, sentence, error)

    def _report_recovery(self, *, has_answered: bool) -> None:
        """Log which troubles are over after a step that succeeded, perhaps without a request."""
        if _SPOOL in self._reported_troubles:
            self._reported_troubles.discard(_SPOOL)
            log(logging.INFO, f"Reports can be read from {self._spool.path or 'memory'} again.")
        if self._reported_troubles and has_answered:
            self._reported_troubles.clear()
            log(logging.INFO, f"{self._transport.address} accepts reports again.")
        if not self._reported_troubles:
            self._backoff.success()

    def _wait(self, seconds: float, may_shorten: bool) -> None:
        with self._changed:
            if may_shorten and self._flushing:
                seconds = min(seconds, FLUSH_RETRY_S)
            self._flush_began = False
            self._changed.wait_for(lambda: self._stopping or (may_shorten and self._flush_began), seconds)

    def _give_up(self, reason: str) -> None:
        kept = f"are kept in {self._spool.path}" if self._spool.path else "stay in memory"
        self._diagnostics.once(
            "sender", f"{reason} The training continues. Its reports {kept} and are not sent any more."
        )
