"""What operators do to runs: cancel, mark as failed, delete. Each asks back first, for one run or for many.

A run that cannot be changed keeps nobody from the others: the answer says for which it failed, and why.
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
    """`question`, `warning` and `button` are on the page that asks; `aim` is said of a run that it was not done to.

    `permission` is Django's word for the right. `wants_reason`: a text is asked for. `apply` gives the words for what
    it did.
    """

    question: str
    warning: str
    button: str
    aim: str
    permission: str
    wants_reason: bool
    apply: Callable[[UUID, str], str]


_SAID: Final = {
    Outcome.ASKED_TO_STOP: "asked to stop",
    Outcome.CANCELLED: "cancelled, as nobody reports",
    Outcome.FAILED: "marked as failed",
}


def _delete(run_id: UUID, _: str) -> str:
    delete_run(run_id)
    return "deleted"


ACTIONS: Final = {
    "cancel": Action(
        "Cancel {what}?",
        "The reporter learns with its next report that it is to stop. Where nobody reports, the run fails at once.",
        "Cancel",
        "asked to stop",
        "change",
        False,
        lambda run_id, _: _SAID[request_cancel(run_id)],
    ),
    "fail": Action(
        "Mark {what} as failed?",
        "This is final: whatever the reporter still sends is refused. A run that has not started is cancelled instead.",
        "Mark as failed",
        "marked as failed",
        "change",
        True,
        lambda run_id, reason: _SAID[mark_failed(run_id, reason_text=reason)],
    ),
    "delete": Action(
        "Delete {what}?",
        "The run and its whole log are gone for good. An active run is not deleted: cancel it first.",
        "Delete",
        "deleted",
        "delete",
        False,
        _delete,
    ),
}


def answer_action(model_admin: ModelAdmin, request: HttpRequest, name: str) -> HttpResponse:
    """The page that asks (GET, `?id=` for each run), or the list after it is done (POST). One query, and those of
    the deeds. Raises PermissionDenied, and Http404 for an unknown action.
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
        messages.error(request, f"At most {RUNS_AT_ONCE} runs are changed at once; nothing was done.")
        return redirect(the_list)
    runs = attach_snapshots_to_runs(TrainingRun(id=key) for key in dict.fromkeys(keys))
    if not runs:
        messages.error(request, "The runs chosen are not there any more.")
        return redirect(the_list)
    reason = given.get("reason", "").strip()
    if request.method != "POST" or (action.wants_reason and not 0 < len(reason) <= REASON_MAX_CHARACTERS):
        return _asking(model_admin, request, name, action, runs, is_incomplete=request.method == "POST")
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
    """The runs it was done to, by what was done, and the others with the reason of each."""
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


def _asking(
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
        request, "admin/training_status/asking.html", context, status=422 if is_incomplete else None
    )


def _and(names: Iterable[str]) -> str:
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
