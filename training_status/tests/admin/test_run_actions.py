"""What operators do to runs in the admin: each asks back first, and says for which runs it failed and why."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Permission
from django.contrib.messages import get_messages
from django.utils import timezone

from tests.support.factories import TrainingRunFactory, log_lines, send
from training_status.admin.run_actions import RUNS_AT_ONCE
from training_status.errors import Conflict
from training_status.models import TrainingLogEntry, TrainingRun

pytestmark = pytest.mark.django_db

RUNS = "/admin/training_status/trainingrun/"


def again(run: TrainingRun) -> TrainingRun:
    return TrainingRun.objects.get(id=run.id)


def said(answer) -> list[str]:
    return [str(message) for message in get_messages(answer.wsgi_request)]


@pytest.mark.parametrize(("chosen", "action"), [("cancel", "cancel"), ("mark_failed", "fail"), ("delete", "delete")])
def test_an_action_of_the_list_asks_and_does_nothing_yet(operator_browser, chosen, action):
    runs = [TrainingRunFactory(running=True), TrainingRunFactory(running=True)]
    before = TrainingRun.objects.order_by("id").values()
    told = list(before)
    keys = [run.id for run in runs]
    page = operator_browser.post(RUNS, {"action": chosen, "_selected_action": keys}, follow=True)
    assert page.redirect_chain[0][0].startswith(f"{RUNS}act/{action}?id=")
    assert " 2 runs" in page.context["title"]
    assert all(str(run) in page.content.decode() for run in runs)
    assert list(before.all()) == told


def test_cancelling(operator_browser):
    run = TrainingRunFactory(running=True)
    answer = operator_browser.post(f"{RUNS}act/cancel", {"id": run.id})
    assert answer["Location"] == f"{RUNS}{run.id}/change/"
    assert said(answer) == [f"{run} was asked to stop."]
    assert again(run).cancel_requested_at is not None


def test_marking_as_failed_says_who_and_why(operator_browser):
    run = TrainingRunFactory(running=True)
    answer = operator_browser.post(f"{RUNS}act/fail", {"id": run.id, "reason": " it hangs "})
    assert said(answer) == [f"{run} was marked as failed."]
    assert again(run).error_message == "Marked as failed by operator: it hangs"
    with pytest.raises(Conflict):
        send(run, *log_lines(1, 1))


def test_what_became_of_each_is_said(operator_browser):
    """A run that has not started cannot be marked as failed: its reporter may be about to begin."""
    running = TrainingRunFactory(running=True)
    waiting = TrainingRunFactory()
    silent = [TrainingRunFactory(created_at=timezone.now() - timedelta(hours=1)) for _ in range(2)]
    answer = operator_browser.post(
        f"{RUNS}act/fail", {"id": [run.id for run in (running, waiting, *silent)], "reason": "x"}
    )
    assert sorted(said(answer)) == sorted(
        [
            f"{running} was marked as failed.",
            f"{waiting} was asked to stop.",
            f"{silent[0]} and {silent[1]} were cancelled, because nobody reports.",
        ]
    )


def test_cancelling_a_run_on_which_nobody_reports(operator_browser):
    run = TrainingRunFactory(running=True, created_at=timezone.now() - timedelta(hours=1))
    assert said(operator_browser.post(f"{RUNS}act/cancel", {"id": run.id})) == [
        f"{run} was cancelled, because nobody reports."
    ]


@pytest.mark.parametrize("reason", ["", "  ", "x" * 1001])
def test_marking_as_failed_needs_a_reason(operator_browser, reason):
    run = TrainingRunFactory(running=True)
    answer = operator_browser.post(f"{RUNS}act/fail", {"id": run.id, "reason": reason})
    assert answer.status_code == 422
    assert "Nothing was changed" in answer.content.decode()
    assert again(run).state == "running"


def test_a_reason_that_cannot_be_stored_is_refused(operator_browser):
    run = TrainingRunFactory(running=True)
    answer = operator_browser.post(f"{RUNS}act/fail", {"id": run.id, "reason": "a\0b"})
    assert "NUL character" in said(answer)[0]
    assert again(run).state == "running"


def test_deleting_takes_the_log_along(operator_browser):
    run = TrainingRunFactory()
    send(run, *log_lines(1, 5))
    TrainingRun.objects.filter(id=run.id).update(state="failed", failure_reason="lost", ended_at=timezone.now())
    asked = operator_browser.get(f"{RUNS}{run.id}/delete/", follow=True)
    assert f"Delete {run}?" in asked.content.decode()
    answer = operator_browser.post(f"{RUNS}act/delete", {"id": run.id})
    assert (answer["Location"], said(answer)) == (RUNS, [f"{run} was deleted."])
    assert not TrainingRun.objects.exists()
    assert not TrainingLogEntry.objects.exists()


def test_what_fails_for_one_is_done_for_the_others(operator_browser):
    done = TrainingRunFactory(completed=True)
    active = TrainingRunFactory(running=True)
    lost = TrainingRunFactory(lost=True)
    answer = operator_browser.post(f"{RUNS}act/delete", {"id": [done.id, active.id, lost.id]})
    assert said(answer) == [
        f"{done} and {lost} were deleted.",
        f"{active} was not deleted: The run is active: cancel it first, or wait until it ends.",
    ]
    assert [run.id for run in TrainingRun.objects.all()] == [active.id]


@pytest.mark.parametrize(
    ("action", "sentence"),
    [
        ("cancel", "was not asked to stop: The run has completed: there is nothing to cancel."),
        ("fail", "was not marked as failed: The run has completed already: it cannot be marked as failed."),
    ],
)
def test_a_finished_run_is_refused_with_a_sentence(operator_browser, action, sentence):
    run = TrainingRunFactory(completed=True)
    answer = operator_browser.post(f"{RUNS}act/{action}", {"id": run.id, "reason": "x"})
    assert said(answer) == [f"{run} {sentence}"]
    assert again(run).state == "completed"


def test_runs_that_are_gone_and_keys_that_are_none(operator_browser):
    for keys in ([], ["999"], ["x"], ["9" * 30], ["9" * 5000], ["-1"]):
        answer = operator_browser.post(f"{RUNS}act/delete", {"id": keys})
        assert said(answer)[-1] == "The selected runs no longer exist."


def test_a_page_of_runs_at_most(operator_browser):
    run = TrainingRunFactory(completed=True)
    answer = operator_browser.post(f"{RUNS}act/delete", {"id": [run.id, *range(10**6, 10**6 + RUNS_AT_ONCE)]})
    assert said(answer) == [f"At most {RUNS_AT_ONCE} runs can be changed at once; nothing was done."]
    everything = {"action": "delete", "select_across": "1", "_selected_action": [run.id]}
    TrainingRunFactory.create_batch(2, completed=True, created_at=timezone.now() - timedelta(days=1))
    page = operator_browser.post(RUNS, everything)
    assert page.status_code == 302
    assert TrainingRun.objects.count() == 3


def test_an_unknown_action_is_not_there(operator_browser):
    assert operator_browser.get(f"{RUNS}act/praise").status_code == 404


def test_each_needs_its_right(operator_browser):
    run = TrainingRunFactory(completed=True)
    Permission.objects.filter(codename__in=("change_trainingrun", "delete_trainingrun")).delete()
    for action in ("cancel", "fail", "delete"):
        assert operator_browser.post(f"{RUNS}act/{action}", {"id": run.id, "reason": "x"}).status_code == 403
    assert b'value="delete"' not in operator_browser.get(RUNS).content
    assert TrainingRun.objects.exists()


def test_without_its_csrf_token_nothing_is_done(operator_browser):
    run = TrainingRunFactory(completed=True)
    operator_browser.handler.enforce_csrf_checks = True
    assert operator_browser.post(f"{RUNS}act/delete", {"id": run.id}).status_code == 403
    assert TrainingRun.objects.exists()
