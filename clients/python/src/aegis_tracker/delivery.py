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

    def __init__(self, spool: Spool, transport: Transport, place: Place) -> None:
        self._spool = spool
        self._transport = transport
        self._reader = SpoolReader(spool, place)
        self._started = False
        self._is_placed = not spool.recovered or place != Place()
        self._batch_max_bytes = BATCH_MAX_BYTES
        self._expected_before: int | None = None
        self.cancel_requested = False
        self.answered = 0

    @property
    def place(self) -> Place:
        """How much of the spool the service has acknowledged."""
        return self._reader.place

    @property
    def started(self) -> bool:
        """Whether the service has said that it has the run."""
        return self._started

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
        if batch.new_source_at is not None:
            self._count_from_here(batch, batch.new_source_at)
        elif batch.events:
            self._send(batch)
        else:
            self._reader.advance(batch)
        return True

    def heartbeat(self) -> dict[str, Any]:
        """Say that the training is alive; the answer. Raises TryLaterError and RefusedError."""
        answer = self._post(f"{API}/training-runs/{self._spool.start['id']}/heartbeat", b"{}")
        return self._understand(answer, lambda told: type(told.get("last_n")) is int)

    def _count_from_here(self, batch: Batch, offset: int) -> None:
        """Go on where the service is: an ended process may have sent more than its spool still has.

        The number is written down before it is used, so that whoever sends this again sends the same.
        """
        last_n = self.heartbeat()["last_n"]
        first_n = max(last_n + 1, batch.first_n)
        self._spool.count_from(batch.after.part, offset, first_n)
        self._reader.advance(replace(batch, after=batch.after._replace(next_n=first_n)))

    def _start(self) -> None:
        start = self._spool.start
        body = {key: value for key, value in start.items() if key not in ("type", "domain", "source")}
        path = f"{API}/domains/{quote(start['domain'], safe='')}/training-runs"
        answer = self._post(path, to_json(body).encode())
        self._understand(answer, lambda told: told.get("training_run_id") == start["id"])
        self._started = True

    def _send(self, batch: Batch) -> None:
        head = {"source": batch.after.source or self._spool.start["source"], "sent_at": time_now()}
        body = to_json(head).encode()[:-1] + b',"events":[' + b",".join(batch.events) + b"]}"
        try:
            answer = self._post(f"{API}/training-runs/{self._spool.start['id']}/events", body)
        except TryLaterError:
            self._send_less()  # on a slow line a large batch may never get through in time
            raise
        if answer.status == 413 and len(batch.events) > 1:
            self._batch_max_bytes = sum(map(len, batch.events)) // 2  # down to a single event
            return
        expected_n = answer.body.get("expected_n")
        if answer.status == 409 and answer.is_problem and type(expected_n) is int and 0 < expected_n < batch.first_n:
            self._resume_from(expected_n)
            return
        self._understand(answer, lambda told: type(told.get("last_n")) is int and told["last_n"] >= batch.last_n)
        self._reader.advance(batch)
        self._expected_before = None
        self._batch_max_bytes = min(self._batch_max_bytes * 2, BATCH_MAX_BYTES)

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
        try:
            answer = self._transport.post(path, body)
        except UnreachableError as error:
            raise TryLaterError(str(error)) from error
        if answer.status >= 500 or answer.status in _RETRIED:
            raise TryLaterError(f"it answers {answer.status} {_detail(answer)}".strip(), answer.retry_after_s)
        return answer

    def _understand(self, answer: Answer, is_right: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The body of a good answer. Raises TryLaterError where it is not the service's, and RefusedError."""
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
