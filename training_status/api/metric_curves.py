"""The view of a run's metrics over its log."""

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api import query
from training_status.api.authorised_view import AuthorisedView
from training_status.api.chosen_run import chosen_run
from training_status.api.schema import RUN
from training_status.read.metric_curves import POINTS_MAX, metric_curves
from training_status.roles import VIEWER
from training_status.serializers.metric_curves import MetricCurvesSerializer

_POINTS_MIN, _POINTS_DEFAULT = 4, 200
_POINTS = OpenApiParameter(
    "points",
    {"type": "integer", "minimum": _POINTS_MIN, "maximum": POINTS_MAX, "default": _POINTS_DEFAULT},
    description="The maximum for each metric: its first and last value, and the extremes between.",
)


class MetricCurvesView(AuthorisedView):
    """`/domains/{name}/training-metrics`."""

    roles = {"GET": VIEWER}

    @extend_schema(
        operation_id="get_training_metrics",
        tags=["status"],
        parameters=[RUN, _POINTS],
        responses=MetricCurvesSerializer,
    )
    def get(self, request: Request, domain_name: str) -> Response:
        """The numeric metrics, 20 at most, in the log of the latest run or of the run with the number `run`."""
        run = chosen_run(domain_name, request.query_params, only_domain_id=self.only_domain_id)
        points_max = query.number_between(
            request.query_params, "points", default=_POINTS_DEFAULT, lowest=_POINTS_MIN, highest=POINTS_MAX
        )
        return Response(MetricCurvesSerializer(metric_curves(run, points_max=points_max)).data)
