"""What a viewer is told and when a stream ends, by Server-Sent Events and by WebSocket alike."""

from collections.abc import Callable
from itertools import groupby
from typing import Any

import httpx
import pytest

from tests.support.answers import ok
from tests.support.domains import create_domain
from tests.support.live_viewers import SseViewer, Viewer, lasting
from tests.support.runs import ENTITY, RELATION, Run, complete, fail, log, phase, progress
from tests.support.stream_viewers import CUT_OFF_WITHIN_S, FACES, Audience, denied

Watch = Callable[..., Viewer]


def test_a_run_as_it_is_watched(watch: Watch, run: Run) -> None:
    viewer = watch(run.domain)
    viewer.await_story("progress_update")
    assert viewer.told[0].status["status"] == "pending"
    run.send(phase(ENTITY, message="120 samples"))
    viewer.await_story("progress_update", "started", 1, "phase_changed")
    run.send(progress(0.6, message="trial 6 of 10", metrics={"entity_f1": 0.71}))
    viewer.await_story("progress_update", "started", 1, "phase_changed", 2, "progress_update")
    run.send(log("a line"), complete(metrics={"entity_f1": 0.87}))
    viewer.await_type("completed")
    assert viewer.story[6:] in ([3, "completed"], [3, "progress_update", "completed"])


def test_a_new_viewer_of_a_running_run(watch: Watch, run: Run) -> None:
    run.send(phase(ENTITY), log(), log())
    viewer = watch(run.domain)
    viewer.await_story("progress_update", 1, 2, 3)
    run.send(log())
    viewer.await_seq(4)
    assert viewer.seqs == [1, 2, 3, 4]
    assert "started" not in viewer.story


def test_many_viewers_of_one_run_are_told_the_same(audience: Audience, run: Run) -> None:
    viewers: list[Viewer] = [face(audience, run.domain, training_run_id=run.id) for face in FACES.values()]
    viewers += [audience.sse(run.domain) for _ in range(5)]
    run.send(*[log(f"line {n}") for n in range(1, 31)], complete())
    for viewer in viewers:
        viewer.await_type("completed")
        assert viewer.seqs == list(range(1, 31))


# Following a domain


def test_a_stream_waits_for_the_first_run(watch: Watch, domain: str, start: Callable[..., Run]) -> None:
    viewer = watch(domain)
    run = start()
    run.send(phase(ENTITY), log())
    viewer.await_seq(2)
    told = viewer.story_of(run.id)
    assert told == viewer.story
    assert told.count("started") == 1
    assert told.index("started") < told.index(1)


def test_a_domain_stream_stays_open_and_moves_on(watch: Watch, start: Callable[..., Run]) -> None:
    first = start()
    first.send(log())
    viewer = watch(first.domain)
    viewer.await_seq(1)
    first.send(log(), complete())
    viewer.await_type("completed")
    second = start()
    second.send(log(), fail())
    viewer.await_type("failed")
    third = start()
    third.send(log())
    viewer.await_seq(1, third.id)
    assert not viewer.is_over
    assert [run_id for run_id, _ in groupby(one.run_id for one in viewer.told)] == [first.id, second.id, third.id]
    for run, end in ((first, "completed"), (second, "failed")):
        told = viewer.story_of(run.id)
        assert [one for one in told if isinstance(one, int)] == [1, 2]
        assert (told[-1], told.count(end)) == (end, 1)


def test_a_domain_stream_leaves_a_run_that_goes_on(watch: Watch, start: Callable[..., Run]) -> None:
    """The latest run is followed, though the one before it has not ended; all that this one had is told."""
    old = start()
    old.send(*[log(f"old {n}") for n in range(1, 51)])
    viewer = watch(old.domain)
    viewer.await_seq(50)
    old.send(log("old 51"))
    new = start()
    new.send(log("new"))
    viewer.await_seq(1, new.id)
    assert [one for one in viewer.story_of(old.id) if isinstance(one, int)] == list(range(1, 52))
    at = len(viewer.told)
    old.send(log("old 52"))
    new.send(log("new 2"), complete())
    viewer.await_type("completed")
    assert {one.run_id for one in viewer.told[at:]} == {new.id}


def test_a_run_stream_stays_with_its_run(watch: Watch, start: Callable[..., Run]) -> None:
    old = start()
    viewer = watch(old.domain, training_run_id=old.id)
    new = start()
    new.send(log(), complete())
    old.send(log("one"), log("two"), complete())
    viewer.await_over()
    assert {one.run_id for one in viewer.told} == {old.id}
    assert viewer.seqs == [1, 2]
    assert viewer.story[-1] == "completed"


@pytest.mark.parametrize("end", [complete(), fail()], ids=["completed", "failed"])
def test_a_run_that_ended_long_ago(watch: Watch, start: Callable[..., Run], end: dict[str, Any]) -> None:
    run = start()
    run.send(log(), log(), end)
    kind = {"complete": "completed", "fail": "failed"}[end["type"]]
    seqs = [1, 2] if kind == "completed" else [1, 2, 3]
    of_run, of_domain = watch(run.domain, training_run_id=run.id), watch(run.domain)
    of_run.await_over()
    assert of_run.story == ["progress_update", *seqs, kind]
    of_domain.await_story("progress_update", *seqs, kind)
    assert of_run.told[0].status["status"] == kind
    new = start()
    new.send(log())
    of_domain.await_seq(1, new.id)


def test_a_run_without_an_entry(watch: Watch, start: Callable[..., Run]) -> None:
    run = start()
    run.send(complete())
    viewer = watch(run.domain, training_run_id=run.id)
    viewer.await_over()
    assert viewer.story == ["progress_update", "completed"]


def test_the_followed_run_is_deleted(watch: Watch, start: Callable[..., Run]) -> None:
    first, second = start(), start()
    for run in (first, second):
        run.send(log(), complete())
    viewer = watch(second.domain)
    viewer.await_told(lambda one: one.run_id == second.id and one.is_end)
    assert second.client.delete(second.path).status_code == 204
    viewer.await_told(lambda one: one.run_id == first.id and one.is_end)  # which is the latest now
    third = start()
    third.send(log(), log())
    viewer.await_seq(2, third.id)
    assert viewer.story_of(third.id).count(1) == 1


def test_the_followed_domain_is_deleted(watch: Watch, audience: Audience, start: Callable[..., Run]) -> None:
    run = start()
    run.send(log(), complete())
    viewer, overview = watch(run.domain), audience.sse(None)
    viewer.await_type("completed")
    assert run.client.delete(f"/domains/{run.domain}").status_code == 204
    viewer.await_over(CUT_OFF_WITHIN_S)
    denied(watch(run.domain), 404)
    assert run.client.post("/domains", json={"name": run.domain, "description": "The same again"}).status_code == 201
    again = start()
    overview.await_told(lambda one: one.run_id == again.id)


# The status of all domains


def test_the_stream_of_all_domains(sse: Callable[..., SseViewer], operator: httpx.Client, new_domain: Any) -> None:
    here = Run(operator, new_domain())
    here.send(phase(ENTITY), log())
    viewer = sse(None)
    assert viewer.await_told(lambda one: one.run_id == here.id).type == "progress_update"
    there = Run(operator, new_domain())  # a domain that was not there before
    there.send(phase(ENTITY), log(), progress(0.5))
    viewer.await_told(lambda one: one.run_id == there.id and one.status["progress"] == 27)
    here.send(phase(RELATION), log())
    changed = viewer.await_told(lambda one: one.run_id == here.id and one.type == "phase_changed")
    assert lasting(changed.status) == lasting(here.status())
    here.send(log(), complete())
    there.send(fail())
    ended = viewer.await_told(lambda one: one.run_id == here.id and one.is_end)
    assert (ended.type, ended.status) == ("completed", here.status())
    assert viewer.await_told(lambda one: one.run_id == there.id and one.is_end).type == "failed"
    again = Run(operator, here.domain)
    again.send(progress(1.0))
    viewer.await_told(lambda one: one.run_id == again.id and one.status["progress"] == 5)
    assert not viewer.is_over
    assert "log" not in {one.type for one in viewer.told}
    assert {one.id for one in viewer.told} == {None}
    assert b"\nid:" not in viewer.stream.raw


# Shown without a write


@pytest.mark.parametrize("face", FACES)
def test_a_stalled_run_shows_by_itself(impatient_service: Any, face: str) -> None:
    client = impatient_service.client(impatient_service.token("operator"))
    run = Run(client, domain := create_domain(client))
    with Audience(impatient_service, None) as anybody:
        viewers = [FACES[face](anybody, domain), anybody.sse(None)]
        run.send(phase(ENTITY))
        for viewer in viewers:
            stalled = viewer.await_told(
                lambda one: one.run_id == run.id and one.type != "log" and one.status["health"] == "stalled"
            )
            assert stalled.type == "progress_update"
        run.heartbeat()
        for viewer in viewers:
            viewer.await_that(lambda v=viewer: set(after(healths(v, run), "stalled")) & {"ok", "hanging"})
    assert ok(client.get(run.path))["status"] == "training"


def healths(viewer: Viewer, run: Run) -> list[str]:
    return [str(one.status["health"]) for one in viewer.told if one.run_id == run.id and one.seq is None]


def after(values: list[str], one: str) -> list[str]:
    return values[values.index(one) + 1 :]
