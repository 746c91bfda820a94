"""The views for reporters: events and heartbeats."""

from dataclasses import asdict

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api.authorised_view import AuthorisedView, run_id_from_path
from training_status.api.json_bodies import body_of
from training_status.api.request_bodies import body
from training_status.api.schema import RUN_ID_IN_PATH
from training_status.ingest.batch import Batch, read_batch
from training_status.ingest.events import record_events, record_heartbeat
from training_status.roles import REPORTER
from training_status.serializers.run import ReceiptSerializer


@extend_schema(parameters=[RUN_ID_IN_PATH])
class EventsView(AuthorisedView):
    """`/training-runs/{id}/events`."""

    roles = {"POST": REPORTER}

    @extend_schema(operation_id="send_events", tags=["reporting"], request=body(Batch), responses=ReceiptSerializer)
    def post(self, request: Request, training_run_id: str) -> Response:
        """Store a batch of events, as a whole or not at all. An event that is sent again is stored only once."""
        run_id = run_id_from_path(training_run_id)
        receipt = record_events(run_id, read_batch(body_of(request)), only_domain_id=self.only_domain_id)
        return Response(asdict(receipt))


@extend_schema(parameters=[RUN_ID_IN_PATH])
class HeartbeatView(AuthorisedView):
    """`/training-runs/{id}/heartbeat`."""

    roles = {"POST": REPORTER}

    @extend_schema(operation_id="send_heartbeat", tags=["reporting"], request=None, responses=ReceiptSerializer)
    def post(self, request: Request, training_run_id: str) -> Response:
        """Report that the training is alive."""
        run_id = run_id_from_path(training_run_id)
        return Response(asdict(record_heartbeat(run_id, only_domain_id=self.only_domain_id)))
