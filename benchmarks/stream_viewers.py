"""Thousands of viewers in one process, cheap enough not to be what is measured.

A viewer is a bare protocol that notes when which of the benchmark's log entries has arrived.
"""

import asyncio
import gc
import re
import time
from array import array
from collections.abc import Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import uvloop
from worker import next_question

OPENING_AT_ONCE = 32
OPEN_LIMIT_S = 60.0

_OUR_ENTRY = re.compile(rb'"event_type":"log".{1,400}?"message":"entry ([0-9]+)"', re.DOTALL)
_OPENED = (b"HTTP/1.1 200 ", b"HTTP/1.1 101 ")
_PING, _PONG = 0x89, b"\x8a"


class Receipts(NamedTuple):
    """Which entry has arrived when, by CLOCK_MONOTONIC: the same clock in all processes of a machine."""

    entries: "array[int]"
    at_ns: "array[int]"


def server_sent_events(domain: str, token: str) -> bytes:
    """The request of a viewer of the domain."""
    path = f"/api/v1/admin/domains/{domain}/training-stream"
    return f"GET {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


def websocket(domain: str, token: str) -> bytes:
    """The same by WebSocket."""
    return (
        f"GET /ws/domains/{domain}/training HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n"
        "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: MDEyMzQ1Njc4OTAxMjM0NQ==\r\n\r\n"
    ).encode()


class _Viewer(asyncio.Protocol):
    __slots__ = ("_begun", "_receipts", "_request", "_rest", "_transport", "told")

    def __init__(self, request: bytes, receipts: Receipts) -> None:
        self._request, self._receipts = request, receipts
        self._begun, self._rest = False, b""
        self.told: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        if not self.told.done():
            self._begin(data)
        if data[0] == _PING:
            self._transport.write(_PONG + bytes([0x80 | data[1]]) + bytes(4) + data[2 : 2 + data[1]])
        if self._rest:
            data = self._rest + data
        end = 0
        for entry in _OUR_ENTRY.finditer(data):
            self._receipts.entries.append(int(entry[1]))
            self._receipts.at_ns.append(now)
            end = entry.end()
        self._rest = b"" if data.endswith((b"\n", b"}")) else data[end:]

    def connection_lost(self, error: Exception | None) -> None:
        if not self.told.done():
            self.told.set_exception(error or ConnectionError("A viewer was not let in, or was let go."))

    def close(self) -> None:
        self._transport.close()

    @property
    def is_there(self) -> bool:
        return self.told.done() and not self._transport.is_closing()

    def _begin(self, data: bytes) -> None:
        if not self._begun and not data.startswith(_OPENED):
            self.told.set_exception(RuntimeError(f"A viewer was refused: {data[:500]!r}"))
        self._begun = True
        if b'"event_type"' in data and not self.told.done():
            self.told.set_result(None)


class Viewers:
    """What the process is asked for."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._viewers: list[_Viewer] = []
        self._receipts = Receipts(array("q"), array("q"))

    async def open(self, requests: Sequence[bytes]) -> None:
        """Return when every viewer has been told the status."""
        doors = asyncio.Semaphore(OPENING_AT_ONCE)
        await asyncio.gather(*(self._open(request, doors) for request in requests))

    async def receipts(self, expected: int, limit_s: float) -> Receipts:
        """What has arrived since the last call: so many, or as many as there are when the time is up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while len(self._receipts.entries) < expected:
                    await asyncio.sleep(0.02)
        receipts = Receipts(self._receipts.entries[:], self._receipts.at_ns[:])
        del self._receipts.entries[:], self._receipts.at_ns[:]
        if not all(viewer.is_there for viewer in self._viewers):
            raise ConnectionError("A viewer was let go.")
        return receipts

    async def close(self) -> None:
        """Have all of them leave."""
        for viewer in self._viewers:
            viewer.close()
        self._viewers.clear()

    async def _open(self, request: bytes, doors: asyncio.Semaphore) -> None:
        async with doors, asyncio.timeout(OPEN_LIMIT_S):
            loop = asyncio.get_running_loop()
            _, viewer = await loop.create_connection(lambda: _Viewer(request, self._receipts), "127.0.0.1", self._port)
            self._viewers.append(viewer)
            await viewer.told


def view(connection: Connection, port: int) -> None:
    """The process's work."""
    gc.disable()  # so that what is late was not told earlier
    uvloop.run(_view(connection, Viewers(port)))


async def _view(connection: Connection, viewers: Viewers) -> None:
    while (question := await asyncio.to_thread(next_question, connection)) is not None:
        method, arguments = question
        try:
            connection.send(await getattr(viewers, method)(*arguments))
        except Exception as error:  # noqa: BLE001  (sent to the asking process, which raises it)
            connection.send(error)
