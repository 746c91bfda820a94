"""The Range header (RFC 9110, 14): one range of bytes. Anything else is ignored."""

import re
from dataclasses import dataclass
from typing import Any, Self

from django.http import HttpResponse

from aegis_training.serving.problem_details import problem

_ONE_RANGE = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})", re.ASCII | re.IGNORECASE)


class RangeNotSatisfiable(Exception):
    """The range begins after the end of the body, which has `length` bytes."""

    def __init__(self, length: int) -> None:
        super().__init__(f"The range begins after the end of the body, which has {length} bytes.")
        self.length = length


@dataclass(frozen=True, slots=True)
class ByteRange:
    """Bytes `first` to `last`; without `first`, the last `last` bytes; without `last`, all bytes to the end."""

    first: int | None
    last: int | None

    @classmethod
    def parse(cls, header: str) -> Self | None:
        """Parse the header; None unless it is one range of bytes. The response is then the whole body."""
        match = _ONE_RANGE.fullmatch(header.strip())
        if match is None:
            return None
        first, last = (int(digits) if digits else None for digits in match.groups())
        if first is None and last is None:
            return None
        if first is not None and last is not None and first > last:
            return None
        return cls(first, last)

    def within(self, length: int) -> tuple[int, int]:
        """Return the begin and end in a body of this length. Raises RangeNotSatisfiable."""
        if self.first is None:
            begin, stop = max(0, length - (self.last or 0)), length
        else:
            begin, stop = self.first, length if self.last is None else min(self.last + 1, length)
        if begin >= stop:
            raise RangeNotSatisfiable(length)
        return begin, stop


def not_satisfiable(error: RangeNotSatisfiable) -> HttpResponse:
    """Return a 416 response with the length of the body."""
    headers = {"Content-Range": f"bytes */{error.length}"}
    return problem(416, str(error), "range_not_satisfiable", headers=headers)


def wanted_range(request: Any, etag: str, *, without_validator: bool) -> ByteRange | None:
    """Return the requested range of the body with this strong ETag; None for the whole body.

    `If-Range` must name the ETag itself, or the whole is answered. Without that header `without_validator` says
    whether what was read before can be trusted to be of the same body.
    """
    header = request.META.get("HTTP_RANGE")
    if header is None or request.method != "GET":
        return None
    condition = request.META.get("HTTP_IF_RANGE")
    if not (without_validator if condition is None else condition.strip() == etag):
        return None
    return ByteRange.parse(header)
