"""The actions on runs: cancel, mark as failed, delete. Each has a confirmation page, for one or several runs.

An error with one run does not stop the others. The answer lists the runs that failed, with the reasons.
"""

import re
from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple
from uuid import UUID

from django.contrib import messages
from django.contrib.admin import ModelAdmin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse

from training_status.admin.run_snapshot import RunSnapshot, attach_snapshots_to_runs, snapshot_of
from training_status.errors import AegisError
from training_status.ingest.deletion import delete_run
from training_status.ingest.runs import Outcome, mark_failed, request_cancel
from training_status.models import TrainingRun

RUNS_AT_ONCE: Final = 100
REASON_MAX_CHARACTERS: Final = 1000
_KEY: Final = re.compile(r"[0-9]{1,18}", re.ASCII)


class Action(NamedTuple):
    """An action on runs.

    `question`, `warning` and `button` are texts of the confirmation page. `aim` completes "RUN was not …".
    `permission` is the name of Django's permission. `wants_reason`: the page asks for a reason. `apply` returns the
    words that complete "RUN was …".
    """

    question: str
    warning: str
    button: str
    aim: str
    permission: str
    wants_reason: bool
    apply: Callable[[UUID, str], str]


_OUTCOME_TEXTS: Final = {
    Outcome.ASKED_TO_STOP: "asked to stop",
    Outcome.CANCELLED: "cancelled, because nobody reports",
    Outcome.FAILED: "marked as failed",
}


def _delete(run_id: UUID, _: str) -> str:
    delete_run(run_id)
    return "deleted"


ACTIONS: Final = {
    "cancel": Action(
        "Cancel {what}?",
        "The reporter is told to stop in the answer to its next report. If nobody reports, the run fails at once.",
        "Cancel",
        "asked to stop",
        "change",
        False,
        lambda run_id, _: _OUTCOME_TEXTS[request_cancel(run_id)],
    ),
    "fail": Action(
        "Mark {what} as failed?",
        "This is final: later events of the reporter are rejected. A run that has not started is cancelled instead.",
        "Mark as failed",
        "marked as failed",
        "change",
        True,
        lambda run_id, reason: _OUTCOME_TEXTS[mark_failed(run_id, reason_text=reason)],
    ),
    "delete": Action(
        "Delete {what}?",
        "The run and its log are deleted permanently. An active run is not deleted: cancel it first.",
        "Delete",
        "deleted",
        "delete",
        False,
        _delete,
    ),
}


def action_response(model_admin: ModelAdmin, request: HttpRequest, name: str) -> HttpResponse:
    """Answer with the confirmation page (GET, `?id=` for each run), or apply the action and redirect (POST).

    One query, and those of the action. Raises PermissionDenied, and Http404 for an unknown action.
    """
    action = ACTIONS.get(name)
    if action is None:
        raise Http404
    if not getattr(model_admin, f"has_{action.permission}_permission")(request):
        raise PermissionDenied
    given = request.POST if request.method == "POST" else request.GET
    keys = [int(key) for key in given.getlist("id") if _KEY.fullmatch(key)]
    the_list = reverse("admin:training_status_trainingrun_changelist")
    if len(keys) > RUNS_AT_ONCE:
        messages.error(request, f"At most {RUNS_AT_ONCE} runs can be changed at once; nothing was done.")
        return redirect(the_list)
    runs = attach_snapshots_to_runs(TrainingRun(id=key) for key in dict.fromkeys(keys))
    if not runs:
        messages.error(request, "The selected runs no longer exist.")
        return redirect(the_list)
    reason = given.get("reason", "").strip()
    if request.method != "POST" or (action.wants_reason and not 0 < len(reason) <= REASON_MAX_CHARACTERS):
        return _confirmation_page(model_admin, request, name, action, runs, is_incomplete=request.method == "POST")
    text = f"Marked as failed by {request.user.get_username()}: {reason}" if action.wants_reason else ""
    done, refused = _apply(action, runs, text)
    for words, alike in done.items():
        were = "was" if len(alike) == 1 else "were"
        messages.success(request, f"{_and(str(run) for run in alike)} {were} {words}.")
    for run, why in refused:
        messages.error(request, f"{run} was not {action.aim}: {why}")
    stays = len(runs) == 1 and not (name == "delete" and done)
    return redirect("admin:training_status_trainingrun_change", runs[0].pk) if stays else redirect(the_list)


def _apply(
    action: Action, runs: list[TrainingRun], text: str
) -> tuple[dict[str, list[TrainingRun]], list[tuple[TrainingRun, str]]]:
    """Apply the action to each run. Return the runs by outcome, and the others with their errors."""
    done: dict[str, list[TrainingRun]] = {}
    refused = []
    for run in runs:
        try:
            words = action.apply(run.public_id, text)
        except AegisError as error:
            refused.append((run, error.detail))
        else:
            done.setdefault(words, []).append(run)
    return done, refused


def _confirmation_page(
    model_admin: ModelAdmin,
    request: HttpRequest,
    name: str,
    action: Action,
    runs: list[TrainingRun],
    *,
    is_incomplete: bool,
) -> HttpResponse:
    what = str(runs[0]) if len(runs) == 1 else f"{len(runs)} runs"
    listed: list[tuple[TrainingRun, RunSnapshot]] = [(run, snapshot_of(run)) for run in runs]
    context: dict[str, Any] = {
        **model_admin.admin_site.each_context(request),
        "opts": TrainingRun._meta,
        "title": action.question.format(what=what),
        "action": action,
        "action_name": name,
        "runs": [(run, shown.run) for run, shown in listed],
        "reason": request.POST.get("reason", ""),
        "reason_max": REASON_MAX_CHARACTERS,
        "is_incomplete": is_incomplete,
        "back": reverse("admin:training_status_trainingrun_change", args=[runs[0].pk])
        if len(runs) == 1
        else reverse("admin:training_status_trainingrun_changelist"),
    }
    return TemplateResponse(
        request, "admin/training_status/confirm_run_action.html", context, status=422 if is_incomplete else None
    )


def _and(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
