"""The view of a domain's history."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api.authorised_view import AuthorisedView
from training_status.errors import NotFound
from training_status.read.domains import domain_exists
from training_status.read.forecast_scores import forecast_scores
from training_status.read.history import runs_of_domain
from training_status.read.usage_forecast_scores import usage_forecast_scores
from training_status.roles import VIEWER
from training_status.serializers.history import TrainingHistorySerializer


class TrainingHistoryView(AuthorisedView):
    """`/domains/{name}/training-history`."""

    roles = {"GET": VIEWER}

    @extend_schema(operation_id="get_training_history", tags=["status"], responses=TrainingHistorySerializer)
    def get(self, request: Request, domain_name: str) -> Response:
        """The runs of the domain, oldest first, with their metrics, the improvement, and the accuracy of forecasts."""
        if not domain_exists(domain_name, only_domain_id=self.only_domain_id):
            raise NotFound(f"There is no domain '{domain_name}'.", code="domain_not_found")
        scores, usage_scores = forecast_scores(domain_name), usage_forecast_scores(domain_name)
        history = domain_name, runs_of_domain(domain_name), scores, usage_scores
        return Response(TrainingHistorySerializer(history).data)
