"""The view that creates stream tickets."""

from typing import Any

from django.contrib.auth.models import User
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.access.tickets import make_ticket
from training_status.api.authorised_view import AuthorisedView
from training_status.api.json_bodies import body_of
from training_status.api.request_bodies import body
from training_status.api.ticket_body import TicketRequest, read_ticket_request
from training_status.errors import NotFound
from training_status.read.domains import domain_by_name
from training_status.roles import VIEWER
from training_status.serializers.times import utc_text


class StreamTicketSerializer(serializers.Serializer):
    """A stream ticket, for the query parameter `ticket`."""

    ticket = serializers.CharField()
    expires_at = serializers.DateTimeField(
        help_text="A stream must be opened before this time; it may stay open longer."
    )


class StreamTicketsView(AuthorisedView):
    """`/stream-tickets`."""

    roles = {"POST": VIEWER}

    @extend_schema(
        operation_id="make_stream_ticket",
        tags=["live"],
        request=body(TicketRequest),
        responses={201: StreamTicketSerializer},
    )
    def post(self, request: Request) -> Response:
        """Create a ticket for the streams of one domain, for EventSource, which sends no headers."""
        name = read_ticket_request(body_of(request)).domain
        domain = None if "\0" in name else domain_by_name(name, only_domain_id=self.only_domain_id)
        if domain is None:
            raise NotFound(f"There is no domain '{name}'.", code="domain_not_found")
        user: Any = request.user
        ticket = make_ticket(self.principal, domain.id, user_id=user.pk if isinstance(user, User) else None)
        answer = {"ticket": ticket.text, "expires_at": utc_text(ticket.expires_at)}
        return Response(answer, status=201, headers={"Cache-Control": "no-store"})
