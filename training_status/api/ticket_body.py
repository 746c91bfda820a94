"""The request for a stream ticket."""

import msgspec

from training_status.ingest.json_input import decode


class TicketRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The request for a ticket for a domain's streams."""

    domain: str


def read_ticket_request(raw: bytes) -> TicketRequest:
    """Parse the body of a request for a ticket. Raises InvalidInput."""
    return decode(raw, TicketRequest)
