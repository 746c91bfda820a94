"""Domains in the admin: each with how its latest training goes."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from training_status.admin.bounded_list import BoundedListAdmin
from training_status.admin.domain_page import answer_domain_page, answer_new_domain_page
from training_status.admin.domain_removal import answer_domain_removal
from training_status.admin.filters import DomainStateFilter
from training_status.admin.run_snapshot import attach_snapshots_to_domains
from training_status.admin.status_cells import StatusCells
from training_status.models import Domain


class DomainChangeList(ChangeList):
    """What is shown of the latest runs comes in one query for the page."""

    def get_results(self, request: HttpRequest) -> None:
        """A page of domains, each with what is shown of its latest run."""
        super().get_results(request)
        self.result_list = attach_snapshots_to_domains(self.result_list)


@admin.register(Domain)
class DomainAdmin(StatusCells, BoundedListAdmin):
    """What there is to train."""

    list_display = ("domain", "shown_state", "progress", "time_left", "last_report", "runs")
    list_display_links = None
    list_filter = (DomainStateFilter,)
    search_fields = ("name", "description")
    ordering = ("name",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Ours."""
        return DomainChangeList

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A domain to be created."""
        return answer_new_domain_page(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The domain's page."""
        return answer_domain_page(self, request, object_id)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Our own: Django's would collect every run."""
        return answer_domain_removal(self, request, object_id)

    @admin.display(description="Domain")
    def domain(self, domain: Domain) -> str:
        """Its name, which leads to its page."""
        address = reverse("admin:training_status_domain_change", args=[domain.pk])
        return format_html('<a href="{}">{}</a>', address, domain.name)

    @admin.display(description="Last run")
    def runs(self, domain: Domain) -> str:
        """The number of the last run, which leads to the list of all."""
        address = reverse("admin:training_status_trainingrun_changelist")
        label = f"#{domain.last_run_number}" if domain.last_run_number else "none"
        return format_html('<a href="{}?of_domain={}">{}</a>', address, domain.name, label)
