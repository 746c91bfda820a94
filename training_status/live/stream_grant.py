"""An authorized stream, passed from the view that authorizes it to the event loop that serves it."""

from dataclasses import dataclass, field
from typing import Final

from training_status.access.principal import Principal
from training_status.errors import Unavailable
from training_status.live.cursor import ResumePoint

# The key of a `GrantHolder` in the ASGI scope, set by a server that can stream.
GRANT_HOLDER: Final = "aegis.stream_handover"


@dataclass(frozen=True, slots=True)
class StreamGrant:
    """Who may follow what: a domain (`domain_id`), beginning with its latest run; one run; or all domains.

    `start` is where to begin in the log of the run `run_id`.
    """

    principal: Principal
    domain_id: int | None = None
    run_id: int | None = None
    start: ResumePoint = field(default_factory=ResumePoint)


@dataclass(slots=True)
class GrantHolder:
    """Where a view stores the grant for the server. While `grant` is None, the view's own response is the answer.

    `refusal` is the error for an authorized client when the process has no capacity for it.
    """

    refusal: Unavailable | None = None
    grant: StreamGrant | None = None
