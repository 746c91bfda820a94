"""The whole of a log, or what a filter leaves of it, as a stream."""

import threading
from collections.abc import Callable, Iterator

import msgspec
from django.conf import settings
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from training_status.api import query
from training_status.api.any_media_type import AnyMediaType
from training_status.api.authorised_view import AuthorisedView
from training_status.api.client_presence import client_gone
from training_status.api.logs import log_of
from training_status.api.schema import DOWNLOAD_FORMAT, LOG_FILTERS, RUN
from training_status.errors import Unavailable
from training_status.log_levels import LEVEL_NAMES
from training_status.read.logs import LogLine, RunLog
from training_status.roles import VIEWER
from training_status.serializers.log_entry import TrainingLogEntrySerializer
from training_status.serializers.times import utc_text

_MEDIA_TYPES = {"ndjson": "application/x-ndjson", "text": "text/plain; charset=utf-8"}
_EXTENSIONS = {"ndjson": "ndjson", "text": "log"}
_CHUNK_BYTES = 256 * 1024

# A download holds its thread for as long as its reader likes. Half of them stay free for everybody else.
_free_places = threading.BoundedSemaphore(max(1, settings.THREADS // 2))


class LogDownload:
    """The bytes of a download. It takes a place, and gives it back at its end or when the response is closed.

    It ends early when `client_gone` is set. Raises Unavailable when all places are taken.
    """

    def __init__(self, log: RunLog, as_bytes: Callable[[LogLine], bytes], client_gone: threading.Event) -> None:
        if not _free_places.acquire(blocking=False):
            raise Unavailable("Too many logs are being downloaded at the moment.", retry_after_s=5)
        self._holds_place = True
        self._log, self._as_bytes = log, as_bytes
        self._client_gone = client_gone

    def __iter__(self) -> Iterator[bytes]:
        chunk = bytearray()
        try:
            for line in self._log:
                chunk += self._as_bytes(line)
                if len(chunk) >= _CHUNK_BYTES:
                    yield bytes(chunk)
                    chunk.clear()
                if self._client_gone.is_set():
                    return
            yield bytes(chunk)
        finally:
            self.close()

    def close(self) -> None:
        """Give the place back; a second call does nothing."""
        if self._holds_place:
            self._holds_place = False
            _free_places.release()


class LogDownloadView(AuthorisedView):
    """`/domains/{name}/training-logs/download`."""

    roles = {"GET": VIEWER}
    content_negotiation_class = AnyMediaType

    @extend_schema(
        operation_id="download_training_logs",
        tags=["logs"],
        parameters=[RUN, DOWNLOAD_FORMAT, *LOG_FILTERS],
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.STR, "An entry a line."),
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, "Time, level, step and message."),
        },
    )
    def get(self, request: Request, domain_name: str) -> HttpResponse | StreamingHttpResponse:
        """All entries that match, as NDJSON (an entry a line) or as text to read."""
        form = query.one_of(request.query_params, "format", tuple(_MEDIA_TYPES), default="ndjson")
        log = log_of(domain_name, request.query_params, only_domain_id=self.only_domain_id)
        run_number = log.run.run_number if log.run else 0
        response: HttpResponse | StreamingHttpResponse = HttpResponse(content_type=_MEDIA_TYPES[form])
        if request.method != "HEAD":
            download = LogDownload(log, _as_json if form == "ndjson" else _as_text, client_gone(request))
            response = StreamingHttpResponse(download, content_type=_MEDIA_TYPES[form])
        file_name = f"{domain_name}-{run_number}.{_EXTENSIONS[form]}"
        response["Content-Disposition"] = f'attachment; filename="{file_name}"'
        return response


_ENTRY = TrainingLogEntrySerializer()


def _as_json(line: LogLine) -> bytes:
    return msgspec.json.encode(_ENTRY.to_representation(line)) + b"\n"


def _as_text(line: LogLine) -> bytes:
    step = f" [{line.step}]" if line.step else ""
    return f"{utc_text(line.timestamp)} {LEVEL_NAMES[line.level]}{step} {line.message}\n".encode()
