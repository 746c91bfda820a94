"""The error for an answer that is not the requested object."""

from http import HTTPStatus

from aegis_tracker.http_answer import Answer

_UNKNOWN = "unknown"


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

    @property
    def is_from_service(self) -> bool:
        """Whether the service itself said so, and not a proxy, a sign-in page or whatever else answered."""
        return self.code != _UNKNOWN


def error_of(answer: Answer) -> ServiceError:
    """The error that an answer is, in the service's own words where it is the service's."""
    if answer.is_problem:
        return ServiceError(answer.status, answer.body["code"], answer.body["detail"], answer.retry_after_s)
    return ServiceError(answer.status, _UNKNOWN, _in_words(answer), answer.retry_after_s)


def _in_words(answer: Answer) -> str:
    status = answer.status
    if answer.is_good:
        return "The answer is not from the service, or is too large."
    if answer.is_redirect:
        target = f" It points to {answer.location}." if answer.location else ""
        return f"The service answered {status}, a redirect, which is not followed. Check its URL.{target}"
    phrase = f" {HTTPStatus(status).phrase}" if status in HTTPStatus._value2member_map_ else ""
    return f"The service answered {status}{phrase}."
