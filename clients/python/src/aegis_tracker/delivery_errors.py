"""Why reports have not arrived: errors to retry, and refusals."""

from aegis_tracker.http_answer import Answer


class TryLaterError(Exception):
    """The service cannot accept it now. `after_s` is its Retry-After in seconds, or None.

    Each `kind` is warned of once.
    """

    kind = "trouble"

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class OtherReporterError(TryLaterError):
    """Another process reports the run, and may still run. Try again later."""


class EarlierSpoolError(OtherReporterError):
    """The spool of an earlier process of the run has to be sent first."""


class ForeignAnswerError(TryLaterError):
    """The answer is not from the service, but for example from a proxy."""

    def __init__(self, answer: Answer) -> None:
        who = ", ".join(filter(None, [answer.server, answer.content_type]))
        super().__init__(
            f"HTTP {answer.status} from {who or 'an unknown server'}, not from the service{_hint(answer)}",
            answer.retry_after_s,
        )
        self.kind = "redirect" if answer.is_redirect else "foreign"


class RefusedError(Exception):
    """The service refuses the reports for good. The text says why and what to do.

    `status` is the HTTP status, or None if there was no request.
    """

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


def _hint(answer: Answer) -> str:
    """The likely cause of an answer that is not from the service."""
    if answer.is_redirect:
        target = f"to {answer.location}" if answer.location else "without a target"
        return (
            f": a redirect {target}, which is not followed. If the service has moved there, set url= or AEGIS_URL to "
            "that address. If it is a sign-in page, let reports pass without signing in"
        )
    if answer.status == 413:
        return ": a proxy refuses a single report of this size. Raise its limit for request bodies"
    return (
        ": probably a proxy while the service is not running. If this continues, check url= or AEGIS_URL and the proxy"
    )
