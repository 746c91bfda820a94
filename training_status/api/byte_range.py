"""Parts of a body that a client asks for by `Range` (RFC 9110, 14): one part, in bytes. Anything else is ignored."""

import re
from dataclasses import dataclass
from typing import Any, Self

from django.http import HttpResponse

from training_status.api.problems import problem

_ONE_RANGE = re.compile(r"bytes\s*=\s*([0-9]{0,18})\s*-\s*([0-9]{0,18})", re.ASCII | re.IGNORECASE)


class RangeNotSatisfiable(Exception):
    """Nothing of the range is in the body, which has `length` bytes."""

    def __init__(self, length: int) -> None:
        super().__init__(f"The range begins behind the {length} bytes that there are.")
        self.length = length


@dataclass(frozen=True, slots=True)
class ByteRange:
    """From byte `first` to byte `last`; without a `first` the last `last` bytes, without a `last` all to the end."""

    first: int | None
    last: int | None

    @classmethod
    def parse(cls, header: str) -> Self | None:
        """None for what is not one range of bytes: the whole is answered then."""
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
        """Where it begins and stops in a body of that length. Raises RangeNotSatisfiable."""
        if self.first is None:
            begin, stop = max(0, length - (self.last or 0)), length
        else:
            begin, stop = self.first, length if self.last is None else min(self.last + 1, length)
        if begin >= stop:
            raise RangeNotSatisfiable(length)
        return begin, stop


def not_satisfiable(error: RangeNotSatisfiable) -> HttpResponse:
    """416, which says how long the body is."""
    headers = {"Content-Range": f"bytes */{error.length}"}
    return problem(416, str(error), "range_not_satisfiable", headers=headers)


def wanted_range(request: Any, etag: str, *, without_validator: bool) -> ByteRange | None:
    """The part of the body with this strong ETag that a GET is to be answered with; None: the whole.

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
