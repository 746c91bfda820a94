"""The URLs of the API, below `/api/v1/admin`."""

from django.urls import path

from training_status.api.candidate_prompts import CandidatePromptsView
from training_status.api.candidates import (
    BestProgramView,
    CandidateListView,
    CandidateView,
    EvaluationListView,
    EvaluationView,
    ModelUsageView,
)
from training_status.api.comparison import TrainingComparisonView
from training_status.api.domains import DomainListView, DomainView
from training_status.api.evaluation_scores import EvaluationScoresView
from training_status.api.events import EventsView, HeartbeatView
from training_status.api.example_scores import ExampleScoresView, ExampleView
from training_status.api.history import TrainingHistoryView
from training_status.api.lineage import LineageView
from training_status.api.log_download import LogDownloadView
from training_status.api.logs import TrainingLogView
from training_status.api.metric_curves import MetricCurvesView
from training_status.api.run_export import RunExportView
from training_status.api.runs import (
    DomainRunListView,
    NumberedRunView,
    RunCancelView,
    RunResultView,
    RunView,
)
from training_status.api.status import TrainingStatusView
from training_status.api.stream_tickets import StreamTicketsView
from training_status.api.streams import DomainStreamView, OverviewStreamView
from training_status.api.unknown_path import UnknownPathView

_DOMAIN = "domains/<str:domain_name>"
_RUN = "training-runs/<str:training_run_id>"

urlpatterns = [
    path("domains", DomainListView.as_view()),
    path(_DOMAIN, DomainView.as_view(), name="api-domain"),
    path(f"{_DOMAIN}/training-status", TrainingStatusView.as_view()),
    path(f"{_DOMAIN}/training-logs", TrainingLogView.as_view()),
    path(f"{_DOMAIN}/training-logs/download", LogDownloadView.as_view(), name="download-logs"),
    path(f"{_DOMAIN}/training-history", TrainingHistoryView.as_view()),
    path(f"{_DOMAIN}/training-comparison", TrainingComparisonView.as_view()),
    path(f"{_DOMAIN}/training-metrics", MetricCurvesView.as_view()),
    path(f"{_DOMAIN}/training-stream", DomainStreamView.as_view()),
    path(f"{_DOMAIN}/training-runs", DomainRunListView.as_view()),
    path(f"{_DOMAIN}/training-runs/<str:run_number>", NumberedRunView.as_view()),
    path(_RUN, RunView.as_view(), name="api-run"),
    path(f"{_RUN}/best-program", BestProgramView.as_view(), name="best-program"),
    path(f"{_RUN}/candidates", CandidateListView.as_view()),
    path(f"{_RUN}/candidates/<path:candidate>", CandidateView.as_view()),
    path(f"{_RUN}/evaluations", EvaluationListView.as_view()),
    path(f"{_RUN}/evaluations/<str:number>", EvaluationView.as_view()),
    path(f"{_RUN}/evaluation-scores", EvaluationScoresView.as_view()),
    path(f"{_RUN}/candidate-prompts", CandidatePromptsView.as_view()),
    path(f"{_RUN}/lineage", LineageView.as_view()),
    path(f"{_RUN}/example-scores", ExampleScoresView.as_view()),
    path(f"{_RUN}/example-scores/<path:example>", ExampleView.as_view()),
    path(f"{_RUN}/usage", ModelUsageView.as_view()),
    path(f"{_RUN}/events", EventsView.as_view()),
    path(f"{_RUN}/heartbeat", HeartbeatView.as_view()),
    path(f"{_RUN}/cancel", RunCancelView.as_view()),
    path(f"{_RUN}/export", RunExportView.as_view(), name="export-run"),
    path(f"{_RUN}/result", RunResultView.as_view()),
    path("training-stream", OverviewStreamView.as_view()),
    path("stream-tickets", StreamTicketsView.as_view()),
    path("<path:rest>", UnknownPathView.as_view()),
]
