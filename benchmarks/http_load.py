"""Load over keep-alive connections, cheap enough not to be what is measured.

Each connection sends its next request when the answer to the last has arrived whole. Nothing but right
answers counts: the first other one, or a lost connection, ends the benchmark.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import httptools
import uvloop

WARM_UP_S = 0.15
ANSWER_LIMIT_S = 30.0


class Caller(Protocol):
    """What one connection asks for."""

    def request(self) -> bytes:
        """The next request, as it is sent."""

    def is_right(self, body: bytes) -> bool:
        """Whether this is the answer to it; called once for each answer with the status 200."""


@dataclass(frozen=True, slots=True)
class Sample:
    """The right answers of each measured second, and all that were given, those of the warm-up too."""

    per_second: float
    answers: int


@dataclass(slots=True)
class _Count:
    answers: int = 0
    running: bool = True


class _Connection(asyncio.Protocol):
    def __init__(self, caller: Caller, count: _Count) -> None:
        self.caller, self.count = caller, count
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.body = b""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self.parser = httptools.HttpResponseParser(self)
        transport.write(self.caller.request())

    def data_received(self, data: bytes) -> None:
        self.parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body += body

    def on_message_complete(self) -> None:
        body, self.body = self.body, b""
        status = self.parser.get_status_code()
        if status != 200 or not self.caller.is_right(body):
            self._end(RuntimeError(f"A wrong answer, {status}: {body[:500]!r}"))
            return
        self.count.answers += 1
        if self.count.running:
            self.transport.write(self.caller.request())
        else:
            self._end(None)

    def connection_lost(self, error: Exception | None) -> None:
        self._end(error or ConnectionError("The server has closed a connection."))

    def _end(self, error: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_exception(error) if error else self.ended.set_result(None)
        self.transport.close()


def sample(port: int, callers: Sequence[Caller], seconds: float) -> Sample:
    """Load the server for so long, over one connection for each caller."""
    return uvloop.run(_sample(port, callers, seconds))


async def _sample(port: int, callers: Sequence[Caller], seconds: float) -> Sample:
    loop = asyncio.get_running_loop()
    count = _Count()
    ends = []
    for caller in callers:
        _, connection = await loop.create_connection(
            lambda caller=caller: _Connection(caller, count), "127.0.0.1", port
        )
        ends.append(connection.ended)
    await _time_passes(WARM_UP_S, ends)
    begun, before = loop.time(), count.answers
    await _time_passes(seconds, ends)
    per_second = (count.answers - before) / (loop.time() - begun)
    count.running = False
    async with asyncio.timeout(ANSWER_LIMIT_S):
        await asyncio.gather(*ends)
    return Sample(per_second, count.answers)


async def _time_passes(seconds: float, ends: Sequence[asyncio.Future[None]]) -> None:
    """Raise what has ended a connection meanwhile."""
    ended, _ = await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for end in ended:
        end.result()
