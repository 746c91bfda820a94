"""Downloading the log of a run, or the entries that match a filter."""

import hashlib
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

import msgspec
from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from training_status.api import query
from training_status.api.authorised_view import AuthorisedView
from training_status.api.download_response import download_response
from training_status.api.logs import log_of
from training_status.api.media_types import Ndjson, PlainText
from training_status.api.schema import DOWNLOAD_FORMAT, FILE_HEADERS, HAS_IT_ALREADY, LOG_FILTERS, RUN
from training_status.log_levels import LEVEL_NUMBERS
from training_status.read.logs import LogLine, RunLog
from training_status.read.run_facts import RunFacts
from training_status.roles import VIEWER
from training_status.run_states import COMPLETED, ERROR, FAILED
from training_status.serializers.log_entry import TrainingLogEntrySerializer
from training_status.serializers.log_text import log_text

_MEDIA_TYPES = {form.format: form.content_type for form in (Ndjson, PlainText)}
_EXTENSIONS = {"ndjson": "ndjson", "text": "log"}


class LogDownloadView(AuthorisedView):
    """`/domains/{name}/training-logs/download`."""

    roles = {"GET": VIEWER}
    renderer_classes = (Ndjson, PlainText)

    @extend_schema(
        operation_id="download_training_logs",
        tags=["logs"],
        parameters=[RUN, DOWNLOAD_FORMAT, *LOG_FILTERS, *FILE_HEADERS],
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.BINARY, "One entry per line."),
            (200, "text/plain"): OpenApiResponse(
                OpenApiTypes.STR, "Time, level, step and message as it is shown; its further lines are indented."
            ),
            (206, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.BINARY, "The part that `Range` names."),
            (206, "text/plain"): OpenApiResponse(OpenApiTypes.STR, "The part that `Range` names."),
            **HAS_IT_ALREADY,
        },
    )
    def get(self, request: Request, domain_name: str) -> HttpResponseBase:
        """All matching entries, as NDJSON (one entry per line) or as plain text.

        An interrupted download is resumed with `Range` and `If-Range`, even if the log has grown since; the rest is
        then of the log as it was. Without `If-Range`, a range needs `run`, and a finished run, or `order=asc` and a log
        of which nothing was removed.
        """
        form = query.one_of(
            request.query_params, "format", tuple(_MEDIA_TYPES), default=request.accepted_renderer.format
        )
        log = log_of(domain_name, request.query_params, only_domain_id=self.only_domain_id)
        body = LogBody(log, form).as_begun(request.headers.get("If-Range", ""))
        run_number = log.run.run_number if log.run else 0
        return download_response(
            request,
            body,
            media_type=_MEDIA_TYPES[form],
            file_name=f"{domain_name}-{run_number}.{_EXTENSIONS[form]}",
            only_grows="run" in request.query_params and _only_grows(log),
        )


class LogBody:
    """The lines of a log as a file.

    Entries never change, so the numbers of the first and the last entry determine the content. The ETag has these
    numbers, the run, the filter and the format. The same ETag means the same bytes.
    """

    def __init__(self, log: RunLog, form: str) -> None:
        self._log = log
        self._form = form
        self._line = _as_json if form == "ndjson" else _as_text
        lowest, highest = log.bounds
        self.etag = f'"{self._kind()}-{lowest}-{highest}"'

    def parts(self, first: int = 0) -> Iterator[bytes]:
        """Yield the log in slices."""
        for lines in self._log.slices(first):
            yield b"".join(map(self._line, lines))

    def as_begun(self, etag: str) -> "LogBody":
        """Return the log of an earlier ETag, if it is this log and no entry was removed since; else this log."""
        match = _ETAG.fullmatch(etag.strip())
        if match is None or match["kind"] != self._kind():
            return self
        lowest, highest = self._log.bounds
        begun = int(match["lowest"]), int(match["highest"])
        return LogBody(self._log.up_to(begun[1]), self._form) if begun[0] == lowest and begun[1] < highest else self

    def _kind(self) -> str:
        run, wanted = self._log.run, self._log.filter
        levels = sorted(wanted.levels) if wanted.levels is not None else None
        which = (run.id, run.public_id.hex) if run else ()
        kind = (*which, levels, wanted.step, wanted.search, wanted.ascending, self._line(_SAMPLE))
        return hashlib.blake2b(repr(kind).encode(), digest_size=9).hexdigest()


def _only_grows(log: RunLog) -> bool:
    """Whether the file changes at its end only: new entries come there, or removed ones go from there.

    Entries are removed from the oldest on. A removed entry may be the beginning of the file for a client that has a
    part of it.
    """
    if log.run is None:
        return False
    if log.filter.ascending:
        return log.run.first_seq <= (log.filter.after_seq or 0) + 1
    return _is_final(log.run)


def _is_final(run: RunFacts) -> bool:
    """Whether its reporter has ended the run, so that no entries follow."""
    return run.state == COMPLETED or (run.state == FAILED and run.failure_reason == ERROR)


_ETAG: Final = re.compile(r'"(?P<kind>[0-9a-f]{18})-(?P<lowest>[0-9]{1,18})-(?P<highest>[0-9]{1,18})"', re.ASCII)

_ENTRY = TrainingLogEntrySerializer()


def _as_json(line: LogLine) -> bytes:
    return msgspec.json.encode(_ENTRY.to_representation(line)) + b"\n"


def _as_text(line: LogLine) -> bytes:
    return log_text(line).encode()


# A line that looks otherwise in another version of the service makes another ETag.
_MESSAGE: Final = 'a "b"\n\tc\r\x1b[1m\x9b\u202e\u2028é🙂'
_SAMPLE: Final = LogLine(
    1, datetime(2026, 1, 2, 3, 4, 5, 6, UTC), LEVEL_NUMBERS["INFO"], _MESSAGE, "step", {"a": 1.5}, None, None
)
