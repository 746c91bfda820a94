"""Brings one spool to the service by the contract's rules, one request per step.

Knows no thread and no clock but for `sent_at`: whoever calls `step` decides when. Resending is safe,
since the service keeps the highest number it has stored; so every doubt is answered by sending again.
"""

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from aegis_tracker.answer import Answer
from aegis_tracker.contract_values import time_now, to_json
from aegis_tracker.notices import log
from aegis_tracker.other_reporter import ASK_AGAIN_AFTER_S, SILENT_FOR_S, OtherReporter, has_ended, is_lost
from aegis_tracker.spool import Spool
from aegis_tracker.spool_reader import Batch, Place, SpoolReader
from aegis_tracker.transport import Transport, UnreachableError

API = "/api/v1/admin"
BATCH_MAX_BYTES = 512 * 1024  # below the limit that reverse proxies have by default
BATCH_MIN_BYTES = 4 * 1024

_RETRIED = frozenset({408, 425, 429})
_ADVICE = {
    401: "Give a valid reporter's token as token= or in AEGIS_TOKEN.",
    403: "Use a token with the role reporter.",
}


class TryLaterError(Exception):
    """The service cannot take it now; `after_s` is what it asked for, or None. `kind` is what people are told once."""

    kind = "trouble"

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class OtherReporterError(TryLaterError):
    """Another process reports the run, and may still live; it is asked after again in a while."""


class PredecessorError(OtherReporterError):
    """What an earlier process of the run left is being sent, and goes first."""


class ForeignAnswerError(TryLaterError):
    """Something else than the service has answered, as a proxy does while the service is away."""

    def __init__(self, answer: Answer) -> None:
        who = ", ".join(filter(None, [answer.server, answer.content_type]))
        super().__init__(
            f"{answer.status} from {who or 'something'}, which is not the service's answer{_hint(answer)}",
            answer.retry_after_s,
        )
        self.kind = "redirect" if answer.is_redirect else "foreign"


class RefusedError(Exception):
    """The service itself says that it will never take it; the text says why and what to do."""


class Delivery:
    """The way of one spool to the service. `cancel_requested` is what it last answered.

    `answered` counts the requests that the service has answered well.
    """

    def __init__(
        self,
        spool: Spool,
        transport: Transport,
        place: Place,
        *,
        started: bool = False,
        before_counting: Callable[[], None] = lambda: None,
    ) -> None:
        """`started`: the service is known to have the run, and need not be told of its start. `before_counting` is
        called before this process counts in a run that others may have reported, and may raise TryLaterError.
        """
        self._spool = spool
        self._transport = transport
        self._reader = SpoolReader(spool, place)
        self._started = self._is_supposed_to_be_started = started
        self._before_counting = before_counting
        self._created = False  # whether this start made the run
        self._other = OtherReporter()
        self._asked_for_last_n = False
        self._counts_from: Place | None = None  # where this process began to count, until something of it has arrived
        self._is_placed = not spool.recovered or place != Place()
        self._batch_max_bytes = BATCH_MAX_BYTES
        self._expected_before: int | None = None
        self.cancel_requested = False
        self.run_has_ended = False  # as the last answer to events said
        self._last_n_answered: int | None = None  # and the highest number that the service had then
        self.answered = 0

    @property
    def place(self) -> Place:
        """How much of the spool the service has acknowledged."""
        return self._reader.place

    @property
    def vouches(self) -> bool:
        """Whether a heartbeat of this process may say that the run is alive: not that of a second one, which has
        reported nothing."""
        return self._created or self._spool.recovered or self._reader.counted is not None

    @property
    def counted(self) -> tuple[int, str] | None:
        """The last number of this spool that the service has, and the source that counted it."""
        return self._reader.counted

    @property
    def started(self) -> bool:
        """Whether the service has said that it has the run."""
        return self._started

    def pass_over_all(self) -> None:
        """Everything in the spool is known to have arrived. Raises OSError."""
        self._reader.pass_over_all()
        self._is_placed = True

    def step(self) -> bool:
        """Send what comes next, the start or a batch. False when there is nothing to send.

        Raises TryLaterError, RefusedError, and OSError when the spool cannot be read.
        """
        if not self._started:
            self._start()
            return True
        if not self._is_placed:
            self._reader.skip_what_has_arrived()
            self._is_placed = True
        batch = self._reader.batch(self._batch_max_bytes)
        if batch is None:
            return False
        if batch.source_at is not None:
            return self._count_from_here(batch, batch.source_at)
        if batch.events:
            self._send(batch)
        else:
            self._reader.advance(batch)
        return True

    def heartbeat(self) -> dict[str, Any]:
        """Say that the training is alive; the answer. Raises TryLaterError and RefusedError."""
        answer = self._post(f"{self._run_path}/heartbeat", b"{}")
        return self._understand(answer, _has_last_n)

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
        answer = self._post_events(source, [repeated])
        if _is_of_another_reporter(answer):
            return None
        expected_n = answer.body.get("expected_n")
        if answer.status == 409 and answer.is_problem and type(expected_n) is int and 0 < expected_n <= n:
            self._resume_from(expected_n)
            raise TryLaterError("the service asks for earlier events again")
        return self._note(self._understand(answer, _has_last_n))

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
        if not self._asked_for_last_n:
            self._look_for_lost_run()
            self._asked_for_last_n = True
            if self.heartbeat()["last_n"] == 0:
                return 1
        if not self._other.is_gone:
            self._look_at_other()
        return int(self.heartbeat()["last_n"]) + 1

    def _look_at_other(self) -> None:
        """Raises OtherReporterError unless the other process is gone, and RefusedError where the run has ended."""
        answer = self._get(self._run_path)
        run = self._understand(answer, lambda told: told.get("training_run_id") == self._spool.start["id"])
        if has_ended(run):
            raise RefusedError(f"The run has {run['status']} meanwhile: it takes no more reports.")
        silent_s = self._other.seen(run, answer.date)
        if not self._other.is_gone:
            raise OtherReporterError(
                f"another process has reported {max(0.0, silent_s):.0f} s ago, and counts the events; this one goes on "
                f"once that one has been silent for {SILENT_FOR_S:.0f} s",
                ASK_AGAIN_AFTER_S,
            )

    def _look_for_lost_run(self) -> None:
        """A start counts as a report, so whether the run was given up has to be seen before."""
        try:
            answer = self._transport.get(self._run_path)
        except UnreachableError:
            return  # the next request will say so
        if answer.status == 200 and answer.body.get("training_run_id") == self._spool.start["id"]:
            self._other.is_gone = self._other.is_gone or is_lost(answer.body)

    def _note(self, answered: dict[str, Any]) -> int:
        self.run_has_ended = answered.get("status") in ("completed", "failed")
        self._last_n_answered = int(answered["last_n"])
        return self._last_n_answered

    @property
    def _run_path(self) -> str:
        return f"{API}/training-runs/{self._spool.start['id']}"

    def _start(self) -> None:
        start = self._spool.start
        body = {key: value for key, value in start.items() if key not in ("type", "domain", "source")}
        path = f"{API}/domains/{quote(start['domain'], safe='')}/training-runs"
        if self._spool.is_joining:
            self._before_counting()  # before the start, which would take back that the run was lost
            self._look_for_lost_run()
        answer = self._post(path, to_json(body).encode())
        self._understand(answer, lambda told: told.get("training_run_id") == start["id"])
        self._started = True
        self._created = answer.status == 201

    def _send(self, batch: Batch) -> None:
        try:
            answer = self._post_events(batch.after.source or self._spool.start["source"], batch.events)
        except TryLaterError:
            self._send_less()  # on a slow line a large batch may never get through in time
            raise
        if answer.status == 413 and len(batch.events) > 1:
            self._batch_max_bytes = sum(map(len, batch.events)) // 2  # down to a single event
            return
        if _is_of_another_reporter(answer) and self._counts_from is not None:
            self._count_anew(self._counts_from)
            return
        expected_n = answer.body.get("expected_n")
        if answer.status == 409 and answer.is_problem and type(expected_n) is int and 0 < expected_n < batch.first_n:
            self._resume_from(expected_n)
            return
        self._note(self._understand(answer, lambda told: _has_last_n(told) and told["last_n"] >= batch.last_n))
        self._reader.advance(batch)
        self._counts_from = self._expected_before = None
        self._batch_max_bytes = min(self._batch_max_bytes * 2, BATCH_MAX_BYTES)

    def _post_events(self, source: str, events: list[bytes]) -> Answer:
        head = {"source": source, "sent_at": time_now()}
        body = to_json(head).encode()[:-1] + b',"events":[' + b",".join(events) + b"]}"
        return self._post(f"{self._run_path}/events", body)

    def _count_anew(self, begin: Place) -> None:
        """Another process was faster, before anything of this one had arrived."""
        self._reader.place = begin
        self._created = self._other.is_gone = False
        self._last_n_answered = None

    def _send_less(self) -> None:
        if self._batch_max_bytes > BATCH_MIN_BYTES:
            self._batch_max_bytes = max(self._batch_max_bytes // 2, BATCH_MIN_BYTES)

    def _resume_from(self, expected_n: int) -> None:
        """The service has less than we thought: it was restored from a backup. Send that again."""
        again = self._expected_before == expected_n
        self._expected_before = expected_n
        if not self._reader.rewind(expected_n):
            raise RefusedError(f"{self._transport.address} asks for event {expected_n}, which is not kept any more.")
        log(logging.WARNING, f"The service asks for event {expected_n} again; resuming there.")
        if again:
            raise TryLaterError(f"the service keeps asking for event {expected_n}")

    def _post(self, path: str, body: bytes) -> Answer:
        return self._answer(lambda: self._transport.post(path, body))

    def _get(self, path: str) -> Answer:
        return self._answer(lambda: self._transport.get(path))

    def _answer(self, request: Callable[[], Answer]) -> Answer:
        try:
            answer = request()
        except UnreachableError as error:
            self._other.service_was_unreachable()
            raise TryLaterError(str(error)) from error
        if answer.status >= 500 or answer.status in _RETRIED:
            self._other.service_was_unreachable()
            raise TryLaterError(f"it answers {answer.status} {_detail(answer)}".strip(), answer.retry_after_s)
        return answer

    def _understand(self, answer: Answer, is_right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The body of a good answer. Raises TryLaterError where it is not the service's, and RefusedError."""
        if answer.is_problem and answer.status == 404 and self._is_supposed_to_be_started:
            self._started = self._is_supposed_to_be_started = False
            raise TryLaterError("it does not know the run any more, which is started again")
        if answer.is_problem:
            raise RefusedError(self._refusal(answer))
        if not answer.is_good or "cancel_requested" not in answer.body or not is_right(answer.body):
            self._transport.close()  # a new connection may lead to the service
            raise ForeignAnswerError(answer)
        self.answered += 1
        self.cancel_requested = answer.body["cancel_requested"] is True
        return answer.body

    def _refusal(self, answer: Answer) -> str:
        advice = _ADVICE.get(answer.status, "")
        if answer.status == 404 and not self._started:
            advice = "Create the domain, or correct its name; a token bound to another domain cannot see it."
        return f"{self._transport.address} answers {answer.status} {_detail(answer)} {advice}".strip()


def _has_last_n(answered: dict[str, Any]) -> bool:
    return type(answered.get("last_n")) is int


def _is_of_another_reporter(answer: Answer) -> bool:
    return answer.is_problem and answer.body["code"] == "other_reporter"


def _detail(answer: Answer) -> str:
    detail = answer.body.get("detail")
    return f'"{detail[:1000]}"' if isinstance(detail, str) and detail else "without saying why."


def _hint(answer: Answer) -> str:
    """What may be behind an answer of something else than the service."""
    if answer.is_redirect:
        target = f"to {answer.location}" if answer.location else "to nowhere"
        return (
            f" but a redirect {target}, which is not followed: if the service has moved there, give that address as "
            "url= or in AEGIS_URL; if it is a page to sign in, let reports through without one"
        )
    if answer.status == 413:
        return ": a proxy does not take even one report of this size; raise its limit"
    return ": a proxy answers so while the service is away; if it lasts, check url= or AEGIS_URL and the proxy"
