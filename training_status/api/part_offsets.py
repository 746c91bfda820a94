"""The offsets of the parts of a long body, so that a range can be sent without generating what precedes it.

A body is generated while it is sent, so its length is known only at its end. The offsets are cached by ETag for later
requests; a million lines take 32 KB.
"""

import threading
import time
from array import array
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, Protocol

BODIES_KEPT: Final = 16
MEASURING_LIMIT_S: Final = 20.0


class Body(Protocol):
    """A body made part by part. The same `etag`, a strong one, always stands for the same parts; None: it is new."""

    @property
    def etag(self) -> str | None: ...

    def parts(self, first: int = 0) -> Iterator[bytes]:
        """All parts, or those from number `first`, counted from 0."""
        ...


class BodyChanged(Exception):
    """The body of the ETag no longer exists. The response must be aborted."""


class PartOffsets:
    """The offsets of the parts of a body, as far as it was read, and whether it was read to its end."""

    def __init__(self) -> None:
        self._offsets = array("Q", [0])  # and where the last one read ends
        self._is_complete = False
        self._lock = threading.Lock()

    def learning(self, parts: Iterator[bytes], first: int = 0) -> Iterator[bytes]:
        """The parts, of which the first has the number `first`; what is new of them is remembered."""
        offsets = self._offsets
        number = first
        for number, part in enumerate(parts, first + 1):
            with self._lock:
                if number == len(offsets):
                    offsets.append(offsets[-1] + len(part))
                elif number < len(offsets) and offsets[number] - offsets[number - 1] != len(part):
                    raise BodyChanged
            yield part
        with self._lock:
            if number == len(offsets) - 1:
                self._is_complete = True

    def measure(self, body: Body) -> int | None:
        """The length of the body, of which only the parts not read yet are made.

        None when that takes too long for a client, or a proxy, that waits for the answer. The next call goes on there.
        """
        deadline = time.monotonic() + MEASURING_LIMIT_S
        known = len(self._offsets) - 1
        for _ in () if self._is_complete else self.learning(body.parts(known), known):
            if time.monotonic() > deadline:
                return None
        return self._offsets[-1]

    def cut(self, body: Body, begin: int, stop: int) -> Iterator[bytes]:
        """The bytes from `begin` to `stop` of a body that was measured, of which only the parts needed are made."""
        number = bisect_right(self._offsets, begin, hi=len(self._offsets) - 1) - 1
        return self._cut(self.learning(body.parts(number), number), self._offsets[number], begin, stop)

    def _cut(self, parts: Iterator[bytes], at: int, begin: int, stop: int) -> Iterator[bytes]:
        for part in parts:
            yield part[max(0, begin - at) : stop - at]
            at += len(part)
            if at >= stop:
                return
        raise BodyChanged


_kept: OrderedDict[str, PartOffsets] = OrderedDict()
_lock = threading.Lock()


def offsets_of(body: Body) -> PartOffsets:
    """Return the cached offsets of a body, which are extended while it is read."""
    if body.etag is None:
        return PartOffsets()
    with _lock:
        offsets = _kept.setdefault(body.etag, PartOffsets())
        _kept.move_to_end(body.etag)
        if len(_kept) > BODIES_KEPT:
            _kept.popitem(last=False)
        return offsets
