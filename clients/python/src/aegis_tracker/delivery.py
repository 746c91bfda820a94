"""Sends one spool to the service by the rules of the HTTP contract, one request per step.

It has no thread and no timer: the caller of `step` decides when to send. Sending an event twice is safe, because the
service ignores numbers that it has stored. So after an uncertain result the events are sent again.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from aegis_tracker.delivery_errors import OtherReporterError, RefusedError, TryLaterError
from aegis_tracker.diagnostics import log
from aegis_tracker.http_answer import Answer
from aegis_tracker.other_reporter import ASK_AGAIN_AFTER_S, SILENT_FOR_S, OtherReporter, has_ended
from aegis_tracker.refused_findings import RefusedFindings
from aegis_tracker.run_requests import RunRequests
from aegis_tracker.run_text import age_text, duration_text
from aegis_tracker.spool import Spool
from aegis_tracker.spool_reader import BATCH_MAX_EVENTS, Batch, Place, SpoolReader
from aegis_tracker.transport import Transport

BATCH_MAX_BYTES = 512 * 1024  # below the limit that reverse proxies have by default
BATCH_MIN_BYTES = 4 * 1024


def _log_warning(_: str, sentence: str) -> None:
    log(logging.WARNING, sentence)


class Delivery:
    """Sends one spool."""

    def __init__(
        self,
        spool: Spool,
        transport: Transport,
        place: Place,
        *,
        started: bool = False,
        before_counting: Callable[[], None] = lambda: None,
        other: OtherReporter | None = None,
        warn: Callable[[str, str], object] = _log_warning,
    ) -> None:
        """`started`: the service is known to have the run, and need not be told of its start. `before_counting` is
        called before this process counts in a run that others may have reported, and may raise TryLaterError. `other`
        is what is known of those from earlier deliveries. `warn(key, sentence)` is called if events are not sent as
        they are.
        """
        self._spool = spool
        self._reader = SpoolReader(spool, place)
        self._started = started
        self._may_start_anew = True  # once: the service may have been restored from a backup
        self._before_counting = before_counting
        self._created = False  # whether this start made the run
        self._other = other or OtherReporter()
        self._requests = RunRequests(spool.start, transport, self._other.service_was_unreachable)
        self._counts_from: Place | None = None  # where this process began to count, until something of it has arrived
        self._is_placed = not spool.recovered or place != Place()
        self._batch_max_bytes = BATCH_MAX_BYTES
        self._batch_max_events = BATCH_MAX_EVENTS
        self._refused_findings = RefusedFindings(warn)
        self._expected_before: int | None = None
        self.run_has_ended = False  # as the last answer to events said
        self._last_n_answered: int | None = None  # and the highest number that the service had then

    @property
    def place(self) -> Place:
        """The position up to which the service has acknowledged the spool."""
        return self._reader.place

    @property
    def cancel_requested(self) -> bool:
        """Whether somebody asked the training to stop, by the service's last answer."""
        return self._requests.cancel_requested

    @property
    def budget(self) -> str | None:
        """The state of the run's budget by the service's last receipt; None without one."""
        return self._requests.budget

    @property
    def answered(self) -> int:
        """How many requests the service has answered with success."""
        return self._requests.answered

    @property
    def vouches(self) -> bool:
        """Whether this process may send heartbeats. A second process that has reported nothing may not."""
        return self._created or self._spool.recovered or self._reader.counted is not None

    @property
    def counted(self) -> tuple[int, str] | None:
        """The last event number of this spool that the service has, and its source."""
        return self._reader.counted

    @property
    def started(self) -> bool:
        """Whether the service is known to have the run."""
        return self._started

    def mark_all_arrived(self) -> None:
        """Note that everything in the spool has arrived. Raises OSError."""
        self._reader.mark_all_arrived()
        self._is_placed = True

    def step(self) -> bool:
        """Send the start or the next batch. Returns False if there is nothing to send.

        Raises TryLaterError, RefusedError, and OSError when the spool cannot be read.
        """
        try:
            return self._step()
        except RefusedError as refusal:
            if refusal.status != 404 or not self._started or not self._may_start_anew:
                raise
            self._started = self._may_start_anew = False
            self._reader.rewind(1)
            raise TryLaterError("it does not know the run any more. The run is started again") from refusal

    def _step(self) -> bool:
        if not self._started:
            self._start()
            return True
        if not self._is_placed:
            self._reader.skip_what_has_arrived()
            self._is_placed = True
        batch = self._reader.batch(self._batch_max_bytes, self._batch_max_events)
        if batch is None:
            return False
        if batch.source_at is not None:
            return self._count_from_here(batch, batch.source_at)
        if batch.events:
            self._send(batch)
        else:
            self._reader.advance(batch)
        return True

    def heartbeat(self) -> None:
        """Send a heartbeat. Raises TryLaterError and RefusedError."""
        self._requests.heartbeat()

    def confirm_counted(self) -> int | None:
        """The highest number that the service has, if this spool's last source is still the one that counts; else
        None. Raises TryLaterError and RefusedError.

        Asks by sending that source's last event again, unless some were just sent. The service may have more than
        the spool: a machine that lost power may have lost its last lines.
        """
        assert self._reader.counted is not None
        if self._last_n_answered is not None:
            return self._last_n_answered
        n, source = self._reader.counted
        repeated = b'{"n":%d,"type":"log","level":"DEBUG","message":""}' % n  # the content of a duplicate is ignored
        answer = self._requests.send(source, [repeated])
        if _is_of_another_reporter(answer):
            return None
        expected_n = answer.body.get("expected_n")
        if answer.status == 409 and answer.is_problem and type(expected_n) is int and 0 < expected_n <= n:
            self._resume_from(expected_n)
            raise TryLaterError("the service asks for earlier events again")
        return self._note(self._requests.understand_receipt(answer))

    def _count_from_here(self, batch: Batch, offset: int) -> bool:
        """Pass the line behind which another process counts; False where there is nothing yet that it could count.

        The number is written down before it is used, so that whoever sends this again sends the same.
        """
        if batch.is_numbered and self._counts_from != self._reader.place:
            self._reader.advance(batch)
            return True
        here, first_n = self._reader.place, self._first_n(batch.after)
        if first_n is None:
            return False
        self._spool.count_from(batch.after.part, offset, first_n)
        self._reader.advance(replace(batch, after=batch.after._replace(next_n=first_n)))
        self._counts_from = here
        return True

    def _first_n(self, behind: Place) -> int | None:
        """From which number this process may count; None where it has nothing to count and others may still live.

        Raises OtherReporterError as long as another process reports the run.
        """
        if self._created:
            return 1
        if self._reader.counted is not None and (last_n := self.confirm_counted()) is not None:
            return last_n + 1  # nobody came between the earlier process and this one
        if not self._reader.has_events_behind(behind):
            return None
        self._before_counting()
        source = behind.source or self._spool.start["source"]
        last_n = self._requests.last_n(source)
        if last_n > 0 and not self._other.is_gone:
            self._look_at_other()
            last_n = self._requests.last_n(source)
        return last_n + 1

    def _look_at_other(self) -> None:
        """Raises OtherReporterError unless the other process is gone, and RefusedError where the run has ended."""
        run, now = self._requests.status()
        if has_ended(run):
            raise RefusedError(f"The run has {run['status']} meanwhile. It accepts no more reports.")
        silent_s = self._other.seen(run, now)
        if not self._other.is_gone:
            raise OtherReporterError(
                f"another process reported this run {age_text(silent_s)}. This process continues the run "
                f"when the other one has not reported for {duration_text(SILENT_FOR_S)}",
                ASK_AGAIN_AFTER_S,
            )

    def _note(self, answered: dict[str, Any]) -> int:
        self.run_has_ended = answered.get("status") in ("completed", "failed")
        self._last_n_answered = int(answered["last_n"])
        return self._last_n_answered

    def _start(self) -> None:
        """A run that may be there already is looked for first: a start is a report, and would say that it lives."""
        if self._spool.is_joining:
            self._before_counting()
            found = self._requests.status_if_any()
            if found is not None:
                self._other.seen(*found)
                self._started = True
                return
        self._created = self._requests.start()
        self._started = True

    def _send(self, batch: Batch) -> None:
        events = self._refused_findings.send(batch.events)
        try:
            answer = self._requests.send(batch.after.source or self._spool.start["source"], events)
        except TryLaterError:
            self._send_less()  # on a slow line a large batch may never get through in time
            raise
        if answer.status == 413 and len(batch.events) > 1:
            self._batch_max_bytes = sum(map(len, batch.events)) // 2  # down to a single event
            return
        if self._refused_findings.concern(answer) and self._refused_findings.are_in(events):
            if len(events) > 1:
                self._batch_max_events = len(events) // 2  # down to the one that is refused
                return
            if self._refused_findings.replace(batch.events[0], answer):
                return
        if _is_of_another_reporter(answer) and self._counts_from is not None:
            self._count_anew(self._counts_from)
            return
        expected_n = answer.body.get("expected_n")
        if answer.status == 409 and answer.is_problem and type(expected_n) is int and 0 < expected_n < batch.first_n:
            self._resume_from(expected_n)
            return
        self._note(self._requests.understand_receipt(answer, batch.last_n))
        self._reader.advance(batch)
        self._counts_from = self._expected_before = None
        self._batch_max_bytes = min(self._batch_max_bytes * 2, BATCH_MAX_BYTES)
        self._batch_max_events = min(self._batch_max_events * 2, BATCH_MAX_EVENTS)

    def _count_anew(self, begin: Place) -> None:
        """Number the events again: another process reported before any event of this one had arrived."""
        self._reader.place = begin
        self._created = self._other.is_gone = False
        self._last_n_answered = None

    def _send_less(self) -> None:
        if self._batch_max_bytes > BATCH_MIN_BYTES:
            self._batch_max_bytes = max(self._batch_max_bytes // 2, BATCH_MIN_BYTES)

    def _resume_from(self, expected_n: int) -> None:
        """Send events again that the service does not have: it was restored from a backup."""
        again = self._expected_before == expected_n
        self._expected_before = expected_n
        if not self._reader.rewind(expected_n):
            raise RefusedError(f"The service asks for event {expected_n}, which is not in the spool any more.")
        log(logging.WARNING, f"The service asks for event {expected_n} again. Sending resumes there.")
        if again:
            raise TryLaterError(f"the service keeps asking for event {expected_n}")


def _is_of_another_reporter(answer: Answer) -> bool:
    return answer.is_problem and answer.body["code"] == "other_reporter"
