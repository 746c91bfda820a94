"""A list that stays fast however much there is: not counted to its end, in one order, a page at a time."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

from training_status.admin.bounded_paginator import BoundedPaginator


class BoundedListAdmin(admin.ModelAdmin):
    """What all lists have in common. Django's own way of deleting is in none: it would collect every row."""

    paginator = BoundedPaginator
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 0
    sortable_by = ()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, under the name of what is listed."""
        title = capfirst(self.opts.verbose_name_plural)
        return super().changelist_view(request, {"title": title, **(extra_context or {})})

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Our own."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions
