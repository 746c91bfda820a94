"""A run's page in the admin: all details of the run, and a form for its tags and note."""

import json
from collections.abc import Mapping
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils import timezone

from training_status.admin.body_form import TextField
from training_status.admin.change_form import ChangeForm
from training_status.admin.run_details import metric_rows, phase_rows, stored_facts
from training_status.ingest.request_schemas import RunChange, read_run_change
from training_status.ingest.runs import change_run
from training_status.models import TrainingRun
from training_status.read.logs import LogFilter, RunLog
from training_status.read.phase_times import with_phase_times
from training_status.read.run_facts import runs_by_id
from training_status.serializers.log_entry import TrainingLogEntrySerializer
from training_status.serializers.run import TrainingRunSerializer

LINES_SHOWN: Final = 50


class RunForm(ChangeForm[RunChange]):
    """The form to change a run's tags and note."""

    tags = TextField(
        required=False,
        strip=False,
        help_text="One tag per line.",
        widget=forms.Textarea(attrs={"rows": 3, "class": "vLargeTextField", "dir": "auto"}),
    )
    note = TextField(
        required=False, strip=False, widget=forms.Textarea(attrs={"rows": 4, "class": "vLargeTextField", "dir": "auto"})
    )

    read = staticmethod(read_run_change)

    @classmethod
    def as_shown(cls, stored: Mapping[str, Any]) -> dict[str, Any]:
        """Return the stored values, with one tag per line."""
        return {name: "\n".join(value) if name == "tags" else value for name, value in stored.items()}

    def as_body(self) -> dict[str, Any]:
        """Return the changed fields as the API expects them."""
        body = super().as_body()
        if "tags" in body:
            body["tags"] = [tag.strip() for tag in body["tags"].split("\n") if tag.strip()]
        return body


def run_page_response(model_admin: ModelAdmin, request: HttpRequest, object_id: str) -> HttpResponse:
    """Answer with the page, or redirect to it after a change. Four queries for any size of the run.

    Raises Http404 for an unknown run, and PermissionDenied.
    """
    run = model_admin.get_object(request, unquote(object_id))
    found = runs_by_id([run.pk]) if run is not None else []
    if run is None or not found:
        raise Http404
    may_change = model_admin.has_change_permission(request)
    if not (may_change or model_admin.has_view_permission(request)):
        raise PermissionDenied
    if request.method == "POST" and not may_change:
        raise PermissionDenied
    form = RunForm(request.POST or None, initial=RunForm.as_shown({"tags": run.tags, "note": run.note}))
    if form.apply(lambda change: change_run(run.public_id, change, check_stored=form.check_edit_conflict)):
        messages.success(request, "Tags and note were saved.")
        return redirect("admin:training_status_trainingrun_change", run.pk)
    with_phase_times(found)
    context = {
        **model_admin.admin_site.each_context(request),
        **_content(run, found[0]),
        "opts": TrainingRun._meta,
        "form": form,
        "may_change": may_change,
        "may_delete": model_admin.has_delete_permission(request),
    }
    return TemplateResponse(
        request, "admin/training_status/trainingrun/page.html", context, status=422 if form.errors else None
    )


def _content(run: TrainingRun, facts: Any) -> dict[str, Any]:
    """Return the context of the page that describes the run."""
    now = timezone.now()
    status = TrainingRunSerializer(facts, context={"now": now}).data
    lines = RunLog(facts.domain_name, facts, LogFilter()).window(0, LINES_SHOWN).lines
    result = run.result or {}
    prompts = result.get("prompts")
    return {
        "title": f"{facts.domain_name} #{facts.run_number}",
        "run": status,
        "now": now,
        "key": run.pk,
        "is_active": status["status"] in ("pending", "training"),
        "phases": phase_rows(status, now),
        "metrics": metric_rows(status),
        "baseline_run_number": status["baseline_run_number"],
        "config": _readable(run.config) if run.config else None,
        "prompts": sorted(prompts.items()) if isinstance(prompts, dict) else [],
        "result": _readable(run.result) if run.result is not None else None,
        "facts": stored_facts(run),
        "lines": TrainingLogEntrySerializer(lines, many=True).data,
        "log_count": facts.log_count,
    }


def _readable(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
