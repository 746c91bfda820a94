"""Between a tracker and its service something else answers: that passes, whatever it says."""

import logging
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from aegis_tracker import AegisTrackerWarning, backoff
from support.contract_server import ContractServer, Handler, Run, like_a_proxy, no_content, raw, say, send, well
from support.trackers import MakeTracker, said_once

KINDS = sorted(like_a_proxy(403))
SERVED = "accepts reports again"


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backoff, "BACKOFF_MIN_S", 0.01)
    monkeypatch.setattr(backoff, "BACKOFF_MAX_S", 0.05)


@pytest.fixture
def heard(caplog: pytest.LogCaptureFixture) -> Callable[[str], int]:
    """How often the log has said something; as a warning it may be said once."""
    caplog.set_level(logging.INFO, "aegis_tracker")
    return lambda words: sum(words in record.message for record in caplog.records)


def report_through(service: ContractServer, make_tracker: MakeTracker, at_start: list[Any], later: list[Any]) -> Run:
    """A run that is reported to its end, though this is answered to its first requests and to those after its start."""
    service.misbehave += [*at_start, well, *later]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        tracker = make_tracker()
        for number in range(20):
            tracker.log("INFO", str(number))
        tracker.complete({})
        assert tracker.flush(30)
    assert not service.misbehave
    assert service.run.texts()[:-1] == [str(number) for number in range(20)]
    assert len({str(one.message) for one in said if one.category is AegisTrackerWarning}) == len(said)
    return service.run


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 407, 409, 411, 414, 415, 421, 422, 428, 431, 451, 499])
def test_a_proxy_s_refusal_passes(
    service: ContractServer, make_tracker: MakeTracker, heard: Callable[[str], int], status: int
) -> None:
    reply = send(status, b"<html>", "text/html; charset=utf-8", {"Server": "a-proxy/1.2"})
    report_through(service, make_tracker, [reply] * 3, [reply] * 2)
    words = f" now (HTTP {status} from "
    assert heard(words) == 2  # at each outage
    assert heard("a-proxy/1.2, text/html, not from the service") == 2
    assert heard("sending is retried") == 2
    assert heard(SERVED) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_only_the_service_s_own_problem_is_final(service: ContractServer, make_tracker: MakeTracker, kind: str) -> None:
    replies = [like_a_proxy(status)[kind] for status in (401, 403, 404, 422)]
    report_through(service, make_tracker, replies, replies)


@pytest.mark.parametrize("kind", KINDS)
def test_a_conflict_that_is_not_the_service_s_moves_nothing(
    service: ContractServer, make_tracker: MakeTracker, kind: str
) -> None:
    """It looks as if a service restored from a backup asked for earlier events."""
    tracker = make_tracker()
    tracker.log("INFO", "one")
    assert tracker.flush(30)
    service.misbehave.append(like_a_proxy(409)[kind])
    tracker.log("INFO", "two")
    assert tracker.flush(30)
    assert service.run.texts() == ["one", "two"]
    assert service.run.duplicates == 0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("reply_as", [send, say])
def test_a_redirect_passes_and_is_not_followed(
    service: ContractServer,
    make_tracker: MakeTracker,
    heard: Callable[[str], int],
    status: int,
    reply_as: Callable[..., Any],
) -> None:
    with ContractServer("elsewhere") as elsewhere:
        to = {"Location": f"http://somebody:secret@127.0.0.1:{elsewhere.port}/sign/in?state=secret#x"}
        reply = send(status, b"", "text/html", to) if reply_as is send else say(status, headers=to)
        report_through(service, make_tracker, [reply] * 2, [reply])
        assert elsewhere.requests == []
        assert heard(f"a redirect to {elsewhere.url}/sign/in, which is not followed") == 2
    assert heard("AEGIS_URL") == 2
    assert heard("secret") == 0


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("/login?next=1", "a redirect to http://127.0.0.1:{port}/login, "),
        ("http://[::1", "a redirect without a target"),
        ("", "a redirect without a target"),
        ("https://[::1]:99/x", "a redirect to https://[::1]:99/x, "),
        ("//sso.example.org", "a redirect to http://sso.example.org, "),
    ],
)
def test_where_a_redirect_points_to_is_said(
    service: ContractServer, make_tracker: MakeTracker, heard: Callable[[str], int], location: str, shown: str
) -> None:
    report_through(service, make_tracker, [send(302, b"", "text/html", {"Location": location})], [])
    assert heard(shown.format(port=service.port)) == 1


def test_what_answers_instead_is_not_kept_connected(service: ContractServer, make_tracker: MakeTracker) -> None:
    """A 421, and a backend that is wrong, last as long as the connection to them."""
    wrong: set[int] = set()

    def misdirected(handler: Handler) -> bool:
        service.misbehave.append(misdirected)
        peer = handler.client_address[1]
        if len(wrong) < 3:
            wrong.add(peer)
        return peer in wrong and like_a_proxy(421)["text"](handler)

    service.misbehave.append(misdirected)
    tracker = make_tracker()
    tracker.complete({})
    assert tracker.flush(30)
    assert len(wrong) == 3


def hints(handler: Handler) -> bool:
    """An interim response before the real one, as some proxies send it."""
    handler.wfile.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n")
    return False


@pytest.mark.parametrize(
    "reply",
    [
        send(200, b"<html>Welcome to the hotel</html>", "text/html"),
        send(200, b'{"portal": true}', "application/json"),
        send(200, b'{"cancel_requested": true}', "application/json"),
        send(200, b'{"cancel_requested": true, "last_n": 0, "training_run_id": "x"}', "application/json"),
        send(200, b'{"cancel_requested": true, "last_n": true}', "application/json"),
        send(200, b"[" * 100_000, "application/json"),
        send(200, b'{"cancel_requested": true, "last_n": 1e999}', "application/json"),
        send(200, b" " * 3_000_000, "application/json"),
        send(201, b"", ""),
        send(206, b"{}", "application/json"),
        no_content,
        hints,
        raw(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"),
        raw(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 100),
        raw(b""),
        raw(b"\x16\x03\x01\x00\xa5"),
        raw(b"SSH-2.0-OpenSSH_9.2\r\n"),
        raw(b"HTTP/2 200\r\n\r\n"),
        raw(b"HTTP/1.1 nothing\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{}"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n{}"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\n{}"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n{}"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08"),
        raw(b"HTTP/1.1 404 Not Found\r\nContent-Type: application/problem+json\r\nContent-Length: 900\r\n\r\n{"),
    ],
)  # fmt: skip
def test_any_answer_that_is_not_the_service_s_passes(
    service: ContractServer, make_tracker: MakeTracker, reply: Callable[[Handler], bool]
) -> None:
    tracker_was_stopped = []
    service.misbehave += [reply, well, reply]
    tracker = make_tracker(on_cancel=lambda: tracker_was_stopped.append(1))
    tracker.log("INFO", "one")
    assert tracker.flush(30)
    service.misbehave.append(reply)
    tracker.complete({})
    assert tracker.flush(30)
    assert service.run.texts()[0] == "one"
    assert service.run.ended
    assert not tracker_was_stopped


NEVER = "Mon, 99 Foo 99999 99:99:99 GMT"
LONG_AGO = "Thu, 01 Jan 1970 00:00:00 GMT"


@pytest.mark.parametrize("asked", ["0", "-5", "nan", "inf", "0.1", "", "\u00b2", LONG_AGO, NEVER, "a, b c d", "0, 0"])
def test_an_absurd_wish_to_be_left_alone_is_neither_waited_for_nor_taken_as_at_once(
    service: ContractServer, make_tracker: MakeTracker, asked: str
) -> None:
    replies = [send(status, b"", "text/html", {"Retry-After": asked}) for status in (503, 404, 302)]
    report_through(service, make_tracker, replies, replies)


def test_no_wish_makes_the_waits_shorter_or_endless() -> None:
    waits = backoff.Backoff()
    for asked in (0.0, -1.0, float("nan"), 1e-9):
        assert waits.after_failure(asked) >= backoff.BACKOFF_MIN_S / 2
    for asked in (1e9, float("inf")):
        assert waits.after_failure(asked) == backoff.RETRY_AFTER_MAX_S


@pytest.mark.parametrize(
    ("takes_bytes", "kind"), [(300, "html"), (1500, "the service's body in another type"), (3000, "nothing")]
)
def test_a_proxy_that_takes_very_little_gets_single_reports(
    service: ContractServer, make_tracker: MakeTracker, takes_bytes: int, kind: str
) -> None:
    """As long as a report is small enough; one that is not waits until the proxy takes more."""
    refuse = like_a_proxy(413)[kind]

    def limited(handler: Handler) -> bool:
        service.misbehave.append(limited)
        return int(handler.headers["Content-Length"]) > takes_bytes and refuse(handler)

    service.misbehave.append(limited)
    tracker = make_tracker()
    tracker.log("INFO", "first")
    assert tracker.flush(30)
    tracker.log("INFO", "x" * 4000)
    for number in range(200):
        tracker.log("INFO", str(number))
    seen = len(service.requests)
    service.await_(lambda: len(service.requests) > seen + 15)
    assert service.run.texts() == ["first"]
    with service.changed:
        service.misbehave.clear()
    tracker.complete({})
    assert tracker.flush(30)
    assert service.run.texts()[1:-1] == ["x" * 4000, *map(str, range(200))]


def test_a_large_report_that_a_proxy_refuses_is_waited_for_not_asked_about_at_once(
    service: ContractServer, make_tracker: MakeTracker, heard: Callable[[str], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backoff, "BACKOFF_MIN_S", 60.0)
    monkeypatch.setattr(backoff, "BACKOFF_MAX_S", 60.0)
    refuse = like_a_proxy(413)["html"]
    service.misbehave += [well, refuse, refuse]
    tracker = make_tracker()
    tracker.log("INFO", "x" * 50_000)
    service.await_(lambda: len(service.requests) == 2)
    with service.changed:
        assert not service.changed.wait_for(lambda: len(service.requests) > 2, 1.5)
    assert heard("413 from") == 1
    assert heard("refuses a single report of this size") == 1


def test_the_service_s_own_413_of_one_report_is_final(
    service: ContractServer, make_tracker: MakeTracker, heard: Callable[[str], int]
) -> None:
    too_large = say(413, "The body is too large.", code="too_large")
    service.misbehave += [well, *[too_large] * 12]
    tracker = make_tracker()
    with said_once("The body is too large"):
        for number in range(100):
            tracker.log("INFO", str(number))
        assert tracker.flush(30) is False
    assert heard("not sent any more") == 1


def test_what_is_wrong_next_is_said_too(
    service: ContractServer, make_tracker: MakeTracker, heard: Callable[[str], int]
) -> None:
    """A redeployment: first nobody is there, then the proxy answers by itself, then it wants people to sign in."""
    away, proxy = say(503, "Busy."), send(404, b"", "text/plain")
    sign_in = send(302, b"", "text/html", {"Location": "/login"})
    report_through(service, make_tracker, [away, away, proxy, away, proxy, sign_in, proxy], [])
    assert [heard(words) for words in ('503 "Busy."', "404 from", "302 from", SERVED)] == [1, 1, 1, 1]


@pytest.mark.filterwarnings("ignore::aegis_tracker.AegisTrackerWarning")
def test_the_next_outage_is_said_again(
    service: ContractServer, make_tracker: MakeTracker, heard: Callable[[str], int]
) -> None:
    tracker = make_tracker()
    for outage in range(1, 4):
        service.misbehave += [send(404, b"", "text/plain")] * 3
        tracker.log("INFO", str(outage))
        assert tracker.flush(30)
        service.await_(lambda: not service.misbehave)
        assert (heard("404 from"), heard(SERVED)) == (outage, outage)


@pytest.mark.parametrize(
    "reply",
    [
        raw(b"\x1b[31mHELLO\x1b[2J" + b"x" * 60_000 + b"\r\n\r\n"),
        send(404, b"", "text/\x1b[2J" + "x" * 60_000, {"Server": "\x1b[2J" + "x" * 1000}),
        say(500, "\x1b[2J" + "x" * 60_000),
    ],
)
def test_what_answers_is_said_as_one_short_line(
    service: ContractServer, make_tracker: MakeTracker, caplog: pytest.LogCaptureFixture, reply: Callable[..., bool]
) -> None:
    report_through(service, make_tracker, [reply], [])
    said = [record.getMessage() for record in caplog.records if record.name == "aegis_tracker"]
    assert said
    assert not [text for text in said if len(text) > 2000 or not text.isprintable()]
