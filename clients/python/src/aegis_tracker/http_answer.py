"""HTTP answers, and whether they come from the service.

Between a tracker and its service there may be proxies, sign-in pages and captive portals, which answer with any status
while the service is not running. An error comes from the service only if it is a problem document in its format.
"""

import email.utils
import http.client
import json
import time
from dataclasses import dataclass
from typing import Any
from urllib.parse import urljoin, urlsplit

from aegis_tracker.visible_text import one_line

PROBLEM_CONTENT_TYPE = "application/problem+json"
_PROBLEM_TYPE = "about:blank"  # of all the service's problems: their `code` tells them apart
_PROBLEM_TEXTS = ("title", "detail", "code")
_SHOWN_MAX_CHARACTERS = 200
_SENTENCE_MAX_CHARACTERS = 1000  # of a problem


@dataclass(frozen=True)
class Answer:
    """`body` is empty when it was no JSON object, which `is_object` tells from an empty one. The texts of an error
    can be shown to people.

    `date` is when it was answered, in seconds since 1970, on the service's clock where it says so. `content_type` has
    no parameters. `server` and `location` are for people: the program that answered, and
    where a redirect points to, without what may be secret in it.
    """

    status: int
    body: dict[str, Any]
    retry_after_s: float | None = None
    is_object: bool = True
    content_type: str = ""
    server: str = ""
    location: str | None = None
    date: float = 0.0

    @property
    def is_good(self) -> bool:
        """Whether the status says that all went well."""
        return 200 <= self.status < 300

    @property
    def is_redirect(self) -> bool:
        """Whether the status says to ask elsewhere."""
        return 300 <= self.status < 400

    @property
    def is_problem(self) -> bool:
        """Whether it is the service's own word that something is wrong (RFC 9457, in the service's shape)."""
        status, texts = self.body.get("status"), [self.body.get(name) for name in _PROBLEM_TEXTS]
        return (
            self.status >= 400
            and self.content_type == PROBLEM_CONTENT_TYPE
            and self.body.get("type") == _PROBLEM_TYPE
            and type(status) is int
            and status == self.status
            and all(isinstance(text, str) and text for text in texts)
        )


def answer_of(response: http.client.HTTPResponse, data: bytes | None, asked: str) -> Answer:
    """The answer to a request for the URL `asked`; `data` is its whole body, or None where that was too large."""
    body = None if data is None else json_object(data)
    return Answer(
        response.status,
        _with_texts_to_show(body or {}) if response.status >= 400 else body or {},
        _retry_after_s(response.getheader("Retry-After")),
        is_object=body is not None,
        content_type=shown(response.headers.get_content_type()),
        server=shown(response.getheader("Server", "")),
        location=_shown_location(response.getheader("Location"), asked),
        date=_date_of(response.getheader("Date")),
    )


def json_object(data: bytes | str) -> dict[str, Any] | None:
    """The JSON object that it is; None where they are none."""
    try:
        body = json.loads(data)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def shown(text: str, max_characters: int = _SHOWN_MAX_CHARACTERS) -> str:
    """As much as people are shown, on a terminal or in a log, of a text that came from the other side: one line."""
    words = " ".join(one_line(text).split())
    return "".join(character for character in words if character.isprintable())[:max_characters].strip()


def _retry_after_s(value: str | None) -> float | None:
    """Seconds from now, for both forms of the header; None where there is none to be read."""
    if value is None:
        return None
    if value.strip().isdecimal():
        return float(value)
    try:
        return max(0.0, email.utils.parsedate_to_datetime(value).timestamp() - time.time())
    except Exception:  # noqa: BLE001 - anybody may have written it, and the parser fails in many ways
        return None


def _date_of(value: str | None) -> float:
    try:
        return email.utils.parsedate_to_datetime(value or "").timestamp()
    except Exception:  # noqa: BLE001 - as above
        return time.time()


def _shown_location(location: str | None, asked: str) -> str | None:
    """Where a redirect points to: without user, query and fragment."""
    if not location:
        return None
    try:
        parts = urlsplit(urljoin(asked, location))
        host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return None
    return shown(f"{parts.scheme}://{host}{port}{parts.path}") if host else None


def _with_texts_to_show(body: dict[str, Any]) -> dict[str, Any]:
    texts = {name: body[name] for name in _PROBLEM_TEXTS if isinstance(body.get(name), str)}
    return body | {name: shown(text, _SENTENCE_MAX_CHARACTERS) for name, text in texts.items()}
