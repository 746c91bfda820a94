"""The view of a domain's training status."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api.authorised_view import AuthorisedView
from training_status.api.chosen_run import chosen_run
from training_status.api.schema import RUN
from training_status.roles import VIEWER
from training_status.serializers.status import TrainingStatusSerializer


class TrainingStatusView(AuthorisedView):
    """`/domains/{name}/training-status`."""

    roles = {"GET": VIEWER}

    @extend_schema(
        operation_id="get_training_status", tags=["status"], parameters=[RUN], responses=TrainingStatusSerializer
    )
    def get(self, request: Request, domain_name: str) -> Response:
        """The status of the domain's latest run, or of the run with the number `run`."""
        run = chosen_run(domain_name, request.query_params, only_domain_id=self.only_domain_id)
        return Response(TrainingStatusSerializer(run).data)
