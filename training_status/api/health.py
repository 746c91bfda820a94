"""`/healthz`: whether this process can serve, which takes the database. Open to everybody.

It is answered within a second whatever the database does, and by no thread that serves other requests: they may all be
waiting for it. The database is asked over a new connection, as a connection that is open already can still work where
nobody else is let in.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from typing import Any, Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseNotAllowed, JsonResponse

from aegis_training.postgresql.base import reachability
from aegis_training.postgresql.reachability import NO_ANSWER
from aegis_training.postgresql.reasons import reason
from training_status.api.problems import problem

logger = logging.getLogger(__name__)

ANSWER_LIMIT_S: Final = 0.8  # the rest of the second is for all else
_METHODS: Final = ("GET", "HEAD")
_last_failure: str | None = None


def is_health(path: str) -> bool:
    """Whether it is the path of `/healthz`."""
    return path in ("/healthz", "/healthz/")


def before_all_else(get_response: Callable[[HttpRequest], HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Middleware that answers `/healthz`: whoever watches the service calls it by whatever name or address."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        return healthz(request) if is_health(request.path_info) else get_response(request)

    return middleware


def healthz(request: HttpRequest) -> HttpResponse:
    """200 `{"status": "ok"}` when the database answers, else 503. For a server that is no ASGI server."""
    if request.method not in _METHODS:
        return HttpResponseNotAllowed(_METHODS)
    attempt = reachability().attempt()
    with contextlib.suppress(TimeoutError):
        attempt.exception(ANSWER_LIMIT_S)
    return _response(attempt)


async def answer_health(method: str, send: Callable[[dict[str, Any]], Awaitable[None]]) -> None:
    """The same as an ASGI application, in the event loop."""
    if method in _METHODS:
        attempt = reachability().attempt()
        outcome = asyncio.wrap_future(attempt)
        outcome.add_done_callback(asyncio.Future.exception)  # looked at: asyncio need not complain, however late it is
        await asyncio.wait([outcome], timeout=ANSWER_LIMIT_S)
        response = _response(attempt)
    else:
        response = HttpResponseNotAllowed(_METHODS)
    response.headers["Content-Length"] = str(len(response.content))
    headers = [(name.lower().encode("latin1"), value.encode("latin1")) for name, value in response.items()]
    await send({"type": "http.response.start", "status": response.status_code, "headers": headers})
    await send({"type": "http.response.body", "body": response.content})


def _response(attempt: "Future[None]") -> HttpResponse:
    known = reachability()
    error = (
        attempt.exception()
        if attempt.done()
        else TimeoutError(known.reason if known.new_connections_hang else NO_ANSWER)
    )
    _log_change(None if error is None else reason(error))
    if error is not None:
        return problem(503, "The database cannot be reached.", "unavailable", headers={"Retry-After": "1"})
    return JsonResponse({"status": "ok"})


def _log_change(failure: str | None) -> None:
    """Say why health fails when that begins or changes, not each time that somebody asks."""
    global _last_failure
    if failure != _last_failure:
        if failure is None:
            logger.info("The database can be reached again.")
        else:
            logger.warning("The database cannot be reached: %s", failure)
        _last_failure = failure
