"""The view of which candidates of a run came from which."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api.run_part import METRIC, RunPartView, chosen_metric
from training_status.api.schema import RUN_ID_IN_PATH
from training_status.read.lineage import lineage
from training_status.serializers.lineage import LineageSerializer


@extend_schema(parameters=[RUN_ID_IN_PATH])
class LineageView(RunPartView):
    """`/training-runs/{id}/lineage`."""

    @extend_schema(operation_id="get_lineage", tags=["optimisation"], parameters=[METRIC], responses=LineageSerializer)
    def get(self, request: Request, training_run_id: str) -> Response:
        """The candidates of a run with their parents; of more than 2,000 the best ones and all that they came from."""
        run = self.run(training_run_id)
        metric, lower_is_better = chosen_metric(run, request.query_params)
        found = lineage(run.id, metric, lower_is_better=lower_is_better)
        context = {"metric": metric, "lower_is_better": lower_is_better}
        return Response(LineageSerializer(found, context=context).data)
