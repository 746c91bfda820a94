"""Domains in the admin: the list, with the status of the latest runs, and the pages of a domain."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html

from training_status.admin.bounded_list import BoundedListAdmin
from training_status.admin.domain_page import domain_page_response, new_domain_page_response
from training_status.admin.domain_removal import domain_removal_response
from training_status.admin.filters import DomainStateFilter
from training_status.admin.run_snapshot import attach_snapshots_to_domains
from training_status.admin.status_cells import StatusCells
from training_status.models import Domain


class DomainChangeList(ChangeList):
    """The list of domains, with the status of the latest runs in one query for each page."""

    def get_results(self, request: HttpRequest) -> None:
        """Load a page of domains, each with the status of its latest run."""
        super().get_results(request)
        self.result_list = attach_snapshots_to_domains(self.result_list)


@admin.register(Domain)
class DomainAdmin(StatusCells, BoundedListAdmin):
    """The admin of domains."""

    list_display = ("domain", "shown_state", "progress", "time_left", "last_report", "runs")
    list_display_links = None
    list_filter = (DomainStateFilter,)
    search_fields = ("name", "description")
    ordering = ("name",)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        """Return the list class with run status."""
        return DomainChangeList

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the page to create a domain."""
        return new_domain_page_response(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show the domain's page."""
        return domain_page_response(self, request, object_id)

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Show our page to delete a domain: Django's would load every run."""
        return domain_removal_response(self, request, object_id)

    @admin.display(description="Domain")
    def domain(self, domain: Domain) -> str:
        """The name, as a link to the domain's page."""
        address = reverse("admin:training_status_domain_change", args=[domain.pk])
        return format_html('<a href="{}">{}</a>', address, domain.name)

    @admin.display(description="Last run")
    def runs(self, domain: Domain) -> str:
        """The number of the last run, as a link to the domain's runs."""
        address = reverse("admin:training_status_trainingrun_changelist")
        label = f"#{domain.last_run_number}" if domain.last_run_number else "none"
        return format_html('<a href="{}?of_domain={}">{}</a>', address, domain.name, label)
