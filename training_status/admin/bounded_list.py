"""The base class of change lists that stay fast with any number of rows: limited counting, one order, pages."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from training_status.admin.bounded_paginator import BoundedPaginator


class BoundedListAdmin(admin.ModelAdmin):
    """The options of all lists. Django's delete action is disabled: it would load every related row."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Show the list with the plural name of the model as its title."""
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Return the actions without Django's delete action."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
