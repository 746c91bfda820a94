"""A stream that has been allowed, from the view that allows it to the event loop that serves it."""

from dataclasses import dataclass, field
from typing import Final

from training_status.access.caller import Caller
from training_status.errors import Unavailable
from training_status.live.cursor import Cursor

# The key of a `Handover` in the ASGI scope, set by a server that can stream.
HANDOVER: Final = "aegis.stream_handover"


@dataclass(frozen=True, slots=True)
class Opening:
    """Who follows what from where: a run (`run_id`), a domain (`domain_id`), or with neither all domains."""

    caller: Caller
    domain_id: int | None = None
    run_id: int | None = None
    cursor: Cursor = field(default_factory=Cursor)


@dataclass(slots=True)
class Handover:
    """Where a view leaves the opening for the server; None: the view's own response is the answer.

    `refusal` is what to say to somebody who may see the stream, when there is no place for them.
    """

    refusal: Unavailable | None = None
    opening: Opening | None = None
