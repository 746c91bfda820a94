"""Why reports have not arrived: for now, or for good."""

from aegis_tracker.answer import Answer


class TryLaterError(Exception):
    """The service cannot take it now; `after_s` is what it asked for, or None. `kind` is what people are told once."""

    kind = "trouble"

    def __init__(self, reason: str, after_s: float | None = None) -> None:
        super().__init__(reason)
        self.after_s = after_s


class OtherReporterError(TryLaterError):
    """Another process reports the run, and may still live; it is asked after again in a while."""


class EarlierSpoolError(OtherReporterError):
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
    """The service itself says that it will never take it; the text says why and what to do. `status` is HTTP's, or
    None where it was not asked."""

    def __init__(self, reason: str, status: int | None = None) -> None:
        super().__init__(reason)
        self.status = status


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
