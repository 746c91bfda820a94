"""The whole of a log, or what a filter leaves of it, as a stream."""

import msgspec
from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from training_status.api import query
from training_status.api.authorised_view import AuthorisedView
from training_status.api.client_presence import client_gone
from training_status.api.download import Download
from training_status.api.logs import log_of
from training_status.api.media_types import Ndjson, PlainText
from training_status.api.schema import DOWNLOAD_FORMAT, LOG_FILTERS, RUN
from training_status.log_levels import LEVEL_NAMES
from training_status.read.logs import LogLine
from training_status.roles import VIEWER
from training_status.serializers.log_entry import TrainingLogEntrySerializer
from training_status.serializers.times import utc_text

_MEDIA_TYPES = {form.format: form.content_type for form in (Ndjson, PlainText)}
_EXTENSIONS = {"ndjson": "ndjson", "text": "log"}


class LogDownloadView(AuthorisedView):
    """`/domains/{name}/training-logs/download`."""

    roles = {"GET": VIEWER}
    renderer_classes = (Ndjson, PlainText)

    @extend_schema(
        operation_id="download_training_logs",
        tags=["logs"],
        parameters=[RUN, DOWNLOAD_FORMAT, *LOG_FILTERS],
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.BINARY, "An entry a line."),
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, "Time, level, step and message."),
        },
    )
    def get(self, request: Request, domain_name: str) -> HttpResponse | StreamingHttpResponse:
        """All entries that match, as NDJSON (an entry a line) or as text to read."""
        form = query.one_of(
            request.query_params, "format", tuple(_MEDIA_TYPES), default=request.accepted_renderer.format
        )
        log = log_of(domain_name, request.query_params, only_domain_id=self.only_domain_id)
        run_number = log.run.run_number if log.run else 0
        response: HttpResponse | StreamingHttpResponse = HttpResponse(content_type=_MEDIA_TYPES[form])
        if request.method != "HEAD":
            as_bytes = _as_json if form == "ndjson" else _as_text
            download = Download(lambda: map(as_bytes, log), client_gone(request))
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
