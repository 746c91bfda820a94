"""A paginator that counts only up to a limit."""

from functools import cached_property
from typing import Final

from django.core.paginator import Paginator
from django.db.models import QuerySet

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
