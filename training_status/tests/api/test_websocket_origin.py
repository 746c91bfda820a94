"""Which pages may open a WebSocket, and what they may bring."""

import asyncio
from typing import Any

import pytest

from training_status.api.websocket_origin import CheckedOrigin

EXTENSIONS = {"websocket.http.response": {}}


def opened(**headers: str) -> tuple[list[Any], list[Any]]:
    """The headers that reach the application, if it is reached, and what is sent otherwise."""
    reached: list[Any] = []
    sent: list[Any] = []

    async def application(scope: Any, receive: Any, send: Any) -> None:
        reached.append(dict(scope["headers"]))

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    async def send(message: Any) -> None:
        sent.append(message)

    raw = [(name.encode(), value.encode()) for name, value in headers.items()]
    asyncio.run(CheckedOrigin(application)({"headers": raw, "extensions": EXTENSIONS}, receive, send))
    return reached, sent


@pytest.fixture(autouse=True)
def allowed(settings):
    settings.CORS_ALLOWED_ORIGINS = ["https://pages.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://aegis.example", "https://*.inner.example:8443"]


@pytest.mark.parametrize(
    "origin",
    ["http://127.0.0.1:8000", "https://aegis.example", "https://a.inner.example:8443"],
)
def test_our_own_pages_may_and_bring_the_session(origin):
    reached, sent = opened(host="127.0.0.1:8000", origin=origin, cookie="sessionid=x")
    assert reached[0][b"cookie"] == b"sessionid=x"
    assert sent == []


def test_programs_say_no_origin():
    reached, _ = opened(host="127.0.0.1:8000", authorization="Bearer x")
    assert reached[0][b"authorization"] == b"Bearer x"


def test_an_allowed_foreign_page_brings_no_session():
    reached, _ = opened(host="127.0.0.1:8000", origin="https://pages.example", cookie="sessionid=x")
    assert b"cookie" not in reached[0]


@pytest.mark.parametrize(
    "origin",
    [
        "http://127.0.0.1:9000",  # the cookies of a host are those of all its ports
        "http://pages.example",
        "https://inner.example.evil:8443",
        "http://a.inner.example:8443",
        "null",
        "http://[::1",
    ],
)
def test_others_are_refused_with_a_sentence(origin):
    reached, sent = opened(host="127.0.0.1:8000", origin=origin)
    assert reached == []
    assert [message["type"] for message in sent] == ["websocket.http.response.start", "websocket.http.response.body"]
    assert sent[0]["status"] == 403
    assert b"may not open a WebSocket here" in sent[1]["body"]
