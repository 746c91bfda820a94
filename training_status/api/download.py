"""Long responses that are made while they are read."""

import threading
from collections.abc import Callable, Iterator
from typing import Final

from django.conf import settings

from training_status.errors import Unavailable

_CHUNK_BYTES: Final = 256 * 1024

# A download holds its thread for as long as its reader likes. Half of them stay free for everybody else.
_free_places = threading.BoundedSemaphore(max(1, settings.THREADS // 2))


class Download:
    """The bytes of a download. It takes a place, and gives it back at its end or when the response is closed.

    `begin` is called once there is a place, and gives the parts. The download ends early when `client_gone` is set.
    Raises Unavailable when all places are taken.
    """

    def __init__(self, begin: Callable[[], Iterator[bytes]], client_gone: threading.Event) -> None:
        if not _free_places.acquire(blocking=False):
            raise Unavailable("Too many logs are being downloaded at the moment.", retry_after_s=5)
        self._holds_place = True
        self._client_gone = client_gone
        self._parts: Iterator[bytes] = iter(())
        try:
            self._parts = begin()
        except BaseException:
            self.close()
            raise

    def __iter__(self) -> Iterator[bytes]:
        chunk = bytearray()
        try:
            for part in self._parts:
                chunk += part
                if len(chunk) >= _CHUNK_BYTES:
                    yield bytes(chunk)
                    chunk.clear()
                if self._client_gone.is_set():
                    return
            yield bytes(chunk)
        finally:
            self.close()

    def close(self) -> None:
        """End the reading and give the place back; a second call does nothing."""
        if not self._holds_place:
            return
        self._holds_place = False
        _free_places.release()
        close = getattr(self._parts, "close", None)
        if close is not None:  # a generator may be in the middle of a transaction
            close()
