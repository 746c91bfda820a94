"""The view of what a candidate says to models, beside another one."""

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api import query
from training_status.api.run_part import METRIC, RunPartView, chosen_metric
from training_status.api.schema import RUN_ID_IN_PATH
from training_status.errors import NotFound
from training_status.read.candidate_prompts import (
    CandidatePrompts,
    best_candidate,
    candidate_prompts,
    initial_candidate,
)
from training_status.serializers.candidate_prompts import ComparedPromptsSerializer


@extend_schema(parameters=[RUN_ID_IN_PATH])
class CandidatePromptsView(RunPartView):
    """`/training-runs/{id}/candidate-prompts`."""

    @extend_schema(
        operation_id="get_candidate_prompts",
        tags=["optimisation"],
        parameters=[
            OpenApiParameter("candidate", OpenApiTypes.STR, description="By default the best one."),
            OpenApiParameter("compared_with", OpenApiTypes.STR, description="By default the initial one."),
            METRIC,
        ],
        responses=ComparedPromptsSerializer,
    )
    def get(self, request: Request, training_run_id: str) -> Response:
        """The instructions and demonstrations of a candidate, and those of another one to compare it with."""
        run = self.run(training_run_id)
        values = request.query_params
        metric, lower_is_better = chosen_metric(run, values)

        def prompts(name: str | None) -> CandidatePrompts | None:
            if name is None:
                return None
            found = candidate_prompts(run.id, name, metric, lower_is_better=lower_is_better)
            if found is None:
                raise NotFound(f"The run has no candidate '{name}'.", code="candidate_not_found")
            return found

        name = query.text(values, "candidate") or best_candidate(run.id, metric, lower_is_better=lower_is_better)
        other = query.text(values, "compared_with") or initial_candidate(run.id)
        pair = prompts(name), prompts(None if other == name else other)
        return Response(ComparedPromptsSerializer(pair).data)
