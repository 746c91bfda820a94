"""Runs in the admin: the list, newest first, with links to a run's page and the actions."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import urlencode

from training_status.admin.bounded_list import BoundedListAdmin
from training_status.admin.filters import DomainFilter, HealthFilter, RunStateFilter, StartedBeforeFilter, StartedFilter
from training_status.admin.run_actions import ACTIONS, RUNS_AT_ONCE, action_response
from training_status.admin.run_page import run_page_response
from training_status.admin.run_search import HELP, runs_found_by
from training_status.admin.run_snapshot import attach_snapshots_to_runs, snapshot_of
from training_status.admin.status_cells import NOTHING, StatusCells
from training_status.models import TrainingRun
from training_status.run_text import elapsed_text, moment_text
from training_status.visible_text import one_line


class RunChangeList(ChangeList):
    """The list of runs. It selects only keys; one query reads what a page shows."""

    def get_queryset(self, request: HttpRequest, exclude_parameters: Any = None) -> QuerySet[TrainingRun]:
        """Return the keys of the matching runs."""
        return super().get_queryset(request, exclude_parameters).only("id")

    def get_results(self, request: HttpRequest) -> None:
        """Load a page of runs, each with its status."""
        super().get_results(request)
        self.result_list = attach_snapshots_to_runs(self.result_list)


@admin.register(TrainingRun)
class TrainingRunAdmin(StatusCells, BoundedListAdmin):
    """The admin of runs. Only reporters create runs."""

    list_display = ("run", "shown_state", "progress", "time_left", "last_report", "trained_with", "started")
    list_display_links = None
    list_filter = (DomainFilter, RunStateFilter, HealthFilter, StartedFilter, StartedBeforeFilter)
    search_fields = ("public_id",)  # shows the search field; see `get_search_results`
    search_help_text = HELP
    ordering = ("-id",)
    actions = ("cancel", "mark_failed", "delete")

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list class with run status."""
        return RunChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[TrainingRun], search_term: str
    ) -> tuple[QuerySet[TrainingRun], bool]:
        """Search by `run_search`; no run is found twice."""
        return queryset.filter(runs_found_by(search_term)) if search_term.strip() else queryset, False

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Runs are started by reporters, not in the admin."""
        return False

    def get_urls(self) -> list[URLPattern]:
        """Return Django's URLs, and the URL of the confirmation pages."""
        act = self.admin_site.admin_view(self.act)
        return [path("act/<str:action>", act, name="training_status_trainingrun_act"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the run's page."""
        return run_page_response(self, request, object_id)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Redirect to our confirmation page: Django's would list every log entry."""
        return _to_page_of("delete", [unquote(object_id)])

    def act(self, request: HttpRequest, action: str) -> HttpResponseBase:
        """Show the confirmation page of an action (GET), or apply it (POST)."""
        return action_response(self, request, action)

    @admin.action(description="Cancel the selected runs", permissions=["change"])
    def cancel(self, request: HttpRequest, queryset: QuerySet[TrainingRun]) -> HttpResponse:
        """Ask first."""
        return _to_action("cancel", queryset)

    @admin.action(description="Mark the selected runs as failed", permissions=["change"])
    def mark_failed(self, request: HttpRequest, queryset: QuerySet[TrainingRun]) -> HttpResponse:
        """Redirect to the confirmation page, which asks for a reason."""
        return _to_action("fail", queryset)

    @admin.action(description="Delete the selected runs with their logs", permissions=["delete"])
    def delete(self, request: HttpRequest, queryset: QuerySet[TrainingRun]) -> HttpResponse:
        """Ask first."""
        return _to_action("delete", queryset)

    @admin.display(description="Run")
    def run(self, run: TrainingRun) -> str:
        """The name, as a link to the run's page."""
        return format_html(
            '<a href="{}">{}</a>', reverse("admin:training_status_trainingrun_change", args=[run.pk]), str(run)
        )

    @admin.display(description="Optimiser, model")
    def trained_with(self, run: TrainingRun) -> str:
        """The optimiser and the language model."""
        return _two_lines(_said(run, "optimizer"), _said(run, "llm_model"))

    @admin.display(description="Started, duration")
    def started(self, run: TrainingRun) -> str:
        """The time of the first event, and the duration from there to now or to the end."""
        status, now = snapshot_of(run)
        if status is None or status["started_at"] is None:
            return NOTHING
        return _two_lines(moment_text(status["started_at"]), elapsed_text(status, now))


def _two_lines(first: str, second: str) -> str:
    return format_html('{}<span class="below">{}</span>', first, second)


def _said(run: TrainingRun, field: str) -> str:
    status, _ = snapshot_of(run)
    return NOTHING if status is None or status[field] is None else one_line(str(status[field]))


def _to_action(action: str, queryset: QuerySet[TrainingRun]) -> HttpResponse:
    assert action in ACTIONS
    chosen = queryset.values_list("id", flat=True)[: RUNS_AT_ONCE + 1]
    return _to_page_of(action, list(chosen))


def _to_page_of(action: str, keys: list[Any]) -> HttpResponse:
    address = reverse("admin:training_status_trainingrun_act", args=[action])
    return redirect(f"{address}?{urlencode({'id': keys}, doseq=True)}")
