"""What can be wrong with a request, in the service's own words.

Every error carries a readable sentence and a code that programs can rely on. `api.problems` turns
them into responses; nothing else does.
"""

from collections.abc import Mapping
from typing import Any


class AegisError(Exception):
    """`detail` is a sentence for people, `code` a word for programs, `extensions` further members."""

    code = "error"

    def __init__(self, detail: str, *, code: str | None = None, **extensions: Any) -> None:
        super().__init__(detail)
        self.detail = detail
        self.code = code or self.code
        self.extensions: Mapping[str, Any] = extensions


class InvalidInput(AegisError):
    """A value that cannot be accepted. `field` says which, as a path such as `events[3].fraction`."""

    code = "invalid_input"

    def __init__(self, detail: str, *, field: str | None = None, code: str | None = None) -> None:
        errors = [] if field is None else [{"field": field, "detail": detail}]
        super().__init__(detail, code=code, errors=errors)
        self.field = field


class TooLarge(AegisError):
    """More than the service takes in one request."""

    code = "too_large"


class UnsupportedEncoding(AegisError):
    """A body in a content coding, where none is taken."""

    code = "unsupported_content_encoding"


class NotFound(AegisError):
    """There is no such thing, or the caller may not know of it."""

    code = "not_found"


class Conflict(AegisError):
    """A well-formed request that the present state does not allow."""

    code = "conflict"


class Unavailable(AegisError):
    """Not now, but soon: come back after `retry_after_s` seconds."""

    code = "unavailable"

    def __init__(self, detail: str, *, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s
