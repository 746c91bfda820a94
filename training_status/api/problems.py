"""What exceptions mean to clients of the API: which problem, with which status and code.

No traceback, SQL or path reaches a client: what is unexpected is logged here and answered in general words.
"""

import logging
import sys
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import PermissionDenied, RequestDataTooBig, SuspiciousOperation
from django.db import InterfaceError, OperationalError, connection
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.views import defaults
from rest_framework import exceptions

from aegis_training.postgresql.reasons import reason
from aegis_training.serving.problem_details import problem
from training_status.api.json_bodies import BODY_TOO_LARGE
from training_status.api.paths import is_api
from training_status.errors import (
    AegisError,
    Conflict,
    InvalidInput,
    NotFound,
    TooLarge,
    Unavailable,
    UnsupportedEncoding,
)

logger = logging.getLogger(__name__)

_STATUS = {InvalidInput: 422, TooLarge: 413, NotFound: 404, Conflict: 409, UnsupportedEncoding: 415, Unavailable: 503}
_CODES = {
    401: "not_authenticated",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    415: "unsupported_media_type",
    422: "invalid_input",
}


def problem_from_exception(error: Exception, context: Mapping[str, Any] | None = None) -> HttpResponseBase | None:
    """The problem that an exception stands for; None for one that is not expected (DRF raises it again)."""
    if isinstance(error, AegisError):
        return problem(_STATUS[type(error)], error.detail, error.code, headers=_headers_of(error), **error.extensions)
    if isinstance(error, exceptions.APIException):
        return _drf_problem(error)
    if isinstance(error, Http404):
        return problem(404, "There is nothing at this address.", "not_found")
    if isinstance(error, PermissionDenied):
        return problem(403, "This is not allowed.", "forbidden")
    if isinstance(error, RequestDataTooBig):
        return problem(413, BODY_TOO_LARGE, "too_large")
    if isinstance(error, OperationalError | InterfaceError):
        return _database_problem(error)
    return None


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler400: a request that was rejected before any view."""
    if not is_api(request):
        return defaults.bad_request(request, exception)
    if isinstance(exception, RequestDataTooBig):
        return problem(413, BODY_TOO_LARGE, "too_large")
    detail = "The Host header is not allowed." if _is_host_error(exception) else (
        "The request is malformed.")  # fmt: skip
    return problem(422, detail, "invalid_input")


def not_found(request: HttpRequest, exception: Exception) -> HttpResponseBase:
    """Django's handler404."""
    if not is_api(request):
        return defaults.page_not_found(request, exception)
    return problem(404, "There is nothing at this address.", "not_found")


def server_error(request: HttpRequest) -> HttpResponseBase:
    """Django's handler500: whatever was not expected, and a database out of reach before any view ran."""
    error = sys.exc_info()[1]
    if isinstance(error, OperationalError | InterfaceError):
        response = _database_problem(error)
    else:
        response = problem(500, "An internal error has occurred and was logged.", "internal_error")
    return response if is_api(request) else HttpResponse(
        "The service cannot answer at the moment. Please try again.", status=500, content_type="text/plain",
        headers={"Retry-After": "1"})  # fmt: skip


def _headers_of(error: AegisError) -> dict[str, str]:
    if isinstance(error, Unavailable):
        return {"Retry-After": str(error.retry_after_s)}
    if isinstance(error, UnsupportedEncoding):
        return {"Accept-Encoding": "identity"}  # RFC 9110, section 12.5.3: what a request could have
    return {}


def _drf_problem(error: exceptions.APIException) -> HttpResponse:
    headers = {}
    if auth_header := getattr(error, "auth_header", None):
        headers["WWW-Authenticate"] = auth_header
    # DRF says 400 for a body it cannot parse; here bad input is 422 throughout.
    status = 422 if error.status_code == 400 else error.status_code
    return problem(status, str(error.detail), _CODES.get(status, "error"), headers=headers)


def _database_problem(error: Exception) -> HttpResponse:
    logger.error("The database cannot be used: %s", reason(error))
    connection.close()
    return problem(500, "Database operation failed", "database_unavailable", headers={"Retry-After": "1"})


def _is_host_error(exception: Exception) -> bool:
    return isinstance(exception, SuspiciousOperation) and "HOST" in str(exception).upper()
