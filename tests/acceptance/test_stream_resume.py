"""A viewer that comes back with its cursor: nothing missing, nothing twice, the end always told."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.answers import ok, problem, refused
from tests.support.domains import create_domain
from tests.support.live_viewers import SseViewer, Viewer
from tests.support.own_database import Database
from tests.support.runs import Run, complete, fail, log, new_id
from tests.support.stream_viewers import Audience

Watch = Callable[..., Viewer]
GARBLED = [
    "",
    "x",
    "2",
    "2.",
    ".3",
    "2.x",
    "2.3x",
    "x2.3",
    "-2.3",
    "2.-3",
    "2,3",
    "2.3.4",
    "2 .3",
    "2.1e0",
    "0x2.3",
    "2.99999999999999999999999999",
    "99999999999999999999999999.3",
    "end",
    ".end",
    "x.end",
    "2.END",
    "2.ended",
    "null",
    "2.3, 2.4",
    "'; --",
    "9" * 4000,
]


@pytest.fixture
def second(start: Callable[..., Run]) -> Run:
    """Run 2 of its domain, with five entries; run 1 had nine."""
    first = start()
    first.send(*[log(f"of run 1: {n}") for n in range(1, 10)], complete())
    run = start()
    run.send(*[log(f"line {n}") for n in range(1, 6)])
    return run


def as_new(*more: str | int) -> list[str | int]:
    return ["progress_update", 1, 2, 3, 4, 5, *more]


def scoped(run: Run, of_run: bool) -> dict[str, str]:
    return {"training_run_id": run.id} if of_run else {}


of_run_or_domain = pytest.mark.parametrize("of_run", [True, False], ids=["run", "domain"])


@of_run_or_domain
def test_a_cursor_in_a_running_run(watch: Watch, second: Run, of_run: bool) -> None:
    viewer = watch(second.domain, last_event_id="2.3", **scoped(second, of_run))
    viewer.await_story(4, 5, "progress_update")
    second.send(log("line 6"))
    viewer.await_seq(6)
    assert viewer.seqs == [4, 5, 6]
    assert "started" not in viewer.story


@of_run_or_domain
def test_a_cursor_at_the_last_entry(watch: Watch, second: Run, of_run: bool) -> None:
    viewer = watch(second.domain, last_event_id="2.5", **scoped(second, of_run))
    viewer.await_story("progress_update")
    second.send(log("line 6"))
    viewer.await_seq(6)
    assert viewer.seqs == [6]


@of_run_or_domain
@pytest.mark.parametrize("end", [complete(), fail("it broke")], ids=["completed", "failed"])
def test_a_cursor_in_a_run_that_has_ended(watch: Watch, second: Run, end: dict[str, Any], of_run: bool) -> None:
    second.send(end)
    rest = [4, 5, "completed"] if end["type"] == "complete" else [4, 5, 6, "failed"]
    viewer = watch(second.domain, last_event_id="2.3", **scoped(second, of_run))
    viewer.await_story(*rest)
    if of_run:
        viewer.await_over()
    assert viewer.story == rest


@of_run_or_domain
def test_cut_off_between_the_last_entry_and_the_end(watch: Watch, second: Run, of_run: bool) -> None:
    second.send(complete())
    viewer = watch(second.domain, last_event_id="2.5", **scoped(second, of_run))
    viewer.await_story("completed")
    if of_run:
        viewer.await_over()
        assert viewer.story == ["completed"]


@of_run_or_domain
@pytest.mark.parametrize("cursor", ["1.3", "1.9", "1.end", "3.1", "3.end", "2.6", "2.1000000"])
def test_a_cursor_of_another_run_or_beyond_counts_as_none(watch: Watch, second: Run, cursor: str, of_run: bool) -> None:
    viewer = watch(second.domain, last_event_id=cursor, **scoped(second, of_run))
    viewer.await_story(*as_new())
    assert {one.run_id for one in viewer.told} == {second.id}


@pytest.mark.parametrize("cursor", GARBLED, ids=lambda text: text[:30])
def test_a_garbled_cursor_counts_as_none(sse: Callable[..., SseViewer], second: Run, cursor: str) -> None:
    second.send(complete())
    viewer = sse(second.domain, last_event_id=cursor, training_run_id=second.id)
    viewer.await_over()
    assert viewer.story == as_new("completed")


def test_the_cursor_of_an_end_that_was_not(watch: Watch, second: Run) -> None:
    """The run has not ended: the cursor is none of this run's, and nothing may be missing."""
    viewer = watch(second.domain, last_event_id="2.end", training_run_id=second.id)
    viewer.await_seq(5)
    assert viewer.seqs == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("after", [0, 3, 5])
def test_after(watch: Watch, second: Run, after: int) -> None:
    rest = list(range(after + 1, 6))
    viewer = watch(second.domain, training_run_id=second.id, after=after)
    viewer.await_story("progress_update", *rest, "progress_update")
    second.send(log("line 6"), complete())
    viewer.await_over()
    assert viewer.seqs == [*rest, 6]
    ended = watch(second.domain, training_run_id=second.id, after=after)
    ended.await_over()
    assert ended.story == ["progress_update", *rest, 6, "completed"]


@pytest.mark.parametrize("after", [6, 10**9, 10**30])
def test_after_beyond_the_last_entry(watch: Watch, second: Run, after: int) -> None:
    viewer = watch(second.domain, training_run_id=second.id, after=after)
    viewer.await_story("progress_update", "progress_update")
    second.send(log("line 6"), log("line 7"))
    viewer.await_seq(7)
    assert viewer.seqs[-1] == 7
    assert min(viewer.seqs) > 5


@pytest.mark.parametrize("after", ["x", "", "-1", "1.5", "1e3", "٣", "0x3", "3 4", "None"])
def test_after_that_is_no_number(watch: Watch, second: Run, after: str) -> None:
    answer = watch(second.domain, training_run_id=second.id, after=after).answer
    assert "after" in {error["field"] for error in refused(answer)["errors"]}


def test_after_without_a_run(watch: Watch, second: Run) -> None:
    answer = watch(second.domain, after=3).answer
    assert "after" in {error["field"] for error in refused(answer)["errors"]}


def test_the_last_event_id_wins_over_after(watch: Watch, second: Run) -> None:
    second.send(complete())
    viewer = watch(second.domain, training_run_id=second.id, after=1, last_event_id="2.4")
    viewer.await_over()
    assert viewer.story == [5, "completed"]


# The end that was already told


@pytest.mark.parametrize("end", [complete(), fail()], ids=["completed", "failed"])
def test_whoever_knows_the_end_is_told_nothing(audience: Audience, second: Run, end: dict[str, Any]) -> None:
    second.send(end)
    told = audience.sse(second.domain, training_run_id=second.id, last_event_id="2.end")
    told.await_over()
    assert (told.answer.status_code, told.answer.content, told.told) == (204, b"", [])
    socket = audience.websocket(second.domain, training_run_id=second.id, last_event_id="2.end")
    socket.await_over()
    assert (socket.close_code, socket.told) == (1000, [])


def test_a_domain_viewer_who_knows_the_end_waits_for_the_next_run(
    watch: Watch, second: Run, start: Callable[..., Run]
) -> None:
    second.send(complete())
    viewer = watch(second.domain, last_event_id="2.end")
    third = start()
    third.send(log(), complete())
    viewer.await_told(lambda one: one.run_id == third.id and one.is_end)
    assert set(viewer.story_of(second.id)) <= {"progress_update"}
    assert [one for one in viewer.story_of(third.id) if one not in ("progress_update", "started")] == [1, "completed"]


def test_ids_that_are_none(watch: Watch, second: Run, new_domain: Callable[[], str]) -> None:
    for run_id in ("x", "1", second.id[:-1], ""):
        answer = watch(second.domain, training_run_id=run_id).answer
        assert "training_run_id" in {error["field"] for error in refused(answer)["errors"]}
    for domain, run_id in ((second.domain, new_id()), (new_domain(), second.id)):
        answer = watch(domain, training_run_id=run_id).answer
        problem(answer, 404)


# Entries that are no longer kept


def test_a_cursor_older_than_what_is_kept(database: Database) -> None:
    with database.served() as service:
        client = service.client(service.token("operator"))
        run = Run(client, create_domain(client))
        run.send(*[log(f"line {n}") for n in range(1, 11)])
        database.forget_entries(run.id, up_to=5)
        assert ok(client.get(f"/domains/{run.domain}/training-logs"))["first_seq"] == 6
        with Audience(service, service.token("viewer")) as audience:
            for open_again in (audience.sse, audience.websocket):
                viewer = open_again(run.domain, training_run_id=run.id, last_event_id="1.3")
                viewer.await_story("gap", 6, 7, 8, 9, 10, "progress_update")
                gap = viewer.told[0]
                assert (gap.envelope["data"], gap.id) == ({"first_seq": 6}, None)
                new = open_again(run.domain)
                new.await_story("progress_update", "gap", 6, 7, 8, 9, 10)
                for cursor, rest in (("1.5", [6, 7, 8, 9, 10]), ("1.8", [9, 10])):
                    open_again(run.domain, last_event_id=cursor).await_story(*rest, "progress_update")
