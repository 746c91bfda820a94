"""What is sent to be given a stream ticket."""

import msgspec

from training_status.ingest.json_input import decode


class TicketRequest(msgspec.Struct, forbid_unknown_fields=True, kw_only=True):
    """The domain whose streams are to be opened."""

    domain: str


def read_ticket_request(raw: bytes) -> TicketRequest:
    """The body of a request for a ticket. Raises InvalidInput."""
    return decode(raw, TicketRequest)
