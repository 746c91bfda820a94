"""`/healthz`: whether this process can serve requests, which requires the database. It needs no credentials.

The response takes at most a second, whatever the state of the database. It does not use the threads for requests,
because these may all be waiting for the database. The check opens a new connection, because existing connections can
still work when the server accepts no new ones.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse

from aegis_training.postgresql.base import reachability
from aegis_training.postgresql.reachability import NO_ANSWER
from aegis_training.postgresql.reasons import reason
from aegis_training.serving.problem_details import problem

logger = logging.getLogger(__name__)

ANSWER_LIMIT_S: Final = 0.8  # the rest of the second is for all else
_METHODS: Final = ("GET", "HEAD")
_last_failure: str | None = None


def is_health(path: str) -> bool:
    """Whether it is the path of `/healthz`."""
    return path in ("/healthz", "/healthz/")


def health_check_middleware(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware that answers `/healthz`, for any Host header, because monitors use various addresses."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return healthz(request) if is_health(request.path_info) else get_response(request)

    return middleware


def healthz(request: HttpRequest) -> HttpResponse:
    """200 `{"status": "ok"}` when the database answers, else 503. For a server that is no ASGI server."""
    if request.method not in _METHODS:
        return HttpResponseNotAllowed(_METHODS, headers={"Cache-Control": "no-store"})
    begun = time.monotonic()
    attempt = reachability().attempt()
    with contextlib.suppress(TimeoutError):
        attempt.exception(ANSWER_LIMIT_S)
    return _response(_failure(attempt, begun))


async def answer_health(method: str, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """The same as an ASGI application, in the event loop."""
    response: HttpResponse = HttpResponseNotAllowed(_METHODS, headers={"Cache-Control": "no-store"})
    if method in _METHODS:
        begun = time.monotonic()
        attempt = reachability().attempt()
        outcome = asyncio.wrap_future(attempt)
        outcome.add_done_callback(
            asyncio.Future.exception
        )  # retrieve a late exception, so that asyncio does not log it
        await asyncio.wait([outcome], timeout=ANSWER_LIMIT_S)
        response = _response(_failure(attempt, begun))
    response.headers["Content-Length"] = str(len(response.content))
    headers = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


def _failure(attempt: "Future[None]", begun: float) -> str | None:
    """Why the database does not answer; None when it does. `begun`: when it was asked."""
    if attempt.done():
        error = attempt.exception()
        return None if error is None else reason(error)
    database = reachability()
    if database.is_busy(since=begun):
        return None
    return database.reason if database.new_connections_hang else NO_ANSWER


def _response(failure: str | None) -> HttpResponse:
    _log_change(failure)
    if failure is not None:
        return problem(503, "The database cannot be reached.", "unavailable", headers={"Retry-After": "1"})
    return JsonResponse({"status": "ok"}, headers={"Cache-Control": "no-store"})


def _log_change(failure: str | None) -> None:
    """Log the reason of a failure when it begins or changes, not for each check."""
    global _last_failure
    if failure != _last_failure:
        if failure is None:
            logger.info("The database can be reached again.")
        else:
            logger.warning("The database cannot be reached: %s", failure)
        _last_failure = failure
