"""The answers of the service, checked for what the contract promises of each."""

import re
from datetime import datetime
from typing import Any

import httpx

from tests.support.project import PROJECT

_LEAKS = re.compile(
    r"Traceback|File \"|site-packages|\.py\b|psycopg|django|SELECT |INSERT |UPDATE .* SET|DETAIL:|CONTEXT:|"
    r"(?:/home|/usr|/tmp|/opt|/var|/root)/",
    re.IGNORECASE,
)
_UTC_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z")


def ok(answer: httpx.Response) -> Any:
    """The JSON of a 200."""
    assert answer.status_code == 200, (answer.status_code, answer.text[:2000])
    assert answer.headers["content-type"].split(";")[0] == "application/json"
    return answer.json()


def problem(answer: httpx.Response, *statuses: int) -> dict[str, Any]:
    """The body of an error, after checking that it is one of `statuses`, has the one shape and tells no secrets."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:2000])
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json", answer.text[:2000]
    body: dict[str, Any] = answer.json()
    assert {"type", "title", "status", "detail", "code"} <= body.keys(), body
    for name in ("type", "title", "detail", "code"):
        assert isinstance(body[name], str), body
        assert body[name], body
    assert body["status"] == answer.status_code
    for error in body.get("errors", []):
        assert isinstance(error["field"], str), body
        assert isinstance(error["detail"], str), body
        assert error["detail"], body
    assert not _LEAKS.search(answer.text), answer.text
    assert str(PROJECT) not in answer.text
    return body


def refused(answer: httpx.Response) -> dict[str, Any]:
    """The body of a 422 that names what is wrong field by field."""
    body = problem(answer, 422)
    assert body.get("errors"), body
    return body


def parse_time(text: str) -> datetime:
    """A time of the service, after checking that it is written as promised: UTC, `Z`, no fraction of zero."""
    assert _UTC_TIME.fullmatch(text), text
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    assert ("." in text) == bool(moment.microsecond), text
    return moment
