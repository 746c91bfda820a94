"""The page of the domains."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from training_status.access.viewer_required import viewer_required
from training_status.read.domains import DomainList
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
