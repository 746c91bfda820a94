"""Media types other than JSON, for content negotiation. Their views write the bytes themselves."""

from typing import Any

from rest_framework.renderers import BaseRenderer


class WrittenByItsView(BaseRenderer):
    """Has a media type to be chosen by, a `content_type` to be sent as, and renders nothing."""

    charset = None
    content_type: str

    def render(self, data: Any, accepted_media_type: str | None = None, renderer_context: Any = None) -> bytes:
        """Views of these forms return responses that need no rendering."""
        raise NotImplementedError


class Ndjson(WrittenByItsView):
    """NDJSON: one JSON document per line."""

    media_type = content_type = "application/x-ndjson"
    format = "ndjson"


class PlainText(WrittenByItsView):
    """Plain text."""

    media_type = "text/plain"
    content_type = "text/plain; charset=utf-8"
    format = "text"


class EventStream(WrittenByItsView):
    """Server-Sent Events."""

    media_type = content_type = "text/event-stream"
    format = "event-stream"
