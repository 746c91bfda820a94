"""Runs in the admin."""

from django.contrib import admin
from django.http import HttpRequest

from training_status.admin.read_only import ReadOnlyAdmin
from training_status.models import PhaseTiming, TrainingRun


class PhaseTimingInline(admin.TabularInline):
    """When each phase of the run began and ended."""

    model = PhaseTiming
    fields = ("phase", "started_at", "ended_at")
    readonly_fields = fields
    can_delete = False
    extra = 0

    def has_add_permission(self, request: HttpRequest, obj: TrainingRun | None = None) -> bool:
        """Never: events make them."""
        return False


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """Runs, newest first. The log is read over the API: a run's can have a million lines."""

    list_display = ("__str__", "state", "failure_reason", "progress_percent", "current_phase", "last_report_at")
    list_select_related = ("domain",)
    list_filter = ("state", "failure_reason")
    search_fields = ("domain__name", "public_id")
    show_full_result_count = False
    inlines = (PhaseTimingInline,)
