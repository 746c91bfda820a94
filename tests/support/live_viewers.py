"""Viewers of a service's streams, by Server-Sent Events and by WebSocket, with one face.

Both read in the background and hold every envelope that they get to the shape of the contract.
"""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple
from urllib.parse import urlsplit, urlunsplit

import httpx
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from tests.support.answers import parse_time
from tests.support.event_stream import EventStreamParser
from tests.support.plain_http import NO_CERTIFICATES
from tests.support.runs import PHASES

LIMIT_S = 30.0
ENVELOPE = {
    "event_type": (str,),
    "timestamp": (str,),
    "training_run_id": (str,),
    "domain": (str,),
    "progress_percent": (int, float),
    "phase": (str,),
    "message": (str,),
    "data": (dict,),
}
STATUS_TYPES = {"started", "phase_changed", "progress_update", "completed", "failed"}
ENDS = {"completed", "failed"}
CANDIDATE = {"candidate", "number", "origin", "parents", "omitted", "has_program", "at", "phase"}
EVALUATION = {"number", "candidate", "metric", "score", "split", "example_count", "error_count", "duration_ms"} | {
    "at",
    "phase",
}
LOG_ENTRY = {"timestamp", "level", "message", "step", "metrics", "seq"}


class Told(NamedTuple):
    """An envelope as a viewer got it; `id` is None where there is none (on a WebSocket always)."""

    envelope: dict[str, Any]
    id: str | None = None

    @property
    def type(self) -> str:
        return self.envelope["event_type"]  # type: ignore[no-any-return]

    @property
    def run_id(self) -> str:
        return self.envelope["training_run_id"]  # type: ignore[no-any-return]

    @property
    def seq(self) -> int | None:
        """The number of the log entry; None for anything else."""
        return self.envelope["data"]["seq"] if self.type == "log" else None

    @property
    def status(self) -> dict[str, Any]:
        return self.envelope["data"]["status"]  # type: ignore[no-any-return]

    @property
    def is_end(self) -> bool:
        return self.type in ENDS


def told(text: str, message_id: str | None = None) -> Told:
    """The envelope, after checking that it is one."""
    envelope = json.loads(text)
    assert envelope.keys() == ENVELOPE.keys(), envelope
    for name, types in ENVELOPE.items():
        assert type(envelope[name]) in types, (name, envelope)
    parse_time(envelope["timestamp"])
    assert 0 <= envelope["progress_percent"] <= 100, envelope
    assert envelope["phase"] in PHASES, envelope
    kind, data = envelope["event_type"], envelope["data"]
    if kind == "log":
        assert (data.keys(), data["message"]) == (LOG_ENTRY, envelope["message"]), envelope
    elif kind == "gap":
        assert data.keys() == {"first_seq"}, envelope
    elif kind == "candidate":
        assert data.keys() == CANDIDATE, envelope
    elif kind == "evaluation":
        assert data.keys() == EVALUATION, envelope
    else:
        assert kind in STATUS_TYPES, envelope
        assert data.keys() == {"status"}, envelope
        assert data["status"]["training_run_id"] == envelope["training_run_id"], envelope
        assert data["status"]["domain_name"] == envelope["domain"], envelope
    return Told(envelope, message_id)


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """The event loop, in a thread of its own, in which all viewers read."""
    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    return loop


@cache
def _http() -> httpx.AsyncClient:
    unlimited = httpx.Limits(max_connections=None, max_keepalive_connections=0)
    return httpx.AsyncClient(
        timeout=httpx.Timeout(LIMIT_S, read=None), limits=unlimited, trust_env=False, verify=NO_CERTIFICATES
    )


class Viewer:
    """Opened when made: `answer` is then what the service said to the request.

    `told` grows while the stream is open. `is_over` when it has ended, by whomever; `was_cut` when it ended in the
    middle of what HTTP or WebSocket promised. Raises httpx.TransportError when the service cannot be reached.
    """

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.url, self._headers = url, headers
        self.told: list[Told] = []
        self._answer: httpx.Response | None = None
        self.is_over = False
        self.was_cut = False
        self._news = threading.Condition()
        self._unwound = threading.Event()
        self._reading = asyncio.run_coroutine_threadsafe(self._run(), _loop())
        self._reading.add_done_callback(lambda _: self._change(is_over=True))
        self.await_that(lambda: self._answer is not None)

    @property
    def answer(self) -> httpx.Response:
        assert self._answer is not None
        return self._answer

    @property
    def story(self) -> list[str | int]:
        """What was told, in order: log entries by their number, everything else by its type."""
        return story(self.told)

    @property
    def seqs(self) -> list[int]:
        return [one.seq for one in self.told if one.seq is not None]

    def story_of(self, run_id: str) -> list[str | int]:
        return story([one for one in self.told if one.run_id == run_id])

    def await_told(self, wanted: Callable[[Told], Any], limit_s: float = LIMIT_S) -> Told:
        """The first envelope told so far or from now on that is `wanted`."""
        looked_at = 0

        def look() -> Told | None:
            nonlocal looked_at
            while looked_at < len(self.told):
                looked_at += 1
                if wanted(self.told[looked_at - 1]):
                    return self.told[looked_at - 1]
            return None

        return self.await_that(look, limit_s)  # type: ignore[no-any-return]

    def await_type(self, kind: str, limit_s: float = LIMIT_S) -> Told:
        return self.await_told(lambda one: one.type == kind, limit_s)

    def await_seq(self, seq: int, run_id: str | None = None, limit_s: float = LIMIT_S) -> Told:
        return self.await_told(lambda one: one.seq == seq and run_id in (None, one.run_id), limit_s)

    def await_story(self, *expected: str | int) -> None:
        """The viewer is told exactly this first; whatever follows is not looked at."""
        self.await_that(lambda: len(self.told) >= len(expected) or self.is_over)
        assert self.story[: len(expected)] == list(expected)

    def await_count(self, count: int) -> None:
        """The viewer is told at least so many envelopes."""
        self.await_that(lambda: len(self.told) >= count)

    def await_over(self, limit_s: float = LIMIT_S) -> None:
        """The service ends the stream, as HTTP or WebSocket want it."""
        self.await_that(lambda: self.is_over, limit_s)
        self._reading.result()
        assert not self.was_cut

    def await_that(self, look: Callable[[], Any], limit_s: float = LIMIT_S) -> Any:
        """The first true answer of `look`, which is asked again at all that happens."""
        deadline = time.monotonic() + limit_s
        with self._news:
            while not (seen := look()):
                if self._reading.done() and not self._reading.cancelled():
                    self._reading.result()
                assert not self.is_over, f"the stream is over; told: {self.story[-20:]}"
                left_s = deadline - time.monotonic()
                assert left_s > 0, f"not within {limit_s} s; told: {self.story[-20:]}"
                self._news.wait(left_s)
        return seen

    def close(self) -> None:
        """Leave, as a closed browser does. Raises what was wrong with what came."""
        self._reading.cancel()
        assert self._unwound.wait(LIMIT_S)
        if not self._reading.cancelled():
            self._reading.result()

    async def _run(self) -> None:
        try:
            await self._read()
        finally:
            self._unwound.set()

    async def _read(self) -> None:
        raise NotImplementedError

    def _change(self, **changes: Any) -> None:
        with self._news:
            for name, value in changes.items():
                setattr(self, name, value)
            self._news.notify_all()

    def _tell(self, news: list[Told]) -> None:
        with self._news:
            self.told += news
            self._news.notify_all()


class SseViewer(Viewer):
    """Reads Server-Sent Events. `stream` has the raw bytes and the comments."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self.stream = EventStreamParser()
        super().__init__(url, {"Accept": "text/event-stream", **headers})

    async def _read(self) -> None:
        async with _http().stream("GET", self.url, headers=self._headers) as response:
            if response.status_code != 200:
                await response.aread()
                self._change(_answer=response)
                return
            self._change(_answer=response)
            try:
                async for chunk in response.aiter_raw():
                    messages = self.stream.feed(chunk)
                    self._tell([told(message.data, message.id) for message in messages])
                assert self.stream.is_between_messages, bytes(self.stream.raw[-500:])
            except httpx.TransportError:
                self._change(was_cut=True)


class WebSocketViewer(Viewer):
    """Reads a WebSocket. `close_code` is the one that the service closed with."""

    close_code: int | None = None

    def send(self, message: str | bytes) -> None:
        """Say something to the service."""
        asyncio.run_coroutine_threadsafe(self._connection.send(message), _loop()).result(LIMIT_S)

    async def _read(self) -> None:
        address = urlsplit(self.url)
        called = self._headers.pop("Host", address.netloc)  # what a page would have called the service
        try:
            connection = await connect(
                urlunsplit(address._replace(netloc=called)),
                host=address.hostname,
                port=address.port,
                additional_headers=self._headers,
                proxy=None,
                open_timeout=LIMIT_S,
                close_timeout=5,
                ping_interval=None,
                max_size=None,
            )
        except InvalidStatus as denied:
            response = denied.response
            headers = list(response.headers.raw_items())
            self._change(_answer=httpx.Response(response.status_code, headers=headers, content=bytes(response.body)))
            return
        except (OSError, InvalidHandshake) as error:
            raise httpx.ConnectError(str(error)) from error
        async with connection:
            self._connection = connection
            self._change(_answer=httpx.Response(101))
            try:
                while True:
                    text = await connection.recv()
                    assert isinstance(text, str), "an envelope is a text message"
                    self._tell([told(text)])
            except ConnectionClosed:
                code = connection.close_code
                self._change(close_code=code, was_cut=code in (None, 1006))


def story(all_told: list[Told]) -> list[str | int]:
    return [one.type if one.seq is None else one.seq for one in all_told]


def lasting(status: dict[str, Any]) -> dict[str, Any]:
    """A status without what changes with every look at the clock."""
    return {
        name: value
        for name, value in status.items()
        if name not in ("elapsed_time_ms", "estimated_completion", "forecast")
    }
