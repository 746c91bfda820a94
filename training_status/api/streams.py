"""The views that authorize streams. The event loop serves the streams themselves (`live`).

The views run in a thread like all others, with the same errors. They store the grant of a stream in the request's
`GrantHolder`; the response has the headers of the stream. WebSockets are authorized by the same views.
"""

from typing import Any
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework.request import Request

from training_status.access.authentication import (
    AnonymousRoleAuthentication,
    SessionRoleAuthentication,
    TicketAuthentication,
    TokenAuthentication,
)
from training_status.api import query
from training_status.api.authorised_view import AuthorisedView
from training_status.api.media_types import EventStream
from training_status.errors import InvalidInput, NotFound, Unavailable
from training_status.live.cursor import Cursor, ResumePoint
from training_status.live.status_changes import is_over
from training_status.live.stream_grant import GRANT_HOLDER, GrantHolder, StreamGrant
from training_status.read.domains import domain_by_name
from training_status.read.run_facts import RunFacts, run_by_public_id
from training_status.roles import VIEWER
from training_status.serializers.envelope import ENVELOPE, status_of

_HEADERS = {
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",
    "Content-Encoding": "identity",
}
_TICKET = OpenApiParameter("ticket", str, description="A stream ticket, for clients that cannot send headers.")
_LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID", str, OpenApiParameter.HEADER, description="The id of the last message received: continue after it."
)
_STREAM = {(200, "text/event-stream"): OpenApiResponse(ENVELOPE, "Messages, each with one such object as data.")}
_OVER = {204: OpenApiResponse(description="The run has ended, and the client has received the end: nothing follows.")}


class StreamView(AuthorisedView):
    """The base class of both stream views."""

    roles = {"GET": VIEWER}
    authentication_classes = (
        TokenAuthentication,
        TicketAuthentication,
        SessionRoleAuthentication,
        AnonymousRoleAuthentication,
    )
    renderer_classes = (EventStream,)

    def hand_over(self, request: Request, **followed: Any) -> HttpResponse | StreamingHttpResponse:
        """Store the grant for the server and return the headers of the stream. Raises Unavailable."""
        if request.method == "HEAD":
            return StreamingHttpResponse((), headers=_HEADERS)  # without a Content-Length
        response = HttpResponse(headers=_HEADERS)
        grant_holder = request.META.get("asgi.scope", {}).get(GRANT_HOLDER)
        if not isinstance(grant_holder, GrantHolder):
            raise Unavailable("This server cannot stream: it does not run the ASGI application.", retry_after_s=60)
        if grant_holder.refusal is not None:
            raise grant_holder.refusal
        grant_holder.grant = StreamGrant(principal=self.principal, **followed)
        return response


class DomainStreamView(StreamView):
    """`/domains/{name}/training-stream`."""

    @extend_schema(
        operation_id="stream_training",
        tags=["live"],
        parameters=[
            OpenApiParameter("training_run_id", UUID, description="Follow this run, and end with it."),
            OpenApiParameter(
                "after",
                {"type": "integer", "minimum": 0},
                description="Only entries after this one; requires `training_run_id`.",
            ),
            _TICKET,
            _LAST_EVENT_ID,
        ],
        responses=_STREAM | _OVER,
    )
    def get(self, request: Request, domain_name: str) -> HttpResponse | StreamingHttpResponse:
        """Follow a domain's latest run and the next ones, or one run: the status and every entry of the log, live."""
        domain = domain_by_name(domain_name, only_domain_id=self.only_domain_id)
        if domain is None:
            raise NotFound(f"There is no domain '{domain_name}'.", code="domain_not_found")
        run_id = _run_id(request)
        after = query.sequence_number(request.query_params, "after")
        if after is not None and run_id is None:
            raise InvalidInput("after requires training_run_id: it is a position in the log of one run", field="after")
        last_event_id = request.headers.get("Last-Event-ID", "")
        cursor = Cursor.from_last_event_id(last_event_id) if last_event_id else Cursor(after_seq=after)
        if run_id is None:
            latest = domain.latest_run
            if latest is None:
                return self.hand_over(request, domain_id=domain.id)
            return self.hand_over(request, domain_id=domain.id, run_id=latest.id, start=_start(cursor, latest))
        run = run_by_public_id(run_id, only_domain_id=domain.id)
        if run is None:
            raise NotFound(f"There is no training run {run_id} of domain '{domain_name}'.", code="run_not_found")
        start = _start(cursor, run)
        return HttpResponse(status=204) if start.end_is_known else self.hand_over(request, run_id=run.id, start=start)


@extend_schema(exclude=True)
class UnversionedDomainStreamView(DomainStreamView):
    """`/admin/domains/{name}/training-stream`, where pages of the system before open it."""


class OverviewStreamView(StreamView):
    """`/training-stream`."""

    @extend_schema(operation_id="stream_all_trainings", tags=["live"], parameters=[_TICKET], responses=_STREAM)
    def get(self, request: Request) -> HttpResponse | StreamingHttpResponse:
        """Follow the status of all domains."""
        return self.hand_over(request)


def _start(cursor: Cursor, run: RunFacts) -> ResumePoint:
    """Return where the cursor resumes in the run, by its current state and not that of a follower."""
    return cursor.on(run, is_over=is_over(status_of(run, timezone.now())))


def _run_id(request: Request) -> UUID | None:
    text = request.query_params.get("training_run_id")
    try:
        return None if text is None else UUID(text)
    except ValueError as error:
        raise InvalidInput("training_run_id must be a UUID", field="training_run_id") from error
