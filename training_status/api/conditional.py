"""Requests that depend on what the client has already: `If-None-Match` and `If-Match` (RFC 9110, 13)."""

from typing import Any

from django.http import HttpResponseBase
from django.utils.cache import get_conditional_response

from training_status.api.problems import problem


def answer_by_etag(request: Any, etag: str) -> HttpResponseBase | None:
    """304 for a client that has what this strong ETag stands for, 412 for one that wants another; None: go on."""
    answer: HttpResponseBase | None = get_conditional_response(request, etag=etag)
    if answer is None or answer.status_code == 304:
        return answer
    return problem(412, "This is not what the If-Match header names.", "precondition_failed")
