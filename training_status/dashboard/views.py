"""The pages of the domains and of a run."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from training_status.access.viewer_required import principal_of_request, viewer_required
from training_status.read.domains import DomainList, domain_by_name
from training_status.read.run_facts import run_by_number
from training_status.roles import OPERATOR, covers
from training_status.serializers.domain import DomainSerializer
from training_status.serializers.times import utc_text

DOMAINS_SHOWN = 500


@require_safe
@viewer_required
def domains(request: HttpRequest) -> HttpResponse:
    """Every domain with the status of its latest run."""
    now = timezone.now()
    listed = DomainList()
    serializer = DomainSerializer(listed.part(0, DOMAINS_SHOWN), many=True, context={"now": now})
    not_shown = max(0, listed.count() - DOMAINS_SHOWN)
    return render(
        request,
        "dashboard/domains.html",
        {
            "domains": serializer.data,
            "page": {"now": utc_text(now), "domains": serializer.data, "notShown": not_shown},
            "now": now,
            "not_shown": not_shown,
        },
    )


@require_safe
@viewer_required
def run(request: HttpRequest, name: str, number: int | None = None) -> HttpResponse:
    """The domain's run with this number; without one the latest run, and the next ones as they start."""
    domain = None if "\0" in name else domain_by_name(name)
    if domain is None or (number is not None and run_by_number(name, number) is None):
        raise Http404
    principal = principal_of_request(request)
    page: dict[str, Any] = {
        "domain": domain.name,
        "runNumber": number,
        "mayCancel": principal is not None and covers(principal.role, OPERATOR),
        "now": utc_text(timezone.now()),
    }
    return render(
        request, "dashboard/run.html", {"domain": domain, "page": page, "has_run": domain.latest_run is not None}
    )
