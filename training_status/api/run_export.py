"""Downloading a run as an export file."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from typing import Final
from uuid import UUID

from django.http import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from training_status.api.authorised_view import AuthorisedView, run_id_from_path
from training_status.api.download_response import download_response
from training_status.api.media_types import Ndjson, PlainText, WrittenByItsView
from training_status.api.part_offsets import BodyChanged
from training_status.api.schema import FILE_HEADERS, HAS_IT_ALREADY, RUN_ID_IN_PATH
from training_status.errors import NotFound
from training_status.operations.run_export import export_header, export_lines, record_export
from training_status.read.run_facts import run_by_public_id
from training_status.roles import OPERATOR
from training_status.run_states import ACTIVE_STATES

_LINES = "A header, a line for each log entry, and a trailer."
_RANGE = "The part that `Range` names."
_PART: Final = 250  # lines with messages that may have 64 KiB each


@extend_schema(parameters=[RUN_ID_IN_PATH])
class RunExportView(AuthorisedView):
    """`/training-runs/{id}/export`."""

    roles = {"GET": OPERATOR}
    renderer_classes = (Ndjson, PlainText)  # the same lines: not every program knows NDJSON

    @extend_schema(
        operation_id="export_training_run",
        tags=["runs"],
        parameters=FILE_HEADERS,
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.BINARY, _LINES),
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, _LINES),
            (206, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.BINARY, _RANGE),
            (206, "text/plain"): OpenApiResponse(OpenApiTypes.STR, _RANGE),
            **HAS_IT_ALREADY,
        },
    )
    def get(self, request: Request, training_run_id: str) -> HttpResponseBase:
        """The whole run, for `manage.py import_run`. The export is recorded in the audit log."""
        run_id = run_id_from_path(training_run_id)
        run = run_by_public_id(run_id, only_domain_id=self.only_domain_id)
        if run is None:
            raise NotFound(f"There is no training run {run_id}.", code="run_not_found")
        form = request.accepted_renderer
        assert isinstance(form, WrittenByItsView)
        return download_response(
            request,
            ExportBody(run_id, only_domain_id=self.only_domain_id, is_active=run.state in ACTIVE_STATES),
            media_type=form.content_type,
            file_name=f"{run.domain_name}-{run.run_number}.run.ndjson",
            only_grows=False,  # the first line changes with the run
        )


class ExportBody:
    """The lines of an export as a file. The ETag is a hash of the first line, which determines the rest.

    An active run has no ETag, because it changes with each report.
    """

    def __init__(self, run_id: UUID, *, only_domain_id: int | None, is_active: bool) -> None:
        self._run_id = run_id
        self._only_domain_id = only_domain_id
        self._header = None if is_active else export_header(run_id, only_domain_id=only_domain_id)
        self._is_recorded = False
        self.etag = None
        if self._header is not None:
            self.etag = f'"{hashlib.blake2b(self._header, digest_size=12).hexdigest()}"'

    def parts(self, first: int = 0) -> Iterator[bytes]:
        """Yield the header, then parts of several lines. The first call records the export."""
        if not self._is_recorded:
            record_export(self._run_id, only_domain_id=self._only_domain_id)
            self._is_recorded = True
        return islice(self._parts(), first, None)

    def _parts(self) -> Iterator[bytes]:
        with closing(export_lines(self._run_id)) as lines:
            header = next(lines)
            if self._header not in (None, header):
                raise BodyChanged
            yield header
            while part := b"".join(islice(lines, _PART)):
                yield part
