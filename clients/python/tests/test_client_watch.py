"""`Client.watch`: what is told, in order and once, whatever happens to the connection."""

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aegis_tracker import Client, EventWatch, ServiceError, UnreachableError, backoff
from aegis_tracker import event_connection as event_connection_module
from support.contract_server import STATUS, ContractServer, Handler, like_a_proxy, no_content, raw, say, send, stream
from support.trainings import TOKEN

PATH = "/api/v1/admin/domains/medical/training-stream"
A_RUN = "0b9c9ab4-6c4b-4c5f-8d4e-6f0f9a1d2c3b"
LIMIT_S = 30


@pytest.fixture
def client(service: ContractServer) -> Iterator[Client]:
    with Client(service.url, token=TOKEN) as client:
        yield client


def entry(seq: int) -> str:
    return f"id: 1.{seq}\ndata: {json.dumps({'event_type': 'log', 'data': {'seq': seq}})}\n\n"


def status(event_type: str, event_id: str = "") -> str:
    told = f"data: {json.dumps({'event_type': event_type, 'data': {'status': STATUS}})}\n\n"
    return f"id: {event_id}\n{told}" if event_id else told


def story(watch: EventWatch, until: str | int | None = None) -> list[str | int]:
    """Entries by their number, everything else by its type; up to `until`, else to the end."""
    told: list[str | int] = []
    for event in watch:
        told.append(event["data"]["seq"] if event["event_type"] == "log" else event["event_type"])
        if told[-1] == until:
            break
    return told


def told(event_type: str, data: str) -> str:
    return f'data: {{"event_type": "{event_type}", "data": {data}}}\n\n'


CUT_OFF = "the connection was cut off"


def cursors(service: ContractServer) -> list[str | None]:
    return [headers.get("Last-Event-ID") for headers in service.headers]


@pytest.mark.parametrize("end", ["ended", "cut"])
def test_it_goes_on_after_an_interruption(service: ContractServer, client: Client, end: str) -> None:
    half = entry(4)[: len(entry(4)) // 2]
    service.misbehave += [
        stream(status("progress_update"), entry(1) + entry(2), entry(3)[:9], entry(3)[9:], half, end=end),
        stream(entry(4), status("progress_update"), end=end),
        stream(status("completed", "1.end")),
    ]
    heard: list[Exception] = []
    watch = client.watch("medical", on_trouble=heard.append)
    expected = ["progress_update", 1, 2, 3, 4, "progress_update", "completed"]
    assert story(watch, until="completed") == expected
    assert cursors(service) == [None, "1.3", "1.4"]
    assert watch.last_event_id == "1.end"
    assert [type(one) for one in heard] == [UnreachableError] * 2
    assert {str(one) for one in heard} == {"the service has ended the stream" if end == "ended" else CUT_OFF}


def test_the_run_s_end_is_the_watch_s(service: ContractServer, client: Client) -> None:
    service.misbehave.append(stream(entry(1), status("failed", "1.end"), "id: 1.end.1\n\n"))
    watch = client.watch("medical", training_run_id=A_RUN)
    assert story(watch) == [1, "failed"]
    assert service.requests == [f"{PATH}?training_run_id={A_RUN}"]
    assert watch.last_event_id == "1.end.1"
    service.misbehave.append(no_content)
    assert story(watch) == []
    assert cursors(service) == [None, "1.end.1"]


@pytest.mark.parametrize(
    ("pieces", "cursor"),
    [
        ([status("completed", "1.end") + ": still here\n\n"], "1.end"),
        ([status("completed", "1.end"), "id: 1.end.1\n\n: still", " here\n\n"], "1.end.1"),
    ],
    ids=["one piece", "several pieces"],
)
def test_the_first_comment_after_the_end_ends_a_watch_of_a_run(
    service: ContractServer, client: Client, pieces: list[str], cursor: str
) -> None:
    """The service keeps the connection open for a while."""
    service.misbehave.append(stream(": still here\n\n" + entry(1), *pieces, end="held"))
    watch = client.watch("medical", training_run_id=A_RUN)
    assert story(watch) == [1, "completed"]
    assert watch.last_event_id == cursor
    assert len(service.requests) == 1


def test_a_run_that_is_cut_off_before_its_end_is_not_over(service: ContractServer, client: Client) -> None:
    service.misbehave += [stream(entry(1)), stream(status("completed", "1.end"), end="cut")]
    assert story(client.watch("medical", training_run_id=A_RUN)) == [1, "completed"]


@pytest.mark.parametrize(("run", "cursor"), [(A_RUN, None), (A_RUN, "1.7"), (A_RUN, "1.endless"), (None, "1.end")])
def test_who_was_told_no_end_is_not_told_that_nothing_follows(
    service: ContractServer, client: Client, run: str | None, cursor: str | None
) -> None:
    """By the service; something else answers 204 to whatever it is asked."""
    service.misbehave += [no_content, no_content, stream(entry(8), status("completed", "1.end"), end="held")]
    heard: list[int] = []
    watch = client.watch(
        "medical", training_run_id=run, last_event_id=cursor, on_trouble=lambda error: heard.append(error.status)
    )
    assert story(watch, until="completed") == [8, "completed"]
    assert heard == [204, 204]


def test_what_a_later_service_may_tell_is_passed_over(service: ContractServer, client: Client) -> None:
    later = told("annotation", "5")
    service.misbehave += [
        stream(later, entry(1), f"id: 1.2\n{later}", f"id: 1.3\n{later}", end="cut"),
        stream(entry(4), end="held"),
    ]
    assert story(client.watch("medical"), until=4) == [1, 4]
    assert cursors(service) == [None, "1.3"]


def test_a_domain_goes_on_after_a_run_s_end(service: ContractServer, client: Client) -> None:
    service.misbehave.append(stream(status("completed", "1.end"), status("started"), entry(1), end="held"))
    assert story(client.watch("medical"), until=1) == ["completed", "started", 1]


def test_it_goes_on_where_an_earlier_one_was(service: ContractServer, client: Client) -> None:
    service.misbehave += [stream(entry(8), entry(9), end="held"), stream(entry(9), end="held")]
    watch = client.watch("medical", last_event_id="1.7")
    for _ in watch:
        assert watch.last_event_id == "1.8"
        break
    assert story(watch, until=9) == [9]  # another loop goes on, too
    assert cursors(service) == ["1.7", "1.8"]


@pytest.mark.parametrize("kind", sorted(like_a_proxy(403)))
def test_a_proxy_s_refusal_is_waited_for(
    service: ContractServer, client: Client, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    monkeypatch.setattr(backoff, "BACKOFF_MIN_S", 0.01)
    replies = [like_a_proxy(status)[kind] for status in (401, 403, 404, 422, 301)]
    service.misbehave += [*replies, stream(entry(1)), *replies, stream(entry(2), end="held")]
    heard: list[Exception] = []
    assert story(client.watch("medical", on_trouble=heard.append), until=2) == [1, 2]
    told = [(one.status, one.code) for one in heard if isinstance(one, ServiceError)]
    assert told == [(status, "unknown") for status in (401, 403, 404, 422, 301)] * 2
    assert "Not the service." not in str(heard)


@pytest.mark.parametrize(
    "trouble",
    [
        send(200, b'{"portal": true}', "application/json"),
        send(201, b"", ""),
        send(407, b"<html>", "text/html", {"Retry-After": "-1"}),
        raw(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n"),
    ],
)
def test_whatever_else_answers_is_waited_for(
    service: ContractServer, client: Client, monkeypatch: pytest.MonkeyPatch, trouble: Any
) -> None:
    monkeypatch.setattr(backoff, "BACKOFF_MIN_S", 0.01)
    service.misbehave += [trouble, trouble, stream(entry(1), end="held")]
    heard: list[Exception] = []
    assert story(client.watch("medical", on_trouble=heard.append), until=1) == [1]
    assert len(heard) == 2


@pytest.mark.parametrize("refusal", [401, 403, 404, 422])
def test_a_refusal_is_raised(service: ContractServer, client: Client, refusal: int) -> None:
    service.misbehave += [stream(entry(1)), say(refusal, "This is why.", code="a_word")]
    watch = client.watch("medical")
    with pytest.raises(ServiceError, match=r"This is why\.") as raised:
        story(watch)
    assert (raised.value.status, raised.value.code) == (refusal, "a_word")
    assert watch.last_event_id == "1.1"


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (say(500, "Database operation failed"), "Database operation failed"),
        (say(503, "Too many viewers.", {"Retry-After": "0"}), "Too many viewers."),
        (send(502, b"<html>", "text/html"), "The service answered 502 Bad Gateway."),
        (send(302, b"", "text/html", {"Location": "/"}), "a redirect, which is not followed"),
        (send(200, b"<html>", "text/html"), "The answer is not from the service"),
        (stream("data: <html>\n\n"), "The answer is not from the service"),
        (stream("data: {}\n\n"), "The answer is not from the service"),
        (no_content, "The answer is not from the service"),
        (stream(f"data: {'[' * 100_000}\n\n"), "The answer is not from the service"),
        (stream(told("log", f'{{"seq": {"9" * 5000}}}')), "The answer is not from the service"),
        (stream(told("log", "{}")), "The answer is not from the service"),
        (stream(told("log", "null")), "The answer is not from the service"),
        (stream(told("gap", '{"first_seq": "x"}')), "The answer is not from the service"),
        (stream(told("completed", "{}")), "The answer is not from the service"),
        (stream(told("completed", '{"status": null}')), "The answer is not from the service"),
        (stream(told("progress_update", '{"status": {"status": "training"}}')), "The answer is not from the service"),
        (stream('data: {"event_type": "started"}\n\n'), "The answer is not from the service"),
        (stream("id: \u2713\n\n"), "The answer is not from the service"),
        (stream(f"id: {'1' * 60_000}\n\n"), "The answer is not from the service"),
        (stream("id: 5\x0b7\n\n"), "The answer is not from the service"),
    ],
)
def test_everything_else_is_waited_for(service: ContractServer, client: Client, trouble: Any, words: str) -> None:
    service.misbehave += [trouble, trouble, stream(entry(1), end="held")]
    heard: list[str] = []
    assert story(client.watch("medical", on_trouble=lambda error: heard.append(str(error))), until=1) == [1]
    assert len(heard) == 2
    assert all(words in one for one in heard)


def test_a_service_that_is_not_there_is_waited_for(client: Client, service: ContractServer) -> None:
    with ContractServer(TOKEN) as gone:
        port = gone.port
    with Client(f"http://127.0.0.1:{port}", token=TOKEN) as watcher:
        heard = threading.Event()
        told: list[list[str | int]] = []
        watch = watcher.watch("medical", on_trouble=lambda _: heard.set())
        watching = threading.Thread(target=lambda: told.append(story(watch, until=1)))
        watching.start()
        assert heard.wait(LIMIT_S)
        with ContractServer(TOKEN, port) as back:
            back.misbehave.append(stream(entry(1), end="held"))
            watching.join(LIMIT_S)
        assert told == [[1]]


def test_it_comes_back_when_it_was_asked_to(service: ContractServer, client: Client) -> None:
    """Not before: by itself it would be there again within half a second."""
    service.misbehave.append(say(503, "Too many viewers.", {"Retry-After": "60"}))
    watch = client.watch("medical")
    watching = threading.Thread(target=story, args=(watch,))
    watching.start()
    service.await_(lambda: service.requests)
    with service.changed:
        assert not service.changed.wait_for(lambda: len(service.requests) > 1, 1.5)
    watch.close()
    watching.join(LIMIT_S)
    assert not watching.is_alive()


def test_a_silent_connection_is_dead(service: ContractServer, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_connection_module, "SILENCE_MAX_S", 2.0)
    service.misbehave += [stream(entry(1), end="held"), stream(entry(2), end="held")]
    heard: list[str] = []
    assert story(client.watch("medical", on_trouble=lambda error: heard.append(str(error))), until=2) == [1, 2]
    assert heard == ["nothing was heard for 2 s"]
    assert cursors(service) == [None, "1.1"]


def test_comments_are_signs_of_life(service: ContractServer, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_connection_module, "SILENCE_MAX_S", 3.0)

    def breathe(handler: Handler) -> bool:
        pieces = [": still here\n\n"] * 8 + [entry(1)]
        stream(end="open")(handler)
        for piece in pieces:
            waiting.wait(0.5)
            handler.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece.encode()))
        return True

    waiting = threading.Event()
    service.misbehave.append(breathe)
    assert story(client.watch("medical", on_trouble=pytest.fail), until=1) == [1]


def leave_by_break(watch: EventWatch, _: Client) -> None:
    for _event in watch:
        break


def leave_by_with(watch: EventWatch, _: Client) -> None:
    with watch:
        next(iter(watch))


def leave_by_close(watch: EventWatch, _: Client) -> None:
    for _event in watch:
        watch.close()


def leave_by_closing_the_client(watch: EventWatch, client: Client) -> None:
    for _event in watch:
        client.close()


@pytest.mark.parametrize("leave", [leave_by_break, leave_by_with, leave_by_close, leave_by_closing_the_client])
def test_leaving_closes_the_connection(
    service: ContractServer, client: Client, leave: Callable[[EventWatch, Client], None]
) -> None:
    service.misbehave.append(stream(entry(1), entry(2), end="held"))
    watch = client.watch("medical")
    leave(watch, client)
    service.await_(lambda: service.left[PATH] == 1)
    assert len(service.requests) == 1


def test_another_thread_ends_the_loop(service: ContractServer, client: Client) -> None:
    service.misbehave.append(stream(entry(1), end="held"))
    watch = client.watch("medical", on_trouble=pytest.fail)
    got = threading.Event()
    watching = threading.Thread(target=lambda: [got.set() for _ in watch])
    watching.start()
    assert got.wait(LIMIT_S)
    watch.close()
    watching.join(LIMIT_S)
    assert not watching.is_alive()
    service.await_(lambda: service.left[PATH] == 1)


def test_a_closed_watch_asks_for_nothing(service: ContractServer, client: Client) -> None:
    with client.watch("medical") as watch:
        pass
    assert story(watch) == []
    assert service.requests == []


@pytest.mark.parametrize("cursor", ["1.1\r\nX: y", "é", "\0"])
def test_what_is_no_id(client: Client, cursor: str) -> None:
    with pytest.raises(ValueError, match="not the id of an event"):
        client.watch("medical", last_event_id=cursor)
