"""The views of what the optimiser of a run found and used: candidates, evaluations, usage, and the best program."""

from urllib.parse import quote

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api import query
from training_status.api.pagination import ListPagination
from training_status.api.request_bodies import reference
from training_status.api.run_part import METRIC, RunPartView, chosen_metric
from training_status.api.schema import PAGE, RUN_ID_IN_PATH, page_of
from training_status.errors import NotFound
from training_status.optimizer_terms import SPLITS
from training_status.read.candidates import CandidateList, best_program, candidate_by_name
from training_status.read.evaluations import EvaluationFilter, EvaluationList, evaluation_by_number
from training_status.read.model_usage import model_usage_of_run
from training_status.serializers.candidate import (
    CandidateDetailsSerializer,
    CandidateSerializer,
    EvaluationDetailsSerializer,
    EvaluationSerializer,
)
from training_status.serializers.usage import ModelUsageSerializer, UsageTotalsSerializer, usage_totals

_ORDERS = ("score", "time")
_EVALUATIONS_MAX = 100
CANDIDATE_IN_PATH = OpenApiParameter("candidate", OpenApiTypes.STR, OpenApiParameter.PATH, description="Its name.")


@extend_schema(parameters=[RUN_ID_IN_PATH])
class CandidateListView(RunPartView):
    """`/training-runs/{id}/candidates`."""

    @extend_schema(
        operation_id="list_candidates",
        tags=["optimisation"],
        parameters=[
            OpenApiParameter("order", enum=_ORDERS, description="The best first, or the latest first."),
            METRIC,
            *PAGE,
        ],
        responses=page_of("CandidatePage", CandidateSerializer),
    )
    def get(self, request: Request, training_run_id: str) -> Response:
        """The programs that the optimiser considered, without the programs themselves."""
        run = self.run(training_run_id)
        order = query.one_of(request.query_params, "order", _ORDERS, default="score")
        metric, lower_is_better = chosen_metric(run, request.query_params)
        paginator = ListPagination()
        candidates = paginator.paginate_queryset(
            CandidateList(run.id, metric, lower_is_better=lower_is_better, order=order), request
        )
        return paginator.get_paginated_response(CandidateSerializer(candidates, many=True).data)


@extend_schema(parameters=[RUN_ID_IN_PATH, CANDIDATE_IN_PATH])
class CandidateView(RunPartView):
    """`/training-runs/{id}/candidates/{name}`."""

    @extend_schema(
        operation_id="get_candidate", tags=["optimisation"], parameters=[METRIC], responses=CandidateDetailsSerializer
    )
    def get(self, request: Request, training_run_id: str, candidate: str) -> Response:
        """One candidate, with its program and its evaluations."""
        run = self.run(training_run_id)
        metric, lower_is_better = chosen_metric(run, request.query_params)
        name = query.text({"candidate": candidate}, "candidate") or ""
        found = candidate_by_name(run.id, name, metric, lower_is_better=lower_is_better)
        if found is None:
            raise NotFound(f"The run has no candidate '{name}'.", code="candidate_not_found")
        score, program = found
        evaluations = EvaluationList(run.id, EvaluationFilter(candidate=name)).part(0, _EVALUATIONS_MAX)
        context = {"program": program, "evaluations": evaluations}
        return Response(CandidateDetailsSerializer(score, context=context).data)


@extend_schema(parameters=[RUN_ID_IN_PATH])
class EvaluationListView(RunPartView):
    """`/training-runs/{id}/evaluations`."""

    @extend_schema(
        operation_id="list_evaluations",
        tags=["optimisation"],
        parameters=[
            OpenApiParameter("metric", OpenApiTypes.STR),
            OpenApiParameter("split", enum=SPLITS),
            OpenApiParameter("candidate", OpenApiTypes.STR),
            OpenApiParameter(
                "after",
                {"type": "integer", "minimum": 0},
                description="Only evaluations with a higher number, the oldest first.",
            ),
            *PAGE,
        ],
        responses=page_of("EvaluationPage", EvaluationSerializer),
    )
    def get(self, request: Request, training_run_id: str) -> Response:
        """The evaluations of a run, the latest first."""
        run = self.run(training_run_id)
        values = request.query_params
        wanted = EvaluationFilter(
            metric=query.text(values, "metric"),
            split=query.one_of(values, "split", SPLITS, default=SPLITS[0]) if "split" in values else None,
            candidate=query.text(values, "candidate"),
            after=query.sequence_number(values, "after"),
        )
        paginator = ListPagination()
        evaluations = paginator.paginate_queryset(EvaluationList(run.id, wanted), request)
        return paginator.get_paginated_response(EvaluationSerializer(evaluations, many=True).data)


@extend_schema(
    parameters=[
        RUN_ID_IN_PATH,
        OpenApiParameter("number", {"type": "integer", "minimum": 1}, OpenApiParameter.PATH),
    ]
)
class EvaluationView(RunPartView):
    """`/training-runs/{id}/evaluations/{number}`."""

    @extend_schema(operation_id="get_evaluation", tags=["optimisation"], responses=EvaluationDetailsSerializer)
    def get(self, request: Request, training_run_id: str, number: str) -> Response:
        """One evaluation, with the scores of its examples."""
        run = self.run(training_run_id)
        wanted = query.positive_int({"number": number}, "number")
        assert wanted is not None
        evaluation = evaluation_by_number(run.id, wanted)
        if evaluation is None:
            raise NotFound(f"The run has no evaluation {number}.", code="evaluation_not_found")
        return Response(EvaluationDetailsSerializer(evaluation).data)


@extend_schema(parameters=[RUN_ID_IN_PATH])
class ModelUsageView(RunPartView):
    """`/training-runs/{id}/usage`."""

    @extend_schema(
        operation_id="get_model_usage",
        tags=["optimisation"],
        responses=inline_serializer(
            "RunUsage", {"total": UsageTotalsSerializer(), "items": ModelUsageSerializer(many=True)}
        ),
    )
    def get(self, request: Request, training_run_id: str) -> Response:
        """What the calls of language models added up to, in total and by phase, model, role and currency."""
        run = self.run(training_run_id)
        items = ModelUsageSerializer(model_usage_of_run(run.id), many=True).data
        return Response({"total": usage_totals(run.usage), "items": items})


@extend_schema(parameters=[RUN_ID_IN_PATH])
class BestProgramView(RunPartView):
    """`/training-runs/{id}/best-program`."""

    @extend_schema(
        operation_id="get_best_program",
        tags=["optimisation"],
        parameters=[METRIC],
        responses={(200, "application/json"): reference("ProgramState")},
    )
    def get(self, request: Request, training_run_id: str) -> HttpResponse:
        """The state of the best candidate, as DSPy's `program.load` takes it, whatever the run's state."""
        run = self.run(training_run_id)
        metric, lower_is_better = chosen_metric(run, request.query_params)
        best = best_program(run.id, metric, lower_is_better=lower_is_better)
        if best is None:
            raise NotFound(
                f"No candidate of the training run {run.public_id} was reported with its program.", code="no_program"
            )
        headers = {"Aegis-Candidate": quote(best.candidate)}
        if best.metric is not None:
            headers |= {"Aegis-Metric": quote(best.metric), "Aegis-Score": repr(best.score)}
        return HttpResponse(best.state, content_type="application/json", headers=headers)
