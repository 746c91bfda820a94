"""The base class of change lists that stay fast with any number of rows: limited counting, one order, pages."""

from functools import cached_property
from typing import Any, Final

from django.contrib import admin
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.text import capfirst

COUNTED_MAX: Final = 10_000


class BoundedPaginator(Paginator):
    """Counts up to COUNTED_MAX rows and offers pages for these, so that counts and offsets stay cheap.

    Older rows are found by a filter or a search.
    """

    @cached_property
    def _counted(self) -> int:
        assert isinstance(self.object_list, QuerySet)
        return self.object_list.order_by()[: COUNTED_MAX + 1].count()

    @cached_property
    def count(self) -> int:
        """The number of rows, at most COUNTED_MAX."""
        return min(self._counted, COUNTED_MAX)

    @property
    def has_more(self) -> bool:
        """Whether there are more rows than COUNTED_MAX."""
        return self._counted > COUNTED_MAX


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
