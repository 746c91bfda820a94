"""The views of runs: start, list, read, change, cancel, delete, and results."""

from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api.authorised_view import AuthorisedView, run_id_from_path
from training_status.api.json_bodies import body_of
from training_status.api.pagination import ListPagination
from training_status.api.query import positive_int
from training_status.api.request_bodies import body, reference
from training_status.api.schema import CREATED_AT, PAGE, RUN_ID_IN_PATH, RUN_NUMBER_IN_PATH, page_of
from training_status.errors import NotFound
from training_status.ingest.deletion import delete_run
from training_status.ingest.request_schemas import NewRun, RunChange, read_new_run, read_run_change
from training_status.ingest.runs import change_run, request_cancel, start_run
from training_status.read.domains import domain_by_name
from training_status.read.phase_times import with_phase_times
from training_status.read.run_facts import RunFacts, RunList, result_of_run, run_by_number, run_by_public_id
from training_status.roles import OPERATOR, REPORTER, VIEWER
from training_status.serializers.run import TrainingRunSerializer
from training_status.serializers.status import TrainingStatusSerializer


class DomainRunListView(AuthorisedView):
    """`/domains/{name}/training-runs`."""

    roles = {"GET": VIEWER, "POST": REPORTER}

    @extend_schema(
        operation_id="list_training_runs",
        tags=["runs"],
        parameters=PAGE,
        responses=page_of("TrainingRunPage", TrainingRunSerializer),
    )
    def get(self, request: Request, domain_name: str) -> Response:
        """The runs of a domain, newest first."""
        domain = domain_by_name(domain_name, only_domain_id=self.only_domain_id)
        if domain is None:
            raise NotFound(f"There is no domain '{domain_name}'.", code="domain_not_found")
        paginator = ListPagination()
        runs = paginator.paginate_queryset(RunList(domain.id), request)
        return paginator.get_paginated_response(TrainingRunSerializer(with_phase_times(runs), many=True).data)

    @extend_schema(
        operation_id="start_training_run",
        tags=["reporting"],
        parameters=[CREATED_AT],
        request=body(NewRun),
        responses={200: TrainingStatusSerializer, 201: TrainingStatusSerializer},
    )
    def post(self, request: Request, domain_name: str) -> Response:
        """Start a run: 201. Repeating the request with the same `id` returns the same run with 200."""
        start = read_new_run(body_of(request) or b"{}")  # every field is optional
        started = start_run(domain_name, start, only_domain_id=self.only_domain_id)
        run = _existing(run_by_public_id(started.public_id), started.public_id)
        status = TrainingStatusSerializer(run).data
        if not started.created:
            return Response(status)
        return Response(status, 201, headers={"Location": reverse("api-run", args=[started.public_id])})


@extend_schema(parameters=[RUN_ID_IN_PATH])
class RunView(AuthorisedView):
    """`/training-runs/{id}`."""

    roles = {"GET": VIEWER, "PATCH": REPORTER, "DELETE": OPERATOR}

    @extend_schema(operation_id="get_training_run", tags=["runs"], responses=TrainingRunSerializer)
    def get(self, request: Request, training_run_id: str) -> Response:
        """One run."""
        return _response(self._run(training_run_id))

    @extend_schema(
        operation_id="change_training_run", tags=["runs"], request=body(RunChange), responses=TrainingRunSerializer
    )
    def patch(self, request: Request, training_run_id: str) -> Response:
        """Change a run's tags and note."""
        run_id = run_id_from_path(training_run_id)
        change_run(run_id, read_run_change(body_of(request)), only_domain_id=self.only_domain_id)
        return _response(self._run(training_run_id))

    @extend_schema(operation_id="delete_training_run", tags=["runs"], responses={204: None})
    def delete(self, request: Request, training_run_id: str) -> Response:
        """Delete a run and its log; refused while it is active."""
        delete_run(run_id_from_path(training_run_id), only_domain_id=self.only_domain_id)
        return Response(status=204)

    def _run(self, training_run_id: str) -> RunFacts:
        run_id = run_id_from_path(training_run_id)
        return _existing(run_by_public_id(run_id, only_domain_id=self.only_domain_id), run_id)


class NumberedRunView(AuthorisedView):
    """`/domains/{name}/training-runs/{n}`."""

    roles = {"GET": VIEWER}

    @extend_schema(
        operation_id="get_training_run_by_number",
        tags=["runs"],
        parameters=[RUN_NUMBER_IN_PATH],
        responses=TrainingRunSerializer,
    )
    def get(self, request: Request, domain_name: str, run_number: str) -> Response:
        """One run by its number in the domain."""
        number = positive_int({"run_number": run_number}, "run_number")
        assert number is not None
        run = run_by_number(domain_name, number, only_domain_id=self.only_domain_id)
        if run is None:
            raise NotFound(f"There is no run {number} of domain '{domain_name}'.", code="run_not_found")
        return _response(run)


@extend_schema(parameters=[RUN_ID_IN_PATH])
class RunResultView(AuthorisedView):
    """`/training-runs/{id}/result`."""

    roles = {"GET": VIEWER}

    @extend_schema(
        operation_id="get_training_run_result",
        tags=["runs"],
        responses={(200, "application/json"): reference("TrainingResult")},
    )
    def get(self, request: Request, training_run_id: str) -> Response:
        """The result of the training, as its reporter sent it; 404 if there is none yet."""
        run_id = run_id_from_path(training_run_id)
        known, result = result_of_run(run_id, only_domain_id=self.only_domain_id)
        if not known:
            raise NotFound(f"There is no training run {run_id}.", code="run_not_found")
        if result is None:
            raise NotFound(f"The training run {run_id} has no result.", code="no_result")
        return Response(result)


@extend_schema(parameters=[RUN_ID_IN_PATH])
class RunCancelView(AuthorisedView):
    """`/training-runs/{id}/cancel`."""

    roles = {"POST": OPERATOR}

    @extend_schema(operation_id="cancel_training_run", tags=["runs"], request=None, responses=TrainingStatusSerializer)
    def post(self, request: Request, training_run_id: str) -> Response:
        """Ask the reporter to stop. If nobody reports, the run fails as cancelled at once."""
        run_id = run_id_from_path(training_run_id)
        request_cancel(run_id, only_domain_id=self.only_domain_id)
        return Response(TrainingStatusSerializer(_existing(run_by_public_id(run_id), run_id)).data)


def _response(run: RunFacts) -> Response:
    with_phase_times([run])
    return Response(TrainingRunSerializer(run).data)


def _existing(run: RunFacts | None, run_id: UUID) -> RunFacts:
    if run is None:
        raise NotFound(f"There is no training run {run_id}.", code="run_not_found")
    return run
