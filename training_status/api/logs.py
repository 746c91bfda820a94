"""The view of a run's log, in pages, newest first by default."""

from django.http import QueryDict
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from training_status.api import query
from training_status.api.authorised_view import AuthorisedView
from training_status.api.pagination import TrainingLogPagination
from training_status.api.schema import LOG_FILTERS, PAGE, RUN, log_page_of
from training_status.errors import InvalidInput, NotFound
from training_status.log_levels import LEVEL_NUMBERS
from training_status.read.domains import domain_exists
from training_status.read.logs import LogFilter, RunLog
from training_status.read.run_facts import latest_run, run_by_number
from training_status.roles import VIEWER
from training_status.serializers.log_entry import TrainingLogEntrySerializer


class TrainingLogView(AuthorisedView):
    """`/domains/{name}/training-logs`."""

    roles = {"GET": VIEWER}

    @extend_schema(
        operation_id="list_training_logs",
        tags=["logs"],
        parameters=[RUN, *PAGE, *LOG_FILTERS],
        responses=log_page_of(TrainingLogEntrySerializer),
    )
    def get(self, request: Request, domain_name: str) -> Response:
        """A page of the log of the domain's latest run, or of the run with the number `run`."""
        paginator = TrainingLogPagination()
        lines = paginator.paginate_queryset(
            log_of(domain_name, request.query_params, only_domain_id=self.only_domain_id), request
        )
        return paginator.get_paginated_response(TrainingLogEntrySerializer(lines, many=True).data)


def log_of(domain_name: str, values: QueryDict, *, only_domain_id: int | None) -> RunLog:
    """The log that a query string asks for. Raises InvalidInput, and NotFound for an unknown domain or run."""
    number = query.positive_int(values, "run")
    log_filter = _filter(values)
    if number is not None:
        run = run_by_number(domain_name, number, only_domain_id=only_domain_id)
        if run is None:
            raise NotFound(f"There is no run {number} of domain '{domain_name}'.", code="run_not_found")
    else:
        run = latest_run(domain_name, only_domain_id=only_domain_id)
        if run is None and not domain_exists(domain_name, only_domain_id=only_domain_id):
            raise NotFound(f"No training log found for domain '{domain_name}'", code="domain_not_found")
    return RunLog(domain_name, run, log_filter)


def _filter(values: QueryDict) -> LogFilter:
    return LogFilter(
        levels=_levels(values),
        step=query.text(values, "step"),
        search=query.text(values, "search"),
        before_seq=query.sequence_number(values, "before_seq"),
        after_seq=query.sequence_number(values, "after_seq"),
        ascending=query.one_of(values, "order", ("asc", "desc"), default="desc") == "asc",
    )


def _levels(values: QueryDict) -> frozenset[int] | None:
    """The levels that `level` (any of them) and `min_level` both allow; None when neither is given."""
    levels = None
    if names := values.getlist("level"):
        levels = frozenset(_level(name, "level") for name in names)
    if "min_level" in values:
        lowest = _level(str(values["min_level"]), "min_level")
        levels = frozenset(level for level in levels or LEVEL_NUMBERS.values() if level >= lowest)
    return levels


def _level(name: str, parameter: str) -> int:
    if name not in LEVEL_NUMBERS:
        raise InvalidInput(f"{parameter} must be one of {', '.join(LEVEL_NUMBERS)}", field=parameter)
    return LEVEL_NUMBERS[name]
