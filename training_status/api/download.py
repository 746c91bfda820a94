"""Long responses that are generated while the client reads them."""

import threading
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from django.conf import settings

from training_status.errors import Unavailable

_CHUNK_BYTES: Final = 256 * 1024
_GZIP: Final = 16 + zlib.MAX_WBITS
_GZIP_LEVEL: Final = 1  # compresses logs to a thirteenth; higher levels take much longer for little gain

# A download occupies its thread as long as the client reads. Half of the threads stay free for other requests.
_free_places = threading.BoundedSemaphore(max(1, settings.THREADS // 2))


class Download:
    """The bytes of a download. The number of concurrent downloads is limited.

    `begin` is called when the download may start, and returns its parts. The download ends early when `client_gone` is
    set. With `compress` the bytes are a gzip file. Raises Unavailable if too many downloads are running.
    """

    def __init__(
        self, begin: Callable[[], Iterator[bytes]], client_gone: threading.Event, *, compress: bool = False
    ) -> None:
        if not _free_places.acquire(blocking=False):
            raise Unavailable("Too many downloads are running.", retry_after_s=5)
        self._holds_place = True
        self._client_gone = client_gone
        self._compressor = zlib.compressobj(_GZIP_LEVEL, zlib.DEFLATED, _GZIP) if compress else None
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
                    yield from self._encoded(bytes(chunk))
                    chunk.clear()
                if self._client_gone.is_set():
                    return
            yield from self._encoded(bytes(chunk))
            if self._compressor is not None:
                yield self._compressor.flush()
        finally:
            self.close()

    def _encoded(self, chunk: bytes) -> Iterator[bytes]:
        """Return the bytes that can be sent already, if any."""
        if self._compressor is not None:
            chunk = self._compressor.compress(chunk)
        if chunk:
            yield chunk

    def close(self) -> None:
        """Close the parts and free the place. A second call does nothing."""
        if not self._holds_place:
            return
        self._holds_place = False
        _free_places.release()
        close = getattr(self._parts, "close", None)
        if close is not None:  # a generator may be in the middle of a transaction
            close()
