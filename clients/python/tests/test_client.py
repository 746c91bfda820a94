"""The client for reading: what it asks, and what it makes of the answers."""

import json
import pickle
import re
import socket
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from aegis_tracker import Client, ServiceError, SettingsError, UnreachableError
from support.contract_server import STATUS, ContractServer, Handler, like_a_proxy, raw, say, send
from support.trainings import TOKEN

API = "/api/v1/admin"
RUN = STATUS | {"llm_model": "qwen3:32b", "config": {}}
HISTORY = {
    "domain_name": "medical",
    "training_runs": [{"run_number": 1, "status": "completed", "metrics": {}}],
    "improvement": None,
}
COMPARISON = {
    "domain_name": "medical",
    "runs": [{"run_number": 1, "metrics": {}}, {"run_number": 4, "metrics": {}}],
    "metrics": [{"name": "f1", "values": [0.5, None]}],
    "phases": [{"phase": "loading_data", "seconds": [1, 2.5]}],
    "configuration": [{"name": "seed", "values": [], "differs": True}],
    "prompts": [{"name": "entities", "texts": ["a", None], "is_cut_off": False}],
}


@pytest.fixture
def client(service: ContractServer) -> Iterator[Client]:
    with Client(service.url, token=TOKEN) as client:
        yield client


def answer(body: Any) -> Callable[[Handler], bool]:
    return send(200, json.dumps(body).encode(), "application/json")


def page_of_logs(*seqs: int, searched_to: int | None = None) -> Callable[[Handler], bool]:
    return answer({"logs": [{"seq": seq} for seq in seqs], "searched_to_seq": searched_to})


def seqs(client: Client, **asked: Any) -> list[int]:
    return [entry["seq"] for entry in client.logs("medical", **asked)]


@pytest.mark.parametrize(
    ("ask", "path", "told"),
    [
        (lambda client: client.status("medical"), "/domains/medical/training-status", STATUS),
        (lambda client: client.status("medical", run=3), "/domains/medical/training-status?run=3", STATUS),
        (lambda client: client.status("a/b?c é"), "/domains/a%2Fb%3Fc%20%C3%A9/training-status", STATUS),
        (lambda client: client.run("0b9c"), "/training-runs/0b9c", RUN),
        (lambda client: client.result("0b9c"), "/training-runs/0b9c/result", {"prompts": {}}),
        (lambda client: client.history("medical"), "/domains/medical/training-history", HISTORY),
        (
            lambda client: client.compare("medical", [4, 1]),
            "/domains/medical/training-comparison?run=4&run=1",
            COMPARISON,
        ),
        (
            lambda client: client.compare("medical", ["0b9c", 2]),
            "/domains/medical/training-comparison?run=2&training_run_id=0b9c",
            COMPARISON,
        ),
    ],
)
def test_what_is_asked(
    service: ContractServer, client: Client, ask: Callable[[Client], Any], path: str, told: dict[str, Any]
) -> None:
    service.misbehave.append(answer(told | {"as": "it came"}))
    assert ask(client) == told | {"as": "it came"}
    assert service.requests == [API + path]
    assert service.headers[0]["Authorization"] == f"Bearer {TOKEN}"


def test_an_empty_object_is_an_answer(service: ContractServer, client: Client) -> None:
    service.misbehave.append(answer({}))
    assert client.result("0b9c") == {}


def test_filters_go_with_every_page(service: ContractServer, client: Client) -> None:
    service.misbehave += [page_of_logs(*range(3, 103)), page_of_logs(110)]
    found = seqs(client, run=2, level=("ERROR", "CRITICAL"), search="no & yes", step="x", after_seq=2, before_seq=200)
    assert found == [*range(3, 103), 110]
    same = "level=ERROR&level=CRITICAL&step=x&search=no+%26+yes"
    assert service.requests == [
        f"{API}/domains/medical/training-logs?{same}&after_seq={after}&before_seq=200&order=asc&run=2&page_size=100"
        for after in (2, 102)
    ]


def test_a_search_that_ran_out_of_time_goes_on(service: ContractServer, client: Client) -> None:
    service.misbehave += [page_of_logs(5, searched_to=900), page_of_logs(searched_to=1800), page_of_logs(1900)]
    assert seqs(client, run=1, search="x") == [5, 1900]
    assert [re.findall(r"after_seq=(\d+)", request) for request in service.requests] == [[], ["900"], ["1800"]]


def test_a_full_page_of_a_search_that_ran_out_of_time(service: ContractServer, client: Client) -> None:
    """What lies between the page's last entry and where the search stopped was not told yet."""
    service.misbehave += [page_of_logs(*range(1, 101), searched_to=900), page_of_logs(101, 899, searched_to=900)]
    service.misbehave.append(page_of_logs())
    assert seqs(client, run=1, search="x") == [*range(1, 102), 899]


def test_backwards_it_goes_on_before_what_was_seen(service: ContractServer, client: Client) -> None:
    service.misbehave += [page_of_logs(*range(300, 200, -1)), page_of_logs(150, searched_to=120), page_of_logs()]
    assert seqs(client, run=1, newest_first=True) == [*range(300, 200, -1), 150]
    assert [re.findall(r"before_seq=(\d+)", request) for request in service.requests] == [[], ["201"], ["120"]]


def test_a_domain_never_trained_has_no_entries(service: ContractServer, client: Client) -> None:
    service.misbehave += [say(404, "No training log found.", code="no_training"), page_of_logs()]
    assert seqs(client) == []


@pytest.mark.parametrize("status", [400, 401, 403, 404, 422, 429, 500, 503])
def test_an_error_in_the_service_s_own_words(service: ContractServer, client: Client, status: int) -> None:
    service.misbehave.append(say(status, "This is why.", {"Retry-After": "7"}, code="a_word"))
    with pytest.raises(ServiceError, match=re.escape("This is why.")) as raised:
        client.status("medical")
    error = raised.value
    assert (error.status, error.code, error.detail, error.retry_after_s) == (status, "a_word", "This is why.", 7)


def test_an_error_travels_between_processes() -> None:
    error = pickle.loads(pickle.dumps(ServiceError(503, "a_word", "This is why.", 7.0)))
    assert (error.status, error.code, error.detail, error.retry_after_s) == (503, "a_word", "This is why.", 7.0)
    assert str(error) == "This is why."


@pytest.mark.parametrize(
    ("status", "body", "words"),
    [
        (502, b"<html>", "The service answered 502 Bad Gateway."),
        (599, b"", "The service answered 599."),
        (200, b"<html>", "The answer is not from the service"),
        (200, b"[]", "The answer is not from the service"),
        (200, b"[" * 100_000, "The answer is not from the service"),
        (404, b'{"detail": 3, "code": []}', "The service answered 404 Not Found."),
    ],
)
def test_what_is_not_the_service_s(
    service: ContractServer, client: Client, status: int, body: bytes, words: str
) -> None:
    service.misbehave.append(send(status, body, "text/html"))
    with pytest.raises(ServiceError, match=words) as raised:
        client.status("medical")
    assert (raised.value.status, raised.value.code) == (status, "unknown")


@pytest.mark.parametrize("kind", sorted(like_a_proxy(404)))
@pytest.mark.parametrize("status", [401, 404])
def test_a_proxy_s_refusal_is_an_error_of_no_service(
    service: ContractServer, client: Client, status: int, kind: str
) -> None:
    service.misbehave.append(like_a_proxy(status)[kind])
    with pytest.raises(ServiceError, match=f"The service answered {status}") as raised:
        client.status("medical")
    assert (raised.value.status, raised.value.code, raised.value.is_from_service) == (status, "unknown", False)


ASKED = {
    "status": (lambda client: client.status("medical"), STATUS),
    "run": (lambda client: client.run("0b9c"), RUN),
    "history": (lambda client: client.history("medical"), HISTORY),
    "compare": (lambda client: client.compare("medical", [1, 4]), COMPARISON),
    "domains": (lambda client: list(client.domains()), {"items": [{"name": "a", "latest_run": STATUS}], "total": 1}),
    "runs": (lambda client: list(client.runs("medical")), {"items": [RUN], "total": 1}),
    "logs": (lambda client: list(client.logs("medical", run=1)), {"logs": [{"seq": 1}], "searched_to_seq": None}),
    "logs of the latest run": (lambda client: list(client.logs("medical")), STATUS),
}


def other_shapes(told: Any) -> Iterator[Any]:
    """The same with one thing at a time missing, or of another kind."""
    if isinstance(told, dict):
        for name, value in told.items():
            if told is not STATUS["metrics"]:
                yield {key: kept for key, kept in told.items() if key != name}
            for other in other_shapes(value):
                yield told | {name: other}
            yield told | {name: object_instead(value)}
    elif isinstance(told, list):
        for place, value in enumerate(told):
            for other in other_shapes(value):
                yield [*told[:place], other, *told[place + 1 :]]
            yield [*told[:place], object_instead(value), *told[place + 1 :]]


def object_instead(value: Any) -> Any:
    return [] if isinstance(value, dict) else {}


@pytest.mark.parametrize("what", ASKED)
def test_another_object_than_what_was_asked_for(service: ContractServer, client: Client, what: str) -> None:
    """As a captive portal, or another service, that speaks JSON may answer."""
    ask, told = ASKED[what]
    others = [{}, {"portal": True}, {"status": "maintenance"}, *other_shapes(told)]
    for other in others:
        service.misbehave.append(answer(other))
        with pytest.raises(ServiceError, match="The answer is not from the service") as raised:
            ask(client)
        assert not raised.value.is_from_service, other
    assert len(service.requests) == len(others)


@pytest.mark.parametrize(
    "changed",
    [
        {"estimated_completion": "soon"},
        {"estimated_completion": "99999-01-01T00:00:00Z"},
        {"progress": 27.5},
        {"progress": True},
        {"progress": 10**400},
        {"run_number": None},
        {"metrics": {"f1": float("nan")}},
        {"metrics": {"f1": 10**400}},
        {"elapsed_time_ms": "long"},
        {"steps": None},
    ],
    ids=lambda changed: str(changed)[:40],
)
def test_a_value_that_no_status_has(service: ContractServer, client: Client, changed: dict[str, Any]) -> None:
    service.misbehave.append(answer(STATUS | changed))
    with pytest.raises(ServiceError, match="The answer is not from the service"):
        client.status("medical")


def test_a_redirect_is_not_followed(service: ContractServer, client: Client) -> None:
    """The token goes nowhere but to the address it was given for."""
    with ContractServer(TOKEN) as elsewhere:
        service.misbehave.append(send(302, b"", "text/plain", {"Location": elsewhere.url + "/api"}))
        with pytest.raises(ServiceError, match="302, a redirect, which is not followed"):
            client.status("medical")
        assert elsewhere.requests == []


def test_nobody_answers() -> None:
    with socket.socket() as taken:  # bound, but nobody listens
        taken.bind(("127.0.0.1", 0))
        client = Client(f"http://127.0.0.1:{taken.getsockname()[1]}", token=TOKEN)
        with pytest.raises(UnreachableError, match="refused"):
            client.status("medical")


def test_an_answer_that_is_cut_off(service: ContractServer, client: Client) -> None:
    def cut_off(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Content-Length", "100")
        handler.end_headers()
        handler.wfile.write(b'{"a": 1}')
        handler.close_connection = True
        return True

    service.misbehave.append(cut_off)
    with pytest.raises(UnreachableError, match="cut off"):
        client.status("medical")


def test_an_answer_that_ends_with_its_connection(service: ContractServer, client: Client) -> None:
    def without_length(handler: Handler) -> bool:
        handler.send_response(200)
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(b'{"a": 1}')
        return True

    service.misbehave += [without_length, answer({"b": 2})]
    assert client.result("0b9c") == {"a": 1}
    assert client.result("0b9c") == {"b": 2}


def test_the_settings_of_the_tracker(service: ContractServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEGIS_URL", service.url + "/below/")
    monkeypatch.setenv("AEGIS_TOKEN", "aegis_from_outside")
    service.misbehave.append(answer(STATUS))
    with Client() as client:
        client.status("medical")
    assert service.requests == [f"/below{API}/domains/medical/training-status"]
    assert service.headers[0]["Authorization"] == "Bearer aegis_from_outside"


def test_without_a_token_none_is_sent(service: ContractServer) -> None:
    service.misbehave.append(answer(STATUS))
    with Client(service.url) as client:
        client.status("medical")
    assert "Authorization" not in service.headers[0]


@pytest.mark.parametrize("arguments", [{"url": "ftp://x"}, {"url": "x"}, {"token": "two\nlines"}, {"token": "é"}])
def test_what_cannot_be_used(arguments: dict[str, str]) -> None:
    with pytest.raises(SettingsError):
        Client(**arguments)


WILD = "\x1b[31mHELLO\x1b[2J\x07 \u202eolleh" + "x" * 60_000


@pytest.mark.parametrize(
    "reply",
    [
        raw(WILD.encode() + b"\r\n\r\n"),
        raw(b"HTTP/" + WILD.encode() + b"\r\n\r\n"),
        raw(b"HTTP/1.1 " + WILD.encode() + b"\r\n\r\n"),
        say(500, WILD),
        say(500, "why", code=WILD),
        say(503, "why", title=WILD),
        send(302, b"", "text/html", {"Location": "/" + WILD.encode().decode("latin-1")}),
    ],
)
def test_what_the_other_side_says_is_shown_as_one_short_line(
    service: ContractServer, client: Client, reply: Callable[[Handler], bool]
) -> None:
    service.misbehave.append(reply)
    with pytest.raises((ServiceError, UnreachableError)) as raised:
        client.status("medical")
    told = [str(raised.value), *map(str, raised.value.args), *traceback.format_exception_only(raised.value)]
    told += traceback.format_exception(raised.value.__cause__) if raised.value.__cause__ else []
    assert not [text for text in told if len(text) > 1200 or not text.rstrip("\n").isprintable()]
    assert isinstance(raised.value, ServiceError) or raised.value.__suppress_context__
