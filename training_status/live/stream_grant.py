"""A stream that has been allowed, from the view that allows it to the event loop that serves it."""

from dataclasses import dataclass, field
from typing import Final

from training_status.access.principal import Principal
from training_status.errors import Unavailable
from training_status.live.cursor import ResumePoint

# The key of a `GrantHolder` in the ASGI scope, set by a server that can stream.
GRANT_HOLDER: Final = "aegis.stream_handover"


@dataclass(frozen=True, slots=True)
class StreamGrant:
    """Who follows what: a domain (`domain_id`), beginning with its latest run; a run alone; or all domains.

    `start` is where in the log of the run `run_id` they begin, by the run as it is now.
    """

    principal: Principal
    domain_id: int | None = None
    run_id: int | None = None
    start: ResumePoint = field(default_factory=ResumePoint)


@dataclass(slots=True)
class GrantHolder:
    """Where a view leaves the opening for the server; None: the view's own response is the answer.

    `refusal` is what to say to somebody who may see the stream, when there is no place for them.
    """

    refusal: Unavailable | None = None
    grant: StreamGrant | None = None
