"""Conditional requests: `If-None-Match` and `If-Match` (RFC 9110, 13)."""

from typing import Any

from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response

from aegis_training.serving.problem_details import problem


def answer_by_etag(request: Any, etag: str) -> HttpResponseBase | None:
    """Return 304 if the client has this strong ETag, 412 if it requires another one, else None."""
    answer: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if answer is None or answer.status_code == 304:
        return answer
    return problem(412, "The ETag does not match the If-Match header.", "precondition_failed")
