"""Deleting a domain in the admin, with a confirmation page."""

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from training_status.admin.domain_page import domain_of
from training_status.errors import AegisError
from training_status.ingest.deletion import delete_domain
from training_status.models import Domain


def domain_removal_response(model_admin: ModelAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Answer with the confirmation page (GET), or delete the domain and redirect (POST).

    A domain with an active run is not deleted; a message shows the reason. Raises Http404 and PermissionDenied.
    """
    if not model_admin.has_delete_permission(request):
        raise PermissionDenied
    domain = domain_of(model_admin, request, object_id)
    if request.method == "POST":
        try:
            delete_domain(domain.name)
        except AegisError as error:
            messages.error(request, f"{domain} was not deleted: {error.detail}")
            return redirect("admin:training_status_domain_change", domain.pk)
        messages.success(request, f"{domain} was deleted.")
        return redirect("admin:training_status_domain_changelist")
    context = {
        **model_admin.admin_site.each_context(request),
        "opts": Domain._meta,
        "title": f"Delete {domain}?",
        "domain": domain,
    }
    return TemplateResponse(request, "admin/training_status/domain/removal.html", context)
