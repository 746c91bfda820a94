"""A run as a file."""

from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.request import Request

from training_status.api.authorised_view import AuthorisedView, run_id_from_path
from training_status.api.client_presence import client_gone
from training_status.api.download import Download
from training_status.api.media_types import Ndjson, PlainText, WrittenByItsView
from training_status.api.schema import RUN_ID_IN_PATH
from training_status.errors import NotFound
from training_status.operations.run_export import export_run
from training_status.read.run_facts import run_by_public_id
from training_status.roles import OPERATOR

_LINES = "A header, a line for each log entry, a trailer."


@extend_schema(parameters=[RUN_ID_IN_PATH])
class RunExportView(AuthorisedView):
    """`/training-runs/{id}/export`."""

    roles = {"GET": OPERATOR}
    renderer_classes = (Ndjson, PlainText)  # the same lines: not every program knows NDJSON

    @extend_schema(
        operation_id="export_training_run",
        tags=["runs"],
        responses={
            (200, "application/x-ndjson"): OpenApiResponse(OpenApiTypes.BINARY, _LINES),
            (200, "text/plain"): OpenApiResponse(OpenApiTypes.STR, _LINES),
        },
    )
    def get(self, request: Request, training_run_id: str) -> HttpResponse | StreamingHttpResponse:
        """All of a run, for `manage.py import_run`. That it was exported is recorded."""
        run_id = run_id_from_path(training_run_id)
        run = run_by_public_id(run_id, only_domain_id=self.only_domain_id)
        if run is None:
            raise NotFound(f"There is no training run {run_id}.", code="run_not_found")
        form = request.accepted_renderer
        assert isinstance(form, WrittenByItsView)
        response: HttpResponse | StreamingHttpResponse = HttpResponse(content_type=form.content_type)
        if request.method != "HEAD":
            download = Download(lambda: export_run(run_id, only_domain_id=self.only_domain_id), client_gone(request))
            response = StreamingHttpResponse(download, content_type=form.content_type)
        response["Content-Disposition"] = f'attachment; filename="{run.domain_name}-{run.run_number}.run.ndjson"'
        return response
