"""The page of all runs of a domain."""

from typing import Any, Final

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from training_status.access.viewer_required import viewer_required
from training_status.api.query import positive_int
from training_status.errors import InvalidInput
from training_status.forecast.calibration import MARKS
from training_status.read.domains import domain_by_name
from training_status.read.forecast_scores import forecast_scores
from training_status.read.run_facts import RunList
from training_status.read.usage_forecast_scores import usage_forecast_scores
from training_status.roles import OPERATOR, covers
from training_status.serializers.run import TrainingRunSerializer
from training_status.serializers.times import utc_text

RUNS_ON_A_PAGE: Final = 50

# What a row shows. A run's config alone may have 64 KiB.
_SHOWN: Final = (
    "run_number", "training_run_id", "status", "health", "failure_reason", "error_message", "started_at",
    "elapsed_time_ms", "completed_at", "metrics", "baseline_metrics", "higher_is_better", "tags", "note", "optimizer",
    "llm_model",
)  # fmt: skip


@require_safe
@viewer_required
def history(request: HttpRequest, name: str) -> HttpResponse:
    """All runs, newest first, a page at a time: `?page=2` has the older ones."""
    domain = None if "\0" in name else domain_by_name(name)
    if domain is None:
        raise Http404
    now = timezone.now()
    number = _page_number(request)
    runs = RunList(domain.id)
    total = runs.count()
    pages = max(1, -(-total // RUNS_ON_A_PAGE))
    first = (number - 1) * RUNS_ON_A_PAGE
    shown = runs.part(first, RUNS_ON_A_PAGE) if number <= pages else []
    rows = TrainingRunSerializer(shown, many=True, context={"now": now}).data
    page: dict[str, Any] = {
        "domain": domain.name,
        "number": number,
        "pageSize": RUNS_ON_A_PAGE,
        "total": total,
        "baseline": domain.baseline_run_number,
        "mayPin": covers(request.principal.role, OPERATOR),  # type: ignore[attr-defined]  # `viewer_required` has set it
        "runs": [{field: row[field] for field in _SHOWN} for row in rows],
        "now": utc_text(now),
    }
    return render(
        request,
        "dashboard/history.html",
        {
            "domain": domain,
            "scores": forecast_scores(domain.name),
            "usage_scores": usage_forecast_scores(domain.name),
            "marks": MARKS,
            "page": page,
            "total": total,
            "first": first + 1,
            "last": first + len(shown),
            "newer": min(number - 1, pages) if number > 1 else None,
            "older": number + 1 if number < pages else None,
        },
    )


def _page_number(request: HttpRequest) -> int:
    """The page asked for. Raises Http404 for what is no page."""
    try:
        return positive_int(request.GET, "page") or 1
    except InvalidInput as error:
        raise Http404 from error
