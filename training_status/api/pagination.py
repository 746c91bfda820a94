"""Pagination of lists, and of logs, whose pages are ranges of entry numbers and cost the same everywhere."""

from typing import Any, Protocol

from rest_framework.pagination import PageNumberPagination
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api.query import paging_number
from training_status.log_levels import LEVEL_NAMES
from training_status.read.logs import LogWindow, RunLog


class Windowed(Protocol):
    """A list that can be paginated: it has a count, and returns parts."""

    def count(self) -> int: ...
    def part(self, offset: int, limit: int) -> list[Any]: ...


class ListPagination(PageNumberPagination):
    """`{items, total, page, page_size}`. A page past the end is empty, not an error."""

    page_size = 20
    max_page_size = 100
    page_size_query_param = "page_size"

    def read_page(self, request: Request) -> tuple[int, int]:
        """The offset and limit that the query asks for. Raises InvalidInput."""
        query = request.query_params
        self.page_number = paging_number(query, "page", default=1, highest=None, detail="page must be >= 1")
        self.page_items = paging_number(
            query,
            self.page_size_query_param,
            default=self.page_size,
            highest=self.max_page_size,
            detail=f"page_size must be 1-{self.max_page_size}",
        )
        return (self.page_number - 1) * self.page_items, self.page_items

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The items of the page asked for. `queryset` is `Windowed`. Raises InvalidInput."""
        source: Windowed = queryset
        offset, limit = self.read_page(request)
        self.total = source.count()
        return source.part(offset, limit) if offset < self.total else []

    def get_paginated_response(self, data: Any) -> Response:
        """The page with its place in the whole."""
        return Response({"items": data, "total": self.total, "page": self.page_number, "page_size": self.page_items})


class TrainingLogPagination(ListPagination):
    """A page of a log as the range of entry numbers that it is: no offset, no count over the log."""

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> list[Any]:
        """The entries of the page asked for. `queryset` is a `RunLog`. Raises InvalidInput."""
        self.log: RunLog = queryset
        self.window: LogWindow = self.log.window(*self.read_page(request))
        return list(self.window.lines)

    def get_paginated_response(self, data: Any) -> Response:
        """The page, what is kept of the log, and how often each level occurs in it."""
        run = self.log.run
        counts = zip(sorted(LEVEL_NAMES), run.level_counts, strict=True) if run else ()
        return Response(
            {
                "domain_name": self.log.domain_name,
                "logs": data,
                "total_logs": self.window.total,
                "page": self.page_number,
                "page_size": self.page_items,
                "first_seq": run.first_seq if run else 1,
                "last_seq": run.last_seq if run else 0,
                "level_counts": {LEVEL_NAMES[level]: count for level, count in counts if count},
                "total_is_exact": self.window.total_is_exact,
                "searched_to_seq": self.window.searched_to_seq,
            }
        )
