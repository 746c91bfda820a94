"""What the envelopes are made of, by Server-Sent Events and by WebSocket alike, and what they are on the wire."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from tests.support.answers import refused
from tests.support.live_viewers import SseViewer, Viewer, lasting
from tests.support.running_service import Service
from tests.support.runs import ENTITY, RELATION, Run, complete, fail, iso, log, now, phase, progress
from tests.support.stream_viewers import FACES, Audience

HEARTBEAT_S = 15
Watch = Callable[..., Viewer]
AWKWARD = [
    "data: x\n\nid: 9.9\nevent: forged\ndata: {}\n\n",
    "x\r\ndata: y\r\n\r\nid: 9.9\r\n\r\n",
    "x\rid: 9.9\r\rretry: 1\r",
    ": a comment\n",
    "\n\n",
    "",
    "line\u2028separator\u2029paragraph\u0085next\u000bline\u000cpage\u001funit",
    "\ufeffmark",
    '"}\n\n{"event_type": "completed"}',
    "</script> 🙂 ключ \\u0000 \\n",
    "ends in a carriage return\r",
]


def test_the_envelope_of_progress(watch: Watch, run: Run) -> None:
    run.send(phase(ENTITY), progress(0.6, message="trial 6 of 10"))
    viewer = watch(run.domain, training_run_id=run.id)
    first = viewer.await_type("progress_update").envelope
    assert (first["training_run_id"], first["domain"]) == (run.id, run.domain)
    assert (first["progress_percent"], first["phase"], first["message"]) == (31.0, ENTITY, "trial 6 of 10")
    assert lasting(first["data"]["status"]) == lasting(run.status())
    run.send(progress(0.7))
    later = viewer.await_told(lambda one: one.type == "progress_update" and one.status["progress"] != 31).envelope
    assert later["progress_percent"] == pytest.approx(34.5)
    assert lasting(later["data"]["status"]) == lasting(run.status())
    run.send(phase(RELATION))
    changed = viewer.await_type("phase_changed").envelope
    assert (changed["progress_percent"], changed["phase"]) == (45.0, RELATION)
    assert lasting(changed["data"]["status"]) == lasting(run.status())


@pytest.mark.parametrize("end", [complete(message="done", metrics={"entity_f1": 0.9}), fail("it broke")])
def test_the_envelope_of_the_end(watch: Watch, run: Run, end: dict[str, Any]) -> None:
    viewer = watch(run.domain, training_run_id=run.id)
    run.send(phase(ENTITY), end)
    viewer.await_over()
    last = viewer.told[-1]
    assert last.type == {"complete": "completed", "fail": "failed"}[end["type"]]
    assert last.status == run.status()
    assert last.envelope["progress_percent"] == (100 if end["type"] == "complete" else 10)


def test_log_entries_are_those_of_rest(watch: Watch, run: Run) -> None:
    run.send(
        phase(ENTITY, timestamp=iso(now())),
        progress(0.5, message="half", metrics={"f1": 0.5, "best": None, "ok": True, "who": "me"}),
        log("own step", "WARNING", step="warm-up", metrics={}),
        log("", "DEBUG", timestamp="1999-12-31T23:59:59.5+02:00"),
        fail("broken", metrics={"f1": 0.25}),
    )
    viewer = watch(run.domain, training_run_id=run.id)
    viewer.await_over()
    assert viewer.story == ["progress_update", 1, 2, 3, 4, 5, "failed"]
    assert [one.envelope["data"] for one in viewer.told[1:-1]] == run.entries()
    assert {(one.run_id, one.envelope["domain"]) for one in viewer.told} == {(run.id, run.domain)}


def test_ids(sse: Callable[..., SseViewer], start: Callable[..., Run]) -> None:
    start()
    run = start()
    run.send(phase(ENTITY), log())
    viewer = sse(run.domain)
    viewer.await_seq(2)
    run.send(progress(0.5), phase(RELATION), log(), complete(message="done"))
    viewer.await_type("completed")
    for one in viewer.told:
        expected = f"2.{one.seq}" if one.seq else "2.end" if one.is_end else None
        assert one.id == expected, one
    assert viewer.seqs == [1, 2, 3, 4, 5]


@pytest.mark.parametrize("of_all", [False, True], ids=["one domain", "all domains"])
def test_headers(sse: Callable[..., SseViewer], domain: str, of_all: bool) -> None:
    viewer = sse(None if of_all else domain)
    assert viewer.answer.status_code == 200
    headers = viewer.answer.headers
    assert headers["content-type"].split(";")[0] == "text/event-stream"
    assert headers["cache-control"] == "no-cache, no-transform"
    assert headers["x-accel-buffering"] == "no"
    assert headers["content-encoding"] == "identity"
    assert "content-length" not in headers
    viewer.await_that(lambda: viewer.stream.raw)  # at once, though there may be nothing to tell


@pytest.mark.parametrize("accept", ["*/*", "text/event-stream", "text/event-stream, */*;q=0.1"])
def test_what_the_client_accepts_and_a_slash_at_the_end(
    service: Any, viewer: httpx.Client, run: Run, accept: str
) -> None:
    for path in (f"/domains/{run.domain}/training-stream/", "/training-stream/"):
        with viewer.stream("GET", path, headers={"Accept": accept}) as answer:
            assert answer.status_code == 200
            assert answer.headers["content-type"].split(";")[0] == "text/event-stream"


def test_a_batch_of_a_thousand_events_loses_no_entry(watch: Watch, run: Run) -> None:
    """However status changes are put together."""
    viewer = watch(run.domain, training_run_id=run.id)
    viewer.await_story("progress_update")
    events = [
        event for n in range(1, 251) for event in (progress(n / 500), log(f"a {n}"), progress(n / 500), log(f"b {n}"))
    ]
    run.send(*events)
    run.send(*events[:-1], complete())
    viewer.await_over()
    assert viewer.seqs == list(range(1, 1000))
    messages = [one.envelope["data"]["message"] for one in viewer.told if one.seq]
    written = [event["message"] for event in events if event["type"] == "log"]
    assert messages == written + written[:-1]
    assert viewer.story[-1] == "completed"
    assert viewer.story.count("completed") == 1


@pytest.mark.parametrize("message", AWKWARD, ids=lambda text: ascii(text)[1:25])
def test_awkward_messages_arrive_as_text(audience: Audience, run: Run, message: str) -> None:
    run.send(log("before"), log(message, metrics={message[:100]: message}), progress(0.5, message=message))
    viewers = [face(audience, run.domain, training_run_id=run.id) for face in FACES.values()]
    run.send(fail(message or "x"))
    for viewer in viewers:
        viewer.await_over()
        entries = [one.envelope["data"] for one in viewer.told if one.seq]
        assert entries == run.entries()
        assert (entries[1]["message"], entries[1]["metrics"]) == (message, {message[:100]: message})
        assert viewer.told[-1].status["error_message"] == (message or "x")


def test_awkward_messages_are_one_line_on_the_wire(sse: Callable[..., SseViewer], run: Run) -> None:
    run.send(*[log(message) for message in AWKWARD], complete())
    viewer = sse(run.domain, training_run_id=run.id)
    viewer.await_over()
    raw = bytes(viewer.stream.raw)
    assert b"\r" not in raw
    lines = [line for line in raw.split(b"\n") if line and not line.startswith((b":", b"retry:"))]
    names = [line.split(b":")[0] for line in lines]
    assert names == [b"data"] + [b"id", b"data"] * (len(AWKWARD) + 1)


def test_nul_is_refused_and_reaches_nobody(sse: Callable[..., SseViewer], run: Run) -> None:
    viewer = sse(run.domain, training_run_id=run.id)
    refused(run.post({"n": 1, **log("x\0y")}))
    run.send(log("after"), complete())
    viewer.await_over()
    assert viewer.seqs == [1]
    assert b"\0" not in viewer.stream.raw


def test_a_quiet_stream_has_comments(service: Service, sse: Callable[..., SseViewer], run: Run) -> None:
    run.send(log())
    # Of its own domain alone: what the runs of other tests do is told to those who may see it.
    bound = {"Authorization": f"Bearer {service.new_token('viewer', domain=run.domain)}"}
    waiting, quiet = sse(run.domain), sse(None, headers=bound)
    waiting.await_seq(1)
    before = {viewer: len(viewer.stream.comments) for viewer in (waiting, quiet)}
    for viewer, comments in before.items():
        viewer.await_that(lambda v=viewer, n=comments: len(v.stream.comments) > n, 3 * HEARTBEAT_S)
    assert waiting.story == ["progress_update", 1]  # nothing is told where nothing happens


def test_an_unknown_parameter_changes_nothing(watch: Watch, run: Run) -> None:
    run.send(log())
    viewer = watch(run.domain, something="else")
    viewer.await_story("progress_update", 1)
