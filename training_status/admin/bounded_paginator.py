"""Pages of a list of which nobody counts more than some."""

from functools import cached_property
from typing import Final

from django.core.paginator import Paginator
from django.db.models import QuerySet

COUNTED_MAX: Final = 10_000


class BoundedPaginator(Paginator):
    """Counts to COUNTED_MAX and offers pages up to there, so that neither a count nor an offset grows with the table.

    What lies further back is found by a filter or a search.
    """

    @cached_property
    def _counted(self) -> int:
        assert isinstance(self.object_list, QuerySet)
        return self.object_list.order_by()[: COUNTED_MAX + 1].count()

    @cached_property
    def count(self) -> int:
        """How many there are, at most COUNTED_MAX."""
        return min(self._counted, COUNTED_MAX)

    @property
    def has_more(self) -> bool:
        """Whether there are more than are counted."""
        return self._counted > COUNTED_MAX
