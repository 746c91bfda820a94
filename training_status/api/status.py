"""How a domain's training is going."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api.authorised_view import AuthorisedView
from training_status.api.query import positive_int
from training_status.api.schema import RUN
from training_status.errors import NotFound
from training_status.read.run_facts import latest_run, run_by_number
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
        number = positive_int(request.query_params, "run")
        if number is None:
            run = latest_run(domain_name, only_domain_id=self.only_domain_id)
        else:
            run = run_by_number(domain_name, number, only_domain_id=self.only_domain_id)
        if run is None:
            raise NotFound(f"No training log found for domain '{domain_name}'", code="no_training")
        return Response(TrainingStatusSerializer(run).data)
