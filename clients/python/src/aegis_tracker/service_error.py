"""What the service answers instead of what it was asked for."""

from http import HTTPStatus

from aegis_tracker.transport import Answer


class ServiceError(Exception):
    """The service answered, but not with what it was asked for. Its text is `detail`.

    `status` is the HTTP status and `detail` a sentence for people. `code` is the service's word for programs,
    such as `run_not_found`; `unknown` where what answered is not the service. `retry_after_s` is how many
    seconds it asks to wait, None where it does not say.
    """

    def __init__(self, status: int, code: str, detail: str, retry_after_s: float | None = None) -> None:
        super().__init__(status, code, detail, retry_after_s)
        self.status = status
        self.code = code
        self.detail = detail
        self.retry_after_s = retry_after_s

    def __str__(self) -> str:
        return self.detail


def error_of(answer: Answer) -> ServiceError:
    """The error that an answer is, in the service's own words where it has any."""
    code, detail = answer.body.get("code"), answer.body.get("detail")
    return ServiceError(
        answer.status,
        code if isinstance(code, str) else "unknown",
        detail if isinstance(detail, str) and detail else _in_words(answer.status),
        answer.retry_after_s,
    )


def _in_words(status: int) -> str:
    if status == 200:
        return "What answers there does not speak like the service, or says too much at once."
    if 300 <= status < 400:
        return f"The service answered {status}, a redirect, which is not followed: check its URL."
    phrase = f" {HTTPStatus(status).phrase}" if status in HTTPStatus._value2member_map_ else ""
    return f"The service answered {status}{phrase}."
