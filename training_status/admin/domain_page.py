"""A domain's page in the admin, and the page to create one."""

import json
from collections.abc import Mapping
from typing import Any

import msgspec
from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse

from training_status.admin.body_form import BodyForm, TextField
from training_status.admin.change_form import ChangeForm
from training_status.admin.run_snapshot import attach_snapshots_to_domains, snapshot_of
from training_status.budget import BUDGET_LIMITS
from training_status.errors import InvalidInput
from training_status.forecast.calibration import MARKS
from training_status.ingest.domains import change_domain, create_domain
from training_status.ingest.request_schemas import DomainChange, NewDomain, read_domain_change, read_new_domain
from training_status.models import Domain
from training_status.models.domain import DEFAULT_LLM_MODEL, LIMITS
from training_status.read.forecast_scores import forecast_scores
from training_status.read.usage_forecast_scores import usage_forecast_scores


def _description() -> TextField:
    return TextField(widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "dir": "auto"}))


def _text(label: str, help_text: str, initial: str = "", *, required: bool = True) -> TextField:
    widget = forms.TextInput(attrs={"class": "vTextField", "autocomplete": "off"})
    return TextField(label=label, help_text=help_text, initial=initial, widget=widget, required=required)


class NewDomainForm(BodyForm[NewDomain]):
    """The form to create a domain."""

    name = _text("Name", "Lowercase letters, digits and underscores; at least two. It cannot be changed later.")
    description = _description()
    llm_model = _text("Model", "The language model of runs that name no other.", DEFAULT_LLM_MODEL)

    read = staticmethod(read_new_domain)


class DomainForm(ChangeForm[DomainChange]):
    """The form to change a domain. Empty limits use the settings."""

    description = _description()
    llm_model = _text("Model", "The language model of runs that name no other.")
    stall_limit_s = forms.FloatField(
        required=False, label="Stalled after (seconds)", help_text="Without an event or a heartbeat."
    )
    hang_limit_s = forms.FloatField(
        required=False,
        label="Hanging after (seconds)",
        help_text="Without an event while heartbeats are received.",
    )
    lost_limit_s = forms.FloatField(
        required=False,
        label="Lost after (seconds)",
        help_text="Without an event or a heartbeat.",
    )
    kept_runs = forms.IntegerField(
        required=False, label="Logs kept of (runs)", help_text="The number of newest finished runs whose logs are kept."
    )
    kept_days = forms.FloatField(required=False, label="Logs kept for (days)", help_text="Days after the end of a run.")
    baseline_run_number = forms.IntegerField(
        required=False,
        label="Baseline (run)",
        help_text="The completed run that all others are compared with. If empty: the completed run before.",
    )
    higher_is_better = TextField(
        required=False,
        label="Higher is better",
        help_text='JSON, for metrics whose names do not say it: {"throughput": true, "perplexity": false}.'
        " What a run declares itself comes first.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "dir": "auto", "spellcheck": "false"}),
    )

    cost_limit = forms.FloatField(
        required=False,
        label="Budget (cost)",
        help_text="A run without a budget of its own is cancelled when it has cost this much.",
    )
    currency = _text("Budget (currency)", "Of the cost: three capital letters, such as USD.", required=False)
    tokens_limit = forms.IntegerField(
        required=False, label="Budget (tokens)", help_text="The same for input and output tokens together."
    )

    read = staticmethod(read_domain_change)

    @classmethod
    def as_shown(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Return the stored values, with the directions of metrics as JSON; nothing where there are none."""
        shown = dict(stored)
        if directions := shown.get("higher_is_better"):
            shown["higher_is_better"] = json.dumps(directions, ensure_ascii=False, indent=2)
        elif "higher_is_better" in shown:
            shown["higher_is_better"] = ""
        return shown

    def as_body(self) -> dict[str, Any]:
        """Return the changed fields as the API expects them. Raises InvalidInput for what is not JSON."""
        body = super().as_body()
        if "currency" in body:
            body["currency"] = body["currency"] or None
        if "higher_is_better" in body:
            try:
                body["higher_is_better"] = msgspec.json.decode(body["higher_is_better"] or "{}")
            except (msgspec.DecodeError, RecursionError) as error:
                raise InvalidInput(f"This is not valid JSON: {error}.", field="higher_is_better") from error
        return body


def new_domain_page_response(model_admin: ModelAdmin, request: HttpRequest) -> HttpResponse:
    """Answer with the form, or redirect to the new domain's page. Raises PermissionDenied."""
    if not model_admin.has_add_permission(request):
        raise PermissionDenied
    form = NewDomainForm(request.POST or None)
    if form.apply(create_domain, at_field="name"):
        domain = Domain.objects.get(name=form.body.name)
        messages.success(request, f"The domain {domain} was created.")
        return redirect("admin:training_status_domain_change", domain.pk)
    context = {"title": "Add a domain", "form": form, "may_change": True}
    return _page(model_admin, request, context)


def domain_page_response(model_admin: ModelAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Answer with the page, or redirect to it after a change. Raises Http404 and PermissionDenied."""
    domain = domain_of(model_admin, request, object_id)
    may_change = model_admin.has_change_permission(request)
    if not (may_change or model_admin.has_view_permission(request)) or (request.method == "POST" and not may_change):
        raise PermissionDenied
    fields = ("description", "llm_model", *LIMITS, "baseline_run_number", "higher_is_better", *BUDGET_LIMITS)
    initial = DomainForm.as_shown({name: getattr(domain, name) for name in fields})
    form = DomainForm(request.POST or None, initial=initial)
    if form.apply(lambda change: change_domain(domain.name, change, check_stored=form.check_edit_conflict)):
        messages.success(request, f"The domain {domain} was changed." if form.changed_data else "No changes.")
        return redirect("admin:training_status_domain_change", domain.pk)
    attach_snapshots_to_domains([domain])
    run, now = snapshot_of(domain)
    context = {
        "title": domain.name,
        "domain": domain,
        "run": run,
        "now": now,
        "form": form,
        "scores": forecast_scores(domain.name),
        "usage_scores": usage_forecast_scores(domain.name),
        "marks": MARKS,
        "may_change": may_change,
        "may_delete": model_admin.has_delete_permission(request),
    }
    return _page(model_admin, request, context)


def domain_of(model_admin: ModelAdmin, request: HttpRequest, object_id: str) -> Domain:
    """Return the domain with this key. Raises Http404."""
    domain = model_admin.get_object(request, unquote(object_id))
    if not isinstance(domain, Domain):
        raise Http404
    return domain


def _page(model_admin: ModelAdmin, request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    context = {**model_admin.admin_site.each_context(request), "opts": Domain._meta, **context}
    status = 422 if context["form"].errors else None
    return TemplateResponse(request, "admin/training_status/domain/page.html", context, status=status)
