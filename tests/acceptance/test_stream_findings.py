"""Candidates and evaluations on live streams."""

from collections.abc import Callable

from tests.support.answers import ok
from tests.support.live_viewers import Viewer
from tests.support.optimizer_events import candidate, evaluation, usage, used
from tests.support.runs import ENTITY, Run, complete, log, phase


def test_they_are_told_as_they_come(watch: Callable[..., Viewer], run: Run) -> None:
    run.send(phase(ENTITY), candidate("before"), evaluation("before"))
    viewer = watch(run.domain, training_run_id=run.id)
    viewer.await_story("progress_update", 1)
    run.send(candidate("1", parents=["before"], origin="merged", state={}), evaluation("1", 0.75), log())
    viewer.await_story("progress_update", 1, 2, "candidate", "evaluation", "progress_update")
    told = {one.type: one.envelope for one in viewer.told}
    assert told["candidate"]["message"] == "Candidate 1"
    new = told["candidate"]["data"]
    assert (new["number"], new["origin"], new["parents"], new["has_program"]) == (2, "merged", ["before"], True)
    assert told["evaluation"]["message"] == "Candidate 1: entity_f1 0.75"
    assert told["evaluation"]["data"] == ok(run.client.get(f"{run.path}/evaluations"))["items"][0]
    assert told["progress_update"]["data"]["status"]["best"]["candidate"] == "1"
    run.send(complete())
    viewer.await_over()
    assert viewer.story[-1] == "completed"


def test_none_is_lost_however_many_come_at_once(watch: Callable[..., Viewer], run: Run) -> None:
    run.send(log())
    viewer = watch(run.domain, training_run_id=run.id)
    viewer.await_story("progress_update", 1)
    for first in range(0, 300, 100):
        names = [str(number) for number in range(first, first + 100)]
        run.send(*[candidate(name) for name in names], *[evaluation(name) for name in names])
    run.send(complete())
    viewer.await_over()
    for kind in ("candidate", "evaluation"):
        assert [one.envelope["data"]["number"] for one in viewer.told if one.type == kind] == list(range(1, 301))
    assert viewer.story[-1] == "completed"


def test_usage_is_told_with_the_status(watch: Callable[..., Viewer], run: Run) -> None:
    viewer = watch(run.domain, training_run_id=run.id)
    viewer.await_story("progress_update")
    run.send(usage(used(calls=2, cost=0.5, currency="USD")))
    run.send(usage(used(calls=3)))
    shown = viewer.await_told(lambda one: one.status["usage"]["calls"] == 5).status["usage"]
    assert (shown["cost"], shown["currency"], shown["unpriced_calls"]) == (0.5, "USD", 3)


def test_an_end_waits_for_what_was_found(watch: Callable[..., Viewer], run: Run) -> None:
    viewer = watch(run.domain, training_run_id=run.id)
    viewer.await_story("progress_update")
    names = [str(number) for number in range(450)]
    run.send(*[evaluation(name) for name in names], complete(message="done"))
    viewer.await_over()
    assert viewer.story == ["progress_update", "started", 1, *["evaluation"] * 450, "completed"]
