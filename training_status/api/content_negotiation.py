"""Content negotiation: choosing the media type of a response by the Accept header.

DRF's own negotiation ignores q-values, and does not accept `application/json; charset=utf-8` and an empty header.
"""

import re
from typing import Any, Final, NamedTuple

from rest_framework.exceptions import NotAcceptable
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

# Every operation may answer with a problem, and some with nothing else: generated clients ask for just that with
# DELETE. Who takes a problem, or JSON, which problems are, is not refused.
_ERROR_TYPES: Final = ("application/problem+json", "application/json")
_QUALITY = re.compile(r"[01](\.[0-9]*)?", re.ASCII)


class MediaRange(NamedTuple):
    """An element of an Accept header. Parameters other than `q` are passed over: no form here has any variants."""

    main_type: str
    subtype: str
    quality: float

    def specificity(self, media_type: str) -> int | None:
        """Return how closely the range describes the media type; None if it does not cover it."""
        main_type, _, subtype = media_type.partition("/")
        if (self.main_type, self.subtype) == (main_type, subtype):
            return 3
        if self.main_type not in ("*", main_type):
            return None
        if self.subtype.startswith("*+"):  # such as application/*+json
            return 2 if subtype.endswith(self.subtype[1:]) else None
        if self.subtype != "*":
            return None
        return 0 if self.main_type == "*" else 1


class ContentNegotiation(DefaultContentNegotiation):
    """Negotiation by RFC 9110, section 12.5.1, among the view's renderers; the first one is the default."""

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> tuple[BaseRenderer, str]:
        """Return the renderer that the client prefers, with its media type. Raises NotAcceptable."""
        if format_suffix:
            renderers = self.filter_renderers(renderers, format_suffix)
        ranges = [media_range(text) for text in self.get_accept_list(request)]
        best = max(renderers, key=lambda renderer: quality_of(renderer.media_type, ranges) or 0)  # the first of equals
        if ranges and not quality_of(best.media_type, ranges):
            best = self._renderer_for_errors(renderers, ranges)
        return best, best.media_type

    def _renderer_for_errors(self, renderers: Any, ranges: list[MediaRange]) -> BaseRenderer:
        """Return the first renderer that is not excluded by `q=0`, if the client accepts problem details."""
        if any(quality_of(media_type, ranges) for media_type in _ERROR_TYPES):
            for renderer in renderers:
                if quality_of(renderer.media_type, ranges) is None:
                    return renderer
        forms = " or ".join(dict.fromkeys(renderer.media_type for renderer in renderers))
        raise NotAcceptable(f"The response is {forms}, which the Accept header does not allow.")


def media_range(text: str) -> MediaRange:
    """An element of an Accept header, such as `text/*;q=0.5`. A `q` that is no number counts as 1."""
    media_type, *parameters = (part.strip().lower() for part in text.split(";"))
    main_type, _, subtype = ("*/*" if media_type == "*" else media_type).partition("/")
    quality = 1.0
    for name, _, value in (parameter.partition("=") for parameter in parameters):
        if name.strip() == "q" and _QUALITY.fullmatch(value.strip()):
            quality = min(float(value), 1.0)
    return MediaRange(main_type.strip(), subtype.strip(), quality)


def quality_of(media_type: str, ranges: list[MediaRange]) -> float | None:
    """Return the quality of the media type by its closest range: 0 excludes it. None if no range covers it."""
    covering = [(closeness, r.quality) for r in ranges if (closeness := r.specificity(media_type)) is not None]
    return max(covering)[1] if covering else None
