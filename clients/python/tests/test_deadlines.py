"""However little by little something answers, nobody waits for it without end."""

import json
import threading
from collections.abc import Callable

import pytest
from aegis_tracker import Client, UnreachableError, backoff, event_connection, transport
from support.contract_server import WAIT_S, ContractServer, Handler, stream
from support.trackers import MakeTracker
from support.trainings import TOKEN

OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"
DRIPS = {
    "a status line": (b"HTTP/1.1 200 O", b"K"),
    "a header": (OK + b"X: ", b"x"),
    "headers": (OK, b"X: y\r\n"),
    "100 Continue": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "the headers of 100 Continue": (b"HTTP/1.1 100 Continue\r\n", b"X: y\r\n"),
    "103 Early Hints": (b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "a body": (OK + b"Content-Length: 900000\r\n\r\n", b" "),
    "a body without length": (OK + b"Connection: close\r\n\r\n", b" "),
    "a chunk": (CHUNKED + b"fffff\r\n", b" "),
    "chunks": (CHUNKED, b"1\r\n \r\n"),
    "the length of a chunk": (CHUNKED, b"0"),
    "an error": (b"HTTP/1.1 500 No\r\nContent-Length: 900000\r\n\r\n", b" "),
}
OF_A_GOOD_BODY = {"a body", "a body without length", "a chunk", "chunks", "the length of a chunk"}
each_drip = pytest.mark.parametrize("what", DRIPS)


@pytest.fixture(autouse=True)
def _short_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transport, "EXCHANGE_TIMEOUT_S", 1.0)
    monkeypatch.setattr(event_connection, "EXCHANGE_TIMEOUT_S", 1.0)
    monkeypatch.setattr(backoff, "BACKOFF_MAX_S", 0.05)


def drip(begin: bytes, bit: bytes) -> Callable[[Handler], bool]:
    """Answer bit by bit, until the other side has left, or should have left long ago."""

    def act(handler: Handler) -> bool:
        handler.close_connection = True
        pause = threading.Event()
        try:
            handler.wfile.write(begin)
            for _ in range(int(WAIT_S / 0.1)):
                handler.wfile.write(bit)
                pause.wait(0.1)
        except ConnectionError:
            return True
        handler.service.left["never"] += 1
        return True

    return act


@each_drip
def test_a_reader_gives_up(service: ContractServer, what: str) -> None:
    service.misbehave.append(drip(*DRIPS[what]))
    with (
        Client(service.url, token=TOKEN) as client,
        pytest.raises(UnreachableError, match=r"^(timed out|there is no end)"),
    ):
        client.status("medical")
    assert not service.left["never"]


@each_drip
def test_a_tracker_asks_again(service: ContractServer, make_tracker: MakeTracker, what: str) -> None:
    service.misbehave.append(drip(*DRIPS[what]))
    tracker = make_tracker()
    tracker.complete({})
    assert tracker.flush(60)
    assert not service.left["never"]


@pytest.mark.parametrize(
    "what", sorted(DRIPS.keys() - OF_A_GOOD_BODY)
)  # of what is no stream, a watch does not read them
def test_a_watch_comes_back(service: ContractServer, what: str) -> None:
    entry = json.dumps({"event_type": "log", "data": {"seq": 1}})
    service.misbehave += [drip(*DRIPS[what]), stream(f"id: 1.1\ndata: {entry}\n\n", end="held")]
    with Client(service.url, token=TOKEN) as client:
        for event in client.watch("medical"):
            assert event["data"]["seq"] == 1
            break
    assert not service.left["never"]


def test_the_length_of_a_chunk_is_no_sign_of_life(service: ContractServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_connection, "SILENCE_MAX_S", 1.0)
    heard: list[str] = []

    def never_a_chunk(handler: Handler) -> bool:
        stream(end="open")(handler)
        return drip(b"", b"0")(handler)

    entry = json.dumps({"event_type": "log", "data": {"seq": 1}})
    service.misbehave += [never_a_chunk, stream(f"id: 1.1\ndata: {entry}\n\n", end="held")]
    with Client(service.url, token=TOKEN) as client:
        for event in client.watch("medical", on_trouble=lambda error: heard.append(str(error))):
            assert event["data"]["seq"] == 1
            break
    assert heard == ["nothing was heard for 1 s"]


def test_a_long_answer_over_a_slow_line_has_more_time(service: ContractServer) -> None:
    """By as much as has come of it: a limit for all answers would never let it through."""
    body = json.dumps({"result": "x" * 64 * 1024}).encode()

    def slowly(handler: Handler) -> bool:
        pause = threading.Event()
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        for start in range(0, len(body), 2048):
            handler.wfile.write(body[start : start + 2048])
            pause.wait(0.06)
        return True

    service.misbehave.append(slowly)
    with Client(service.url, token=TOKEN) as client:
        assert client.result("0b9c") == json.loads(body)
