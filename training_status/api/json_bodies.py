"""The JSON parser and renderer. Bodies are passed on as bytes, which `ingest` decodes and validates in one step."""

from collections.abc import Mapping
from typing import IO, Any

import msgspec
from django.conf import settings
from rest_framework.parsers import BaseParser
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from training_status.errors import TooLarge, UnsupportedEncoding

BODY_TOO_LARGE = f"The body is larger than {settings.BODY_MAX_BYTES // 1024 // 1024} MiB."


class JSONBytesParser(BaseParser):
    """Makes DRF refuse other media types (415); the bytes themselves are read by `body_of`."""

    media_type = "application/json"

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> Any:
        """The body as it came."""
        return stream.read()


class JSONRenderer(BaseRenderer):
    """Python values as UTF-8 JSON."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        """The body of a response; nothing for one that has none."""
        return b"" if data is None else msgspec.json.encode(data)


def refuse_encoded_body(request: Request) -> None:
    """Raise UnsupportedEncoding for a body in a content coding, such as gzip: the JSON text is taken as it is."""
    codings = [coding.strip() for coding in request.META.get("HTTP_CONTENT_ENCODING", "").split(",")]
    names = ", ".join(coding for coding in codings if coding.lower() not in ("", "identity"))
    if names and request.META.get("CONTENT_LENGTH") not in (None, "", "0"):
        raise UnsupportedEncoding(
            f"The body has the content coding {names[:100]}, which is not supported: send it without one."
        )


def body_of(request: Request) -> bytes:
    """The request's JSON text. An absent body is an empty text, which is not valid JSON.

    Raises TooLarge by the declared length: what declares more is not read at all.
    """
    if int(request.META.get("CONTENT_LENGTH") or 0) > settings.BODY_MAX_BYTES:
        raise TooLarge(BODY_TOO_LARGE)
    data = request.data
    return data if isinstance(data, bytes) else b""
