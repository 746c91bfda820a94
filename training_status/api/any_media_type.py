"""For answers of one form, which no Accept header decides."""

from typing import Any

from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.request import Request


class AnyMediaType(BaseContentNegotiation):
    """Any Accept header will do."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        """The only one."""
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        """The only one; it is not used."""
        return renderers[0], renderers[0].media_type
