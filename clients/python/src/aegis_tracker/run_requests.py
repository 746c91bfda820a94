"""The requests that report one run, and the meaning of their answers: success, retry or refusal."""

from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from aegis_tracker.delivery_errors import ForeignAnswerError, RefusedError, TryLaterError
from aegis_tracker.http_answer import Answer
from aegis_tracker.sanitizing import time_now, to_json
from aegis_tracker.transport import Transport, UnreachableError

API = "/api/v1/admin"

_RETRIED = frozenset({408, 425, 429})
_ADVICE = {
    401: "Set token= or AEGIS_TOKEN to a valid token with the role reporter.",
    403: "Use a token with the role reporter.",
}
_FAR_BEYOND = 2**62  # any number that no run comes to
_NO_DOMAIN = "Create the domain, or correct its name. A token that is bound to another domain cannot see it."

Body = dict[str, Any]


class RunRequests:
    """Asks the service about the run that `start`, the first record of a spool, describes.

    `cancel_requested` is what it last answered, and `budget` the state of the run's budget in its last receipt (None:
    no budget, or an earlier version). `answered` counts the requests that it has answered well.
    `when_unreachable` is called when a request fails. All requests raise TryLaterError and RefusedError.
    """

    def __init__(self, start: Body, transport: Transport, when_unreachable: Callable[[], None]) -> None:
        self._start = start
        self._transport = transport
        self._when_unreachable = when_unreachable
        self._path = f"{API}/training-runs/{start['id']}"
        self.cancel_requested = False
        self.budget: str | None = None
        self.answered = 0

    def start(self) -> bool:
        """Start the run; whether that made it. A start that is repeated finds the run that is there."""
        body = {key: value for key, value in self._start.items() if key not in ("type", "domain", "source")}
        path = f"{API}/domains/{quote(self._start['domain'], safe='')}/training-runs"
        answer = self._answer(lambda: self._transport.post(path, to_json(body).encode()))
        self._understand(answer, self._is_of_the_run, advice_404=_NO_DOMAIN)
        return answer.status == 201

    def send(self, source: str, events: list[bytes]) -> Answer:
        """Send numbered events, JSON texts; the answer, which `understand_receipt` reads, or a refusal's own."""
        head = {"source": source, "sent_at": time_now()}
        body = to_json(head).encode()[:-1] + b',"events":[' + b",".join(events) + b"]}"
        return self._answer(lambda: self._transport.post(f"{self._path}/events", body))

    def understand_receipt(self, answer: Answer, least_last_n: int = 0) -> Body:
        """The receipt for events. A good one names a number that is no lower than what was sent."""
        return self._understand(answer, lambda told: _has_last_n(told) and told["last_n"] >= least_last_n)

    def heartbeat(self) -> Body:
        """Say that the training is alive; the receipt."""
        answer = self._answer(lambda: self._transport.post(f"{self._path}/heartbeat", b"{}"))
        return self._understand(answer, _has_last_n)

    def last_n(self, source: str) -> int:
        """The highest number that the service has stored, asked in a way that is no report: by a gap in the numbers."""
        answer = self.send(source, [b'{"n":%d,"type":"log","level":"DEBUG","message":""}' % _FAR_BEYOND])
        expected_n = answer.body.get("expected_n")
        if answer.status == 409 and answer.is_problem and type(expected_n) is int:
            self.answered += 1
            return expected_n - 1
        self.understand_receipt(answer)
        raise ForeignAnswerError(answer)

    def status(self) -> tuple[Body, float]:
        """The run's status object, and when that was, in seconds since 1970 on the service's clock. No report."""
        answer = self._answer(lambda: self._transport.get(self._path))
        return self._understand(answer, self._is_of_the_run), answer.date

    def status_if_any(self) -> tuple[Body, float] | None:
        """The same; None where there is no such run, or it cannot be had now."""
        try:
            answer = self._answer(lambda: self._transport.get(self._path))
        except TryLaterError:
            return None  # the next request will say so
        return (answer.body, answer.date) if answer.status == 200 and self._is_of_the_run(answer.body) else None

    def _answer(self, request: Callable[[], Answer]) -> Answer:
        try:
            answer = request()
        except UnreachableError as error:
            self._when_unreachable()
            raise TryLaterError(str(error)) from error
        if answer.status >= 500 or answer.status in _RETRIED:
            self._when_unreachable()
            raise TryLaterError(f"it answers {answer.status} {_detail(answer)}".strip(), answer.retry_after_s)
        return answer

    def _understand(self, answer: Answer, is_right: Callable[[Body], bool], *, advice_404: str = "") -> Body:
        """The body of a good answer. Raises TryLaterError where it is not the service's, and RefusedError."""
        if answer.is_problem:
            advice = advice_404 if answer.status == 404 else _ADVICE.get(answer.status, "")
            refusal = f"{self._transport.address} answers {answer.status} {_detail(answer)} {advice}".strip()
            raise RefusedError(refusal, answer.status)
        if not answer.is_good or "cancel_requested" not in answer.body or not is_right(answer.body):
            self._transport.close()  # a new connection may lead to the service
            raise ForeignAnswerError(answer)
        self.answered += 1
        self.cancel_requested = answer.body["cancel_requested"] is True
        budget = answer.body.get("budget")
        if _has_last_n(answer.body):  # a receipt
            self.budget = budget if isinstance(budget, str) else None
        return answer.body

    def _is_of_the_run(self, body: Body) -> bool:
        return body.get("training_run_id") == self._start["id"]


def _has_last_n(receipt: Body) -> bool:
    return type(receipt.get("last_n")) is int


def _detail(answer: Answer) -> str:
    detail = answer.body.get("detail")
    return f'"{detail[:1000]}"' if isinstance(detail, str) and detail else "without saying why."
