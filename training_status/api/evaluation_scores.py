"""The view of a run's scores for a chart."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api import query
from training_status.api.run_part import METRIC, RunPartView, chosen_metric
from training_status.api.schema import RUN_ID_IN_PATH
from training_status.read.evaluation_scores import POINTS_MAX, POINTS_MIN, evaluation_scores
from training_status.serializers.evaluation_scores import EvaluationScoresSerializer

_POINTS_DEFAULT = 1000
_POINTS = OpenApiParameter(
    "points",
    {"type": "integer", "minimum": POINTS_MIN, "maximum": POINTS_MAX, "default": _POINTS_DEFAULT},
    description="The maximum. The first, the last, those that were the best so far, and extremes are kept.",
)


@extend_schema(parameters=[RUN_ID_IN_PATH])
class EvaluationScoresView(RunPartView):
    """`/training-runs/{id}/evaluation-scores`."""

    @extend_schema(
        operation_id="get_evaluation_scores",
        tags=["optimisation"],
        parameters=[METRIC, _POINTS],
        responses=EvaluationScoresSerializer,
    )
    def get(self, request: Request, training_run_id: str) -> Response:
        """The scores of a run's evaluations over the run, thinned to what a chart can show."""
        run = self.run(training_run_id)
        values = request.query_params
        metric, lower_is_better = chosen_metric(run, values)
        points_max = query.number_between(
            values, "points", default=_POINTS_DEFAULT, lowest=POINTS_MIN, highest=POINTS_MAX
        )
        found = evaluation_scores(run.id, metric, lower_is_better=lower_is_better, points_max=points_max)
        return Response(EvaluationScoresSerializer(found, context={"lower_is_better": lower_is_better}).data)
